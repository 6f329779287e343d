// What `AdminServer` is started with.

public import Model

/// Where the admin API is and who may use it.
public struct AdminServerOptions: Sendable {
    /// At most 107 bytes (unix(7)).
    public var socketPath: String
    /// Permission bits of the socket.
    public var socketMode: UInt32
    /// Group that owns it; nil leaves the process's own.
    public var socketGroup: String?
    /// Who may do what; nil is `admin.roles` not given.
    public var roles: [RoleGrant]?
    /// Listeners for other machines; nil: there are none.
    public var tcp: AdminTCPListener?
    /// Listeners with metrics and health alone; nil: there are none.
    public var metrics: AdminMetricsListener?
    /// Of the program.
    public var version: String
    /// How long a client may take nothing while something is to be sent.
    var stallMax = Duration.seconds(10)
    /// Of TLS.
    var handshakeMax = Duration.seconds(10)
    /// Of the event streams.
    var heartbeatPeriod = EventFormat.heartbeatPeriod
    /// Connections that need not make room for others.
    var connectionLimit = ConnectionRoster.limitForDescriptors

    public init(
        socketPath: String, socketMode: UInt32 = 0o660, socketGroup: String? = nil,
        roles: [RoleGrant]? = nil, version: String
    ) {
        self.socketPath = socketPath
        self.socketMode = socketMode
        self.socketGroup = socketGroup
        self.roles = roles
        self.version = version
    }
}
