/// The addresses that begin with the same bits: `10.0.0.0/8`, `2001:db8::/32` (RFC 4632, RFC 4291
/// §2.3). One address is the range of its full length.
public struct AddressRange: Codable, Sendable, Hashable {
    /// The first address; the bits behind the prefix are zero. An IPv4-mapped range of at least
    /// 96 bits is held as IPv4.
    public private(set) var first: SocketAddress.Host
    /// Bits that all addresses have in common: 0…32, or 0…128.
    public private(set) var prefixLength: Int

    /// The range of `length` bits that holds `host`; nil if the address has fewer bits.
    public init?(_ host: SocketAddress.Host, prefixLength length: Int) {
        guard length >= 0, length <= host.bitCount else { return nil }
        switch host {
        case .ipv4(let word):
            first = .ipv4(length == 0 ? 0 : word & (UInt32.max << UInt32(32 - length)))
            prefixLength = length
        case .ipv6(0, let low) where low >> 32 == 0xFFFF && length >= 96:
            let mask = Self.mask(length).low
            first = .ipv4(UInt32(truncatingIfNeeded: low & mask))
            prefixLength = length - 96
        case .ipv6(let high, let low):
            let mask = Self.mask(length)
            first = .ipv6(high: high & mask.high, low: low & mask.low)
            prefixLength = length
        }
    }

    /// Whether the address is one of the range; an IPv4-mapped address is its IPv4 address.
    public func contains(_ host: SocketAddress.Host) -> Bool {
        let (value, other) = (first.words, host.words)
        return (other.high & mask.high, other.low & mask.low) == value
    }

    /// The first address and the mask as 128 bits each, IPv4 as IPv4-mapped: an address is in the
    /// range if it equals the first one wherever the mask has a bit.
    public var words: (first: (high: UInt64, low: UInt64), mask: (high: UInt64, low: UInt64)) {
        (first.words, mask)
    }

    private var mask: (high: UInt64, low: UInt64) {
        switch first {
        case .ipv4: Self.mask(prefixLength + 96)
        case .ipv6: Self.mask(prefixLength)
        }
    }

    private static func mask(_ length: Int) -> (high: UInt64, low: UInt64) {
        func bits(_ count: Int) -> UInt64 {
            count <= 0 ? 0 : UInt64.max << UInt64(max(0, 64 - count))
        }
        return (bits(min(64, length)), bits(length - 64))
    }
}

extension AddressRange: CustomStringConvertible {
    /// `10.0.0.0/8`, `2001:db8::/32`; a single address without its length.
    public var description: String {
        prefixLength == first.bitCount ? "\(first)" : "\(first)/\(prefixLength)"
    }

    /// Reads an address without brackets, alone or with `/` and a decimal length. Nil for anything
    /// else. Bits behind the prefix are taken for zero.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let host = SocketAddress.Host(String(parts[0])) else { return nil }
        guard parts.count == 2 else {
            self.init(host, prefixLength: host.bitCount)
            return
        }
        let digits = parts[1].utf8
        guard (1...3).contains(digits.count), digits.count == 1 || parts[1].first != "0",
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let length = Int(parts[1])
        else { return nil }
        self.init(host, prefixLength: length)
    }
}

extension SocketAddress.Host {
    /// 32 or 128.
    var bitCount: Int {
        switch self {
        case .ipv4: 32
        case .ipv6: 128
        }
    }

    /// 128 bits, IPv4 as IPv4-mapped (RFC 4291 §2.5.5.2).
    var words: (high: UInt64, low: UInt64) {
        switch self {
        case .ipv4(let word): (0, 0xFFFF_0000_0000 | UInt64(word))
        case .ipv6(let high, let low): (high, low)
        }
    }
}
