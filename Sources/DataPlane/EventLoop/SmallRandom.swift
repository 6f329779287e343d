// Numbers that need not be secret: where a balancing cycle begins, when an idle connection is
// closed. Pure; one thread.

/// SplitMix64: every seed is good, and one of its numbers costs three multiplications.
struct SmallRandom {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    /// Evenly from `0..<bound`; 0 for a bound of 0 or less.
    mutating func next(below bound: Int64) -> Int64 {
        guard bound > 0 else { return 0 }
        return Int64(next().multipliedFullWidth(by: UInt64(bound)).high)
    }
}
