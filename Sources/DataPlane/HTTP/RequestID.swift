// Ids of exchanges. Unique by chance: 128 bits of a generator seeded by the kernel's random source.
// Not a secret. One generator per loop; no allocation.

/// 128 bits, written as 32 lower-case hexadecimal digits.
struct RequestID: BitwiseCopyable, Equatable {
    var high: UInt64 = 0
    var low: UInt64 = 0

    @inline(__always)
    func write(to writer: inout ByteWriter) {
        writer.append(hex: high)
        writer.append(hex: low)
    }
}

/// xoshiro256** (Blackman and Vigna, 2018).
struct RequestIDGenerator {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    /// Four words of getrandom(2); all zero would be a fixed point and is replaced.
    init(seed: (UInt64, UInt64, UInt64, UInt64)) {
        state = seed
        if seed.0 | seed.1 | seed.2 | seed.3 == 0 { state.0 = 0x9E37_79B9_7F4A_7C15 }
    }

    @inline(__always)
    mutating func next() -> RequestID {
        RequestID(high: nextWord(), low: nextWord())
    }

    @inline(__always)
    mutating func nextWord() -> UInt64 {
        let product = state.1 &* 5
        let result = (product << 7 | product >> 57) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = state.3 << 45 | state.3 >> 19
        return result
    }
}
