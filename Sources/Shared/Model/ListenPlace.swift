/// Where one listening socket takes connections. Nothing of it can be changed once it is bound: what
/// is elsewhere in any part is another socket.
public struct ListenPlace: Sendable, Hashable {
    public var address: ListenAddress
    /// Only what comes by this network interface; nil: by any.
    public var interface: String?
    /// Of `[::]` only: IPv4 as well.
    public var takesIPv4: Bool

    public init(_ address: ListenAddress, interface: String? = nil, takesIPv4: Bool = false) {
        self.address = address
        self.interface = interface
        self.takesIPv4 = takesIPv4
    }

    /// Whether not both can be bound (bind(2), ip(7), ipv6(7)). Nothing overlaps a port that the
    /// kernel is to choose.
    public func overlaps(_ other: ListenPlace) -> Bool {
        let (host, others): (SocketAddress.Host, SocketAddress.Host)
        switch (address, other.address) {
        case (.unix(let one), .unix(let another)): return one == another
        // What a passed socket is bound to is not known here.
        case (.passed(let one), .passed(let another)): return one == another
        case (.unix, .internet), (.internet, .unix), (.passed, _), (_, .passed): return false
        case (.internet(let one), .internet(let another)):
            guard one.port == another.port, one.port != 0 else { return false }
            (host, others) = (one.host, another.host)
        }
        if let interface, let another = other.interface, interface != another { return false }
        guard host.hasFamily(of: others) else { return takesIPv4 || other.takesIPv4 }
        return host == others || host.isWildcard || others.isWildcard
    }
}

extension ListenPlace: CustomStringConvertible {
    /// `0.0.0.0:80`, `0.0.0.0:80 on eth0`, `[::]:80 with IPv4`.
    public var description: String {
        "\(address)\(takesIPv4 ? " with IPv4" : "")\(interface.map { " on \($0)" } ?? "")"
    }
}
