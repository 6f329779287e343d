// What path patterns took out of a request's path, by the number of its name. One memory a loop,
// used again for each request; what was captured is borrowed from the request's path and good as
// long as that. Hot, one thread.

import Model

/// Owner of the slots.
@safe
struct CaptureMemory: ~Copyable {
    private let slots: UnsafeMutablePointer<Bytes>

    init() {
        // SAFETY: freed by deinit only; `~Copyable` makes this value the one owner.
        unsafe slots = UnsafeMutablePointer<Bytes>.allocate(capacity: PathPattern.namesMax)
        unsafe slots.initialize(repeating: .empty, count: PathPattern.namesMax)
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
}
