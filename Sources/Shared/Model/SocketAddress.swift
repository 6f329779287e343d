/// An IPv4 or IPv6 address with a port: what a listener binds and what a server is reached at.
public struct SocketAddress: Codable, Sendable, Hashable {
    public enum Host: Codable, Sendable, Hashable {
        /// Four octets, network order, as one word: 127.0.0.1 is 0x7F00_0001.
        case ipv4(UInt32)
        /// Sixteen octets, network order, as two words.
        case ipv6(high: UInt64, low: UInt64)
    }
    public var host: Host
    /// 1…65535 to connect to; 0 asks the kernel for a free one when binding.
    public var port: UInt16

    public init(host: Host, port: UInt16) {
        self.host = host
        self.port = port
    }
}

extension SocketAddress.Host {
    /// Both are IPv4, or both IPv6.
    public func hasFamily(of other: SocketAddress.Host) -> Bool {
        switch (self, other) {
        case (.ipv4, .ipv4), (.ipv6, .ipv6): true
        case (.ipv4, .ipv6), (.ipv6, .ipv4): false
        }
    }
}
