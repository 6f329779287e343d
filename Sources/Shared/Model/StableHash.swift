// A hash that is the same in every process, generation and machine, which Swift's own is not. It
// tells one thing from another where nobody gains by making two alike; it is no secret. Hot.

/// FNV-1a, 64 bits, byte by byte.
@frozen
public struct StableHash: Sendable {
    public var value: UInt64

    /// - Parameter seed: hashes of different seeds have nothing to do with each other once mixed.
    @inlinable
    public init(seed: UInt64 = 0) {
        value = 0xCBF2_9CE4_8422_2325 ^ seed
    }

    /// Of a text's UTF-8.
    public init(of text: String) {
        self.init()
        for byte in text.utf8 { add(byte) }
    }

    @inlinable @inline(__always)
    public mutating func add(_ byte: UInt8) {
        value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }

    /// A bijection that lets every bit change every other (SplitMix64's finisher).
    @inlinable @inline(__always)
    public static func mix(_ value: UInt64) -> UInt64 {
        var word = value
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
