/// Every wait of the data path is finite. A frontend uses the client's half, a backend the server's.
public struct Timeouts: Codable, Sendable, Equatable {
    /// From connect(2) to an established connection to a server.
    public var connect: Duration = .seconds(3)
    /// Silence of a client in the middle of a message or of a TCP connection.
    public var client: Duration = .seconds(30)
    /// Silence of a server in the same places; also the wait for the response head (then 504).
    public var server: Duration = .seconds(30)
    /// From the first byte of a request head to its end (then 408).
    public var httpRequest: Duration = .seconds(10)
    /// Between two requests of a client connection, and before its first one.
    public var httpKeepAlive: Duration = .seconds(15)
    /// For a server that has a limit and is full (then 503).
    public var queue: Duration = .seconds(5)
    /// Silence on both sides of a tunnel (Upgrade).
    public var tunnel: Duration = .seconds(3600)
    /// The same of a tunnel or a TCP connection whose client has ended its side, at most; and of one
    /// whose server has. Neither makes a silence longer than it could be before; nil: as long.
    public var clientFin: Duration?
    public var serverFin: Duration?

    /// From a connection's beginning to the end of its PROXY header; the same again to the end of its
    /// TLS hello or its first line, where a route asks for the name in the one or whether the other is
    /// of HTTP.
    public var inspect: Duration = .seconds(5)

    public init() {}
}
