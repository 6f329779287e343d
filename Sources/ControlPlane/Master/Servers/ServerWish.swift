// What an operator wants of a server at run time, apart from the configuration. It holds over reloads,
// crashes and the end of the master, until it is taken back, the server goes, or a new configuration
// says something else about the same thing.

public import Model
public import SharedState

public struct ServerWish: Sendable, Equatable {
    public enum Setting<Value: Sendable & Equatable>: Sendable, Equatable {
        /// Whatever it is.
        case keep
        /// What the configuration says.
        case configured
        case value(Value)
    }

    public var backend: String
    public var server: String
    public var adminState = Setting<ServerAdminState>.keep
    /// Neither the wildcard nor port 0.
    public var address = Setting<SocketAddress>.keep
    /// 0…256.
    public var weight = Setting<Int>.keep
    /// 1…100000.
    public var maxConnections = Setting<Int>.keep
    /// Who wants it.
    public var principal: String

    public init(backend: String, server: String, principal: String) {
        self.backend = backend
        self.server = server
        self.principal = principal
    }
}

/// What became of the wish.
public enum ServerWishOutcome: Sendable, Equatable {
    case done
    /// The generation that serves has no such server, or none serves.
    case unknown
    /// The shared state has no place for so high a limit, or for the server at all.
    case noRoom
    /// No server may have this address, or this one cannot be reached there from its `source`.
    case protectedAddress
}

extension ServerWish.Setting where Value == ServerAdminState {
    public static var ready: Self { .value(.ready) }
    public static var drain: Self { .value(.drain) }
    public static var maintenance: Self { .value(.maintenance) }
}

/// What was wanted of a server is so no longer: the configuration says something new, or the server
/// has gone.
struct DroppedOverride: Sendable, Equatable {
    var backend: String
    var server: String
    /// `admin_state`, `address`, `weight`, `max_connections`.
    var fields: [String]
}
