/// `admin:` — where the admin API listens, and who may do what with it. Read when the master
/// starts; a reload changes none of it.
public struct AdminSettings: Codable, Sendable, Equatable {
    /// Nil is `admin.sock` in the runtime directory.
    public var socketPath: String?
    /// Permission bits of the socket, octal 0…0o777.
    public var socketMode: UInt32 = 0o660
    /// Group that owns the socket; nil leaves the master's own.
    public var socketGroup: String?
    /// Nil if there is no `roles`: whoever may connect to the socket may read then. Root and the
    /// master's own user may do everything in any case.
    public var roles: [RoleGrant]?
    /// Nil: the API is on the unix socket only.
    public var tcp: AdminTCPListener?
    /// Nil: metrics are on the API's own listeners only.
    public var metrics: AdminMetricsListener?

    public init() {}
}
