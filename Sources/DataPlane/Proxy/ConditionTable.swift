// Conditions, the named matches of a configuration, each looked at once for a request at most. Hot;
// the table is read-only and shared by all loops, the memory is a request's.

import Model

/// Good for as long as the arena it was compiled into.
struct ConditionTable: BitwiseCopyable {
    private let matches: Run<CompiledMatch>
    init(_ conditions: [Condition], arena: ConfigurationArena, names: RuleNames) {
        let numbers = Self.numbers(conditions)
        matches = arena.run(
            conditions.prefix(Configuration.conditionsMax).map {
                CompiledMatch(
                    $0.match, arena: arena, names: names.withoutCaptures, conditions: numbers)
            })
    }

    /// By name.
    static func numbers(_ conditions: [Condition]) -> [String: Int] {
        Dictionary(
            conditions.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The depth is that of the conditions, which do not lead back to themselves.
    func holds(
        _ number: Int, _ facts: inout ExchangeFacts, _ memory: inout ConditionMemory
    ) -> Bool {
        guard number >= 0, number < matches.count else { return false }
        if let known = memory[number] { return known }
        let holds = matches[number].takes(&facts, self, &memory)
        memory[number] = holds
        return holds
    }
}

/// What is known of the conditions for one request; forgotten when the request is rewritten. And what
/// its loop knows of the backends.
struct ConditionMemory: BitwiseCopyable {
    private var known = InlineArray<4, UInt64>(repeating: 0)
    private var holding = InlineArray<4, UInt64>(repeating: 0)
    private var isEmpty = true
    /// The loop's own, by place; nil: none.
    private let backends: Run<Ref<UpstreamBackend>>?
    /// When the loop's present round began.
    private var round: Int64 = 0

    init(backends: Run<Ref<UpstreamBackend>>? = nil) {
        self.backends = backends
    }

    /// How many servers of that backend take traffic; -1: there is no such backend.
    func serversUp(_ backend: Int) -> Int {
        self.backend(backend)?[].openCount ?? -1
    }

    /// Whether the limits of that backend's servers allow so many exchanges more, just now.
    func hasFreeConnections(_ backend: Int, _ least: Int) -> Bool {
        self.backend(backend)?[].hasFreeConnections(least, round: round) ?? false
    }

    private func backend(_ place: Int) -> Ref<UpstreamBackend>? {
        guard let backends, place >= 0, place < backends.count else { return nil }
        return backends[place]
    }

    /// A request begins, or is another one now.
    @inline(__always)
    mutating func forget() {
        if isEmpty { return }
        let round = round
        self = ConditionMemory(backends: backends)
        self.round = round
    }

    @inline(__always)
    mutating func begin(round: Int64) {
        forget()
        self.round = round
    }

    /// 0…255. Nil: not looked at yet.
    subscript(_ number: Int) -> Bool? {
        get {
            let (word, bit) = (number / 64, UInt64(1) << UInt64(number % 64))
            return known[word] & bit == 0 ? nil : holding[word] & bit != 0
        }
        set {
            guard let newValue else { return }
            let (word, bit) = (number / 64, UInt64(1) << UInt64(number % 64))
            isEmpty = false
            known[word] |= bit
            if newValue { holding[word] |= bit }
        }
    }
}
