// What path patterns and regular expressions took out of a request's path, by the number of its
// name; and the memory that regular expressions run in. One a loop, used again for each request; what
// was captured is borrowed from the request and good as long as that. Hot, one thread.

import Model

/// Owner of the slots.
@safe
struct CaptureMemory: ~Copyable {
    /// Of the names, then of the groups of a regular expression, 0 being the whole match.
    private static var slotCount: Int { PathPattern.namesMax + RegularExpression.groupsMax + 1 }

    /// Behind the slots stand the cells of `regex`.
    private let slots: UnsafeMutablePointer<Bytes>
    private let regex: NumberMemory

    /// - Parameter regexCells: what the largest regular expression needs.
    init(regexCells: Int = 0) {
        regex = NumberMemory(cells: regexCells)
        // SAFETY: freed by deinit only; `~Copyable` makes this value the one owner. The cells fit
        // into a slot, see `Captures.regex`.
        unsafe slots = UnsafeMutablePointer<Bytes>.allocate(capacity: Self.slotCount + 1)
        unsafe slots.initialize(repeating: .empty, count: Self.slotCount)
        unsafe UnsafeMutableRawPointer(slots + Self.slotCount)
            .initializeMemory(as: NumberCells.self, to: regex.cells)
    }

    deinit {
        // SAFETY: allocated by init, and nobody else frees it.
        unsafe slots.deallocate()
    }

    /// Nothing captured yet.
    var empty: Captures {
        // SAFETY: the memory lives as long as the loop, and captures are used within one event.
        unsafe Captures(slots: slots)
    }
}

/// The captures of one request. A copy has the same memory, but only what it has noted itself.
@safe
struct Captures: BitwiseCopyable {
    private let slots: UnsafeMutablePointer<Bytes>?
    /// Bit n: slot n is of this request.
    private var noted: UInt64 = 0

    /// Can note nothing.
    init() {
        unsafe slots = nil
    }

    @unsafe
    fileprivate init(slots: UnsafeMutablePointer<Bytes>) {
        unsafe self.slots = slots
    }

    /// No bytes for what was not captured.
    subscript(_ number: Int) -> Bytes {
        guard number >= 0, number < PathPattern.namesMax, noted & 1 << UInt64(number) != 0,
            let slots = unsafe slots
        else { return .empty }
        // SAFETY: the number lies within the memory.
        return unsafe slots[number]
    }

    /// A negative number is a name that nobody asks for.
    mutating func note(_ value: Bytes, as number: Int) {
        guard number >= 0, number < PathPattern.namesMax, let slots = unsafe slots else { return }
        // SAFETY: the number lies within the memory.
        unsafe slots[number] = value
        noted |= 1 << UInt64(number)
    }

    /// Where regular expressions run. Only asked where there are some; without memory their answer
    /// would be a guess.
    var regex: NumberCells {
        guard let slots = unsafe slots else {
            preconditionFailure("a regular expression needs the memory of its loop")
        }
        // SAFETY: the owner put them behind the slots, at the alignment of a slot.
        return unsafe UnsafeRawPointer(
            slots + PathPattern.namesMax + RegularExpression.groupsMax + 1
        )
        .load(as: NumberCells.self)
    }

    /// What a group of the expression that ran last took, for the text that is written in its place.
    func group(_ number: Int) -> Bytes {
        guard number >= 0, number <= RegularExpression.groupsMax, let slots = unsafe slots else {
            return .empty
        }
        // SAFETY: the number lies within the memory, behind the names.
        return unsafe slots[PathPattern.namesMax + number]
    }

    /// For `group`; a copy sees it as well.
    func setGroup(_ number: Int, _ value: Bytes) {
        guard number >= 0, number <= RegularExpression.groupsMax, let slots = unsafe slots else {
            return
        }
        // SAFETY: as above.
        unsafe slots[PathPattern.namesMax + number] = value
    }
}
