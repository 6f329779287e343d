/// Where a server is: an address, or the name of one with a port, which the master looks up again
/// and again.
public enum ServerAddress: Codable, Sendable, Hashable {
    /// Neither the wildcard nor port 0.
    case fixed(SocketAddress)
    case named(NamedAddress)

    /// Nil: it has to be looked up.
    public var fixed: SocketAddress? {
        switch self {
        case .fixed(let address): address
        case .named: nil
        }
    }

    /// Nil: it is known.
    public var named: NamedAddress? {
        switch self {
        case .fixed: nil
        case .named(let name): name
        }
    }

    /// 1…65535.
    public var port: UInt16 {
        get {
            switch self {
            case .fixed(let address): address.port
            case .named(let name): name.port
            }
        }
        set {
            switch self {
            case .fixed(let address):
                self = .fixed(SocketAddress(host: address.host, port: newValue))
            case .named(let name): self = .named(NamedAddress(name: name.name, port: newValue))
            }
        }
    }
}

extension ServerAddress: CustomStringConvertible {
    /// As the configuration writes it: `10.0.0.11:8080`, `app.internal:8080`.
    public var description: String {
        switch self {
        case .fixed(let address): address.description
        case .named(let name): name.description
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
