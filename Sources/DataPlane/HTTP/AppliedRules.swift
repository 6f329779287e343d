// The header rules that apply to one exchange in one direction. As a rule they were merged when the
// configuration was compiled (the frontend's and the route's); only where filters took the request
// on its way they are looked at level by level. Hot; read-only.

/// Which filters of a frontend took a request.
struct FilterSet: BitwiseCopyable {
    /// Filters are numbered 1…63; bit 0 stands for the frontend's own rules, which come first.
    fileprivate var bits: UInt64 = 0

    static var numberMax: Int { 63 }

    var isEmpty: Bool { @inline(__always) get { bits == 0 } }

    mutating func insert(_ number: Int) {
        precondition(number >= 1 && number <= Self.numberMax, "no such filter")
        bits |= 1 | 1 << UInt64(number)
    }
}

/// Levels in the order in which they apply: the frontend, the filters, the route that decided.
struct AppliedRules: BitwiseCopyable {
    /// The frontend's and the filters' by number; nil without a filter.
    private let levels: Run<RulesByStatus>?
    /// Of the response; 0 for the rules of a request.
    private let status: Int
    private let filters: FilterSet
    /// Merged with the frontend's where no filter stands between.
    private let last: CompiledRules

    @inline(__always)
    init(_ rules: CompiledRules) {
        levels = nil
        status = 0
        filters = FilterSet()
        last = rules
    }

    init(
        _ levels: Run<RulesByStatus>, _ filters: FilterSet, status: Int = 0, last: CompiledRules
    ) {
        self.levels = levels
        self.status = status
        self.filters = filters
        self.last = last
    }

    /// Whether nothing is written, so that nobody needs to know what could be.
    var writesNothing: Bool {
        @inline(__always) get { filters.isEmpty && last.saysNothing }
    }

    /// Whether all fields are carried over as they came.
    var touchesNothing: Bool {
        @inline(__always) get { filters.isEmpty && last.touchesNothing }
    }

    @inline(__always)
    func drops(_ name: Bytes) -> Bool { fate(of: name) == .goes }

    /// What becomes of a field of that name which came with the message.
    @inline(__always)
    func fate(of name: Bytes) -> FieldFate {
        let fate = last.fate(of: name)
        return filters.isEmpty || fate == .goes ? fate : fateWithFilters(name, fate)
    }

    /// Changes the value of such a field, which was written from `start` on, by the rules of each
    /// level in turn.
    func replace(
        _ name: Bytes, _ facts: ExchangeFacts, from start: Int, in writer: inout ByteWriter
    ) {
        if let levels {
            var rest = filters.bits
            while rest != 0 {
                levels[rest.trailingZeroBitCount].rules(for: status)
                    .replace(name, facts, from: start, in: &writer)
                rest &= rest &- 1
            }
        }
        last.replace(name, facts, from: start, in: &writer)
    }

    private func fateWithFilters(_ name: Bytes, _ own: FieldFate) -> FieldFate {
        guard let levels else { return own }
        var fate = own
        var rest = filters.bits
        while rest != 0 {
            switch levels[rest.trailingZeroBitCount].rules(for: status).fate(of: name) {
            case .stays: break
            case .goes: return .goes
            case .changes: fate = .changes
            }
            rest &= rest &- 1
        }
        return fate
    }

    /// Writes the fields of the rules, each with its CRLF.
    @inline(__always)
    func write(_ facts: ExchangeFacts, to writer: inout ByteWriter) {
        if !filters.isEmpty { writeFilters(facts, &writer) }
        last.write(facts, to: &writer)
    }

    /// Whether a level behind this one, the last left aside, takes fields of that name away.
    private func isDropped(_ name: Bytes, behind level: Int) -> Bool {
        guard let levels else { return false }
        var rest = filters.bits & ~Self.mask(through: level)
        while rest != 0 {
            let rules = levels[rest.trailingZeroBitCount].rules(for: status)
            if rules.fate(of: name) == .goes { return true }
            rest &= rest &- 1
        }
        return false
    }

    private func writeFilters(_ facts: ExchangeFacts, _ writer: inout ByteWriter) {
        guard let levels else { return }
        var rest = filters.bits
        while rest != 0 {
            let level = rest.trailingZeroBitCount
            let written = levels[level].rules(for: status).written
            var index = 0
            while index < written.count {
                let field = written[index]
                index &+= 1
                if last.fate(of: field.name) == .goes || isDropped(field.name, behind: level) {
                    continue
                }
                field.write(facts, to: &writer)
            }
            rest &= rest &- 1
        }
    }

    /// The bits 0…level; none for -1.
    private static func mask(through level: Int) -> UInt64 {
        level < 0 ? 0 : UInt64.max >> UInt64(63 &- level)
    }
}
