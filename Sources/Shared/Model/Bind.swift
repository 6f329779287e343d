/// An entry of a frontend's `bind` — addresses, and how the kernel treats connections to them.
public struct Bind: Codable, Sendable, Equatable {
    /// In one entry.
    public static let portCountMax = 1_000
    /// Sockets of all entries of a configuration.
    public static let socketCountMax = 2_048

    /// The one with the lowest port.
    public var address: ListenAddress
    /// Of a unix socket that is a file.
    public var access = SocketFileAccess()
    /// Ports from there on, 1…`portCountMax`, none above 65535: a listening socket for each.
    public var portCount = 1
    /// Connections that wait to be accepted, 1…65535; net.core.somaxconn cuts it.
    public var backlog = 65_535
    /// Not nil: a connection is accepted with its first byte, or without one when the kernel has
    /// waited about so long for it, in whole seconds (TCP_DEFER_ACCEPT, tcp(7)).
    public var deferAccept: Duration?
    /// How long bytes sent to a client may stay unacknowledged before the connection is given up
    /// (TCP_USER_TIMEOUT, tcp(7)); nil leaves it to the kernel.
    public var userTimeout: Duration?
    /// Client connections of these sockets at once, over all workers, 1…10000000; nil is no limit but
    /// the frontend's.
    public var maxConnections: Int?
    /// Only what comes by this network interface, 1…15 bytes (SO_BINDTODEVICE, socket(7)).
    public var interface: String?
    /// Takes what is sent to addresses of others, where the system leads it here, and may have such
    /// an address itself (IP_TRANSPARENT, ip(7)).
    public var isTransparent = false
    /// Of `[::]` only: IPv4 as well (IPV6_V6ONLY off, ipv6(7)).
    public var takesIPv4 = false

    public init(_ address: ListenAddress) {
        self.address = address
    }

    public init(_ address: SocketAddress) {
        self.init(.internet(address))
    }

    /// A name that no file stands for.
    public var isAbstract: Bool {
        if case .unix(let unix) = address { unix.isAbstract } else { false }
    }

    /// One for each socket, in order of their ports.
    public var places: [ListenPlace] {
        switch address {
        case .unix, .passed: [firstPlace]
        case .internet(let first):
            (first.port...lastPort(from: first.port)).map { port in
                ListenPlace(
                    .internet(SocketAddress(host: first.host, port: port)), interface: interface,
                    takesIPv4: takesIPv4)
            }
        }
    }

    /// That of `address`.
    public var firstPlace: ListenPlace {
        ListenPlace(address, interface: interface, takesIPv4: takesIPv4)
    }

    private func lastPort(from first: UInt16) -> UInt16 {
        UInt16(clamping: Int(first) + max(1, portCount) - 1)
    }

    /// Nothing is said but the addresses.
    public var isPlain: Bool {
        var plain = Bind(address)
        plain.portCount = portCount
        return self == plain
    }
}

extension Bind: CustomStringConvertible {
    /// The addresses: `0.0.0.0:80`, `0.0.0.0:8000-8010`, `unix:/run/web.sock`.
    public var description: String {
        switch address {
        case .internet(let first) where portCount > 1: "\(first)-\(lastPort(from: first.port))"
        case .internet, .unix, .passed: address.description
        }
    }
}
