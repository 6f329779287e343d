// Hashes of what requests are told apart by: keys of balancing, rate limits and stickiness. Pure. Hot.

internal import Model
internal import Syscalls

/// A hash of bytes that is the same in every worker and generation. Not secret: who can choose keys
/// can choose servers, and the bound on the load is what protects them.
enum KeyHash {
    /// Mixed, with the length in it.
    @inline(__always)
    static func hash(_ bytes: Bytes, seed: UInt64) -> UInt64 {
        var hash = StableHash(seed: seed)
        var index = 0
        while index < bytes.count {
            hash.add(bytes[index])
            index &+= 1
        }
        return mix(hash.value ^ UInt64(bytes.count))
    }

    /// The same for any case of ASCII letters.
    static func hashIgnoringCase(_ bytes: Bytes, seed: UInt64) -> UInt64 {
        var hash = StableHash(seed: seed)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            let isUpper = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
            hash.add(isUpper ? byte | 0x20 : byte)
            index &+= 1
        }
        return mix(hash.value ^ UInt64(bytes.count))
    }

    /// Of what an escaped text stands for.
    static func hash(_ text: DecodedText, seed: UInt64) -> UInt64 {
        var hash = StableHash(seed: seed)
        var rest = text
        var count: UInt64 = 0
        while let byte = rest.next() {
            hash.add(byte)
            count &+= 1
        }
        return mix(hash.value ^ count)
    }

    /// Of a client's address, without its port.
    static func hash(_ host: RawSocketAddress.Host, seed: UInt64) -> UInt64 {
        switch host {
        case .ipv4(let word): mix(seed ^ UInt64(word))
        case .ipv6(let high, let low): mix(mix(seed ^ high) ^ low)
        }
    }

    @inline(__always)
    static func mix(_ value: UInt64) -> UInt64 { StableHash.mix(value) }
}
