// An address as the kernel knows it. Modules that know the model convert it from and to that.

internal import CLinux
internal import Glibc

/// An IPv4 or IPv6 address with a port, without any configuration's meaning.
public struct RawSocketAddress: Sendable, Hashable, BitwiseCopyable, CustomStringConvertible {
    /// The address without its port.
    public enum Host: Sendable, Hashable, BitwiseCopyable {
        /// Four octets as one word: 127.0.0.1 is 0x7F00_0001.
        case ipv4(UInt32)
        /// Sixteen octets as two words, the first octet highest.
        case ipv6(high: UInt64, low: UInt64)
    }

    /// Which machine, or which of our own addresses.
    public var host: Host
    /// 0 asks the kernel for a free one when binding.
    public var port: UInt16

    public init(host: Host, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// 127.0.0.1.
    public static func loopback(port: UInt16) -> RawSocketAddress {
        RawSocketAddress(host: .ipv4(0x7F00_0001), port: port)
    }

    /// Of a peer that has none, because it came to a unix socket: the unspecified address (RFC 4291
    /// §2.5.2), which no other peer has.
    public static var unspecified: RawSocketAddress {
        RawSocketAddress(host: .ipv6(high: 0, low: 0), port: 0)
    }

    /// `127.0.0.1:80`, `[2001:db8:0:0:0:0:0:1]:80`; IPv6 is not abbreviated.
    public var description: String {
        switch host {
        case .ipv4(let word):
            "\(word >> 24).\(word >> 16 & 255).\(word >> 8 & 255).\(word & 255):\(port)"
        case .ipv6(let high, let low):
            "[\(Self.groups(high)):\(Self.groups(low))]:\(port)"
        }
    }

    private static func groups(_ word: UInt64) -> String {
        [48, 32, 16, 0].map { String(word >> $0 & 0xFFFF, radix: 16) }.joined(separator: ":")
    }

    var family: Int32 {
        switch host {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        }
    }

    var kernelAddress: clinux_address {
        var address = clinux_address()
        address.family = UInt16(family)
        address.port = port
        switch host {
        case .ipv4(let word): address.ipv4 = word
        case .ipv6(let high, let low):
            address.ipv6_high = high
            address.ipv6_low = low
        }
        return address
    }

    /// Nil for an address of another family.
    init?(_ address: clinux_address) {
        switch Int32(address.family) {
        case AF_INET: host = .ipv4(address.ipv4)
        case AF_INET6: host = .ipv6(high: address.ipv6_high, low: address.ipv6_low)
        default: return nil
        }
        port = address.port
    }
}
