/// Where a server is: an address, the name of one with a port, which the master looks up again and
/// again, or a unix socket of this machine.
public enum ServerAddress: Codable, Sendable, Hashable {
    /// Neither the wildcard nor port 0.
    case fixed(SocketAddress)
    case named(NamedAddress)
    case unix(UnixAddress)

    /// Nil: it has to be looked up, or is none of the Internet.
    public var fixed: SocketAddress? {
        switch self {
        case .fixed(let address): address
        case .named, .unix: nil
        }
    }

    /// Nil: it is known.
    public var named: NamedAddress? {
        switch self {
        case .fixed, .unix: nil
        case .named(let name): name
        }
    }

    /// Nil: it is reached by TCP.
    public var unix: UnixAddress? {
        switch self {
        case .fixed, .named: nil
        case .unix(let address): address
        }
    }

    /// The same at another port, 1…65535. A unix socket has none, and is what it is.
    public func with(port: UInt16) -> ServerAddress {
        switch self {
        case .fixed(let address): .fixed(SocketAddress(host: address.host, port: port))
        case .named(let name): .named(NamedAddress(name: name.name, port: port))
        case .unix: self
        }
    }
}

extension ServerAddress: CustomStringConvertible {
    /// As the configuration writes it: `10.0.0.11:8080`, `app.internal:8080`.
    public var description: String {
        switch self {
        case .fixed(let address): address.description
        case .named(let name): name.description
        case .unix(let address): address.description
        }
    }
}

/// A host's name and the port there.
public struct NamedAddress: Codable, Sendable, Hashable, CustomStringConvertible {
    /// 1…253 letters, digits, `-`, `_` and `.`, in lower case; a dot at its end means that nothing is
    /// to be put behind it.
    public var name: String
    /// 1…65535.
    public var port: UInt16

    public init(name: String, port: UInt16) {
        self.name = name
        self.port = port
    }

    public var description: String { "\(name):\(port)" }

    /// Tells what was found for this name from what was found for another: 40 bits, never 0.
    public var tag: UInt64 { max(1, StableHash(of: description).value >> 24) }
}
