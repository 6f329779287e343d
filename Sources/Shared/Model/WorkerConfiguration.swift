/// What a worker is given in its memory file: the configuration, and where the traffic of each of
/// its names is counted in the shared state.
public struct WorkerConfiguration: Codable, Sendable, Equatable {
    public var configuration: Configuration
    public var traffic: TrafficNumbers

    public init(_ configuration: Configuration, traffic: TrafficNumbers) {
        self.configuration = configuration
        self.traffic = traffic
    }
}

/// Numbers of traffic records, in the order of the configuration. 0 is shared by all names for
/// which there was no room.
public struct TrafficNumbers: Codable, Sendable, Equatable {
    public var frontends: [Int]
    /// By frontend, then by entry of its `bind`: where its connections are counted. 0: it has no limit
    /// of its own, or there was no room and each worker counts by itself.
    public var binds: [[Int]] = []
    public var backends: [Int]
    /// By backend, then by server.
    public var servers: [[Int]]
    /// Of each rate limit the first bucket of its cells; -1: no room, it is counted by each worker.
    public var rateLimits: [Int] = []
    /// Of each backend the first bucket of its table of clients; -1: it has none, or there was no
    /// room and each worker has its own.
    public var stickyTables: [Int] = []
    /// By backend, then by server: what the server's name stood for when the generation was started;
    /// nil for a server that has no name, or whose name was not found yet. Empty: there are no names.
    public var addresses: [[SocketAddress?]] = []

    public init(frontends: [Int] = [], backends: [Int] = [], servers: [[Int]] = []) {
        self.frontends = frontends
        self.backends = backends
        self.servers = servers
    }
}
