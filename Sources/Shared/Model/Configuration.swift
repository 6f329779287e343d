/// One revision of what the user asked for, with every default filled in.
///
/// Only the configuration language makes one, and only without a problem in it: who holds a
/// `Configuration` may rely on every reference in it (`Route` to `Backend`) and every range.
/// It travels from the master to a worker as JSON in a sealed memory file.
public struct Configuration: Codable, Sendable, Equatable {
    /// What is known of them for a request is held in bits.
    public static let conditionsMax = 256

    public var process: ProcessSettings
    public var admin: AdminSettings
    public var log: LogSettings
    /// Sorted by name; names are unique.
    public var frontends: [Frontend]
    /// Sorted by name; names are unique.
    public var maps: [ValueMap]
    /// Sorted by name; names are unique.
    public var conditions: [Condition]
    /// Sorted by name; names are unique.
    public var backends: [Backend]
    /// Sorted by name; names are unique.
    public var rateLimits: [RateLimit] = []
    /// Sorted by name; names are unique.
    public var users: [UserList] = []

    public init(
        process: ProcessSettings = ProcessSettings(), admin: AdminSettings = AdminSettings(),
        log: LogSettings = LogSettings(), frontends: [Frontend] = [],
        maps: [ValueMap] = [], conditions: [Condition] = [], backends: [Backend] = []
    ) {
        self.process = process
        self.admin = admin
        self.log = log
        self.frontends = frontends
        self.maps = maps
        self.conditions = conditions
        self.backends = backends
    }
}

/// What a frontend or a backend speaks. TCP moves bytes, HTTP moves messages.
public enum ProxyMode: String, Codable, Sendable, CaseIterable {
    case tcp
    case http
}

extension Configuration {
    /// Nil: there is no such backend, or no such server of it.
    public func server(_ backend: String, _ server: String) -> Server? {
        backends.first { $0.name == backend }?.servers.first { $0.name == server }
    }
}
