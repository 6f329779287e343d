/// `admin:` — where the admin API listens. Always a unix socket; TCP comes with authentication.
public struct AdminSettings: Codable, Sendable, Equatable {
    /// Nil is `admin.sock` in the runtime directory.
    public var socketPath: String?
    /// Permission bits of the socket, octal 0…0o777.
    public var socketMode: UInt32 = 0o660
    /// Group that owns the socket; nil leaves the master's own.
    public var socketGroup: String?

    public init() {}
}
