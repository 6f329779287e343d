// What has passed through a frontend, a backend or a server, for who shows it. Pure value.

public import SharedState

/// What carries traffic, by its name in the configuration.
public enum TrafficName: Hashable, Sendable {
    case frontend(String)
    /// An entry of a frontend's `bind` that has a limit, by its first address.
    case bind(frontend: String, address: String)
    case backend(String)
    case server(backend: String, name: String)
}

/// The totals of a name that some live generation has.
public struct NamedTraffic: Sendable, Equatable {
    public var name: TrafficName
    public var totals: TrafficTotals
    /// Exchanges that wait for a backend or for one server, in all workers together.
    public var queueLength: Int
    /// Of a server with a limit: how many of its permits are held.
    public var permitsInUse: Int?
    /// Of a server: the connections that all live workers have to it now. Of a frontend: those of
    /// clients, all of them `inUse`.
    public var connections: ServerConnectionCounts?

    public init(
        name: TrafficName, totals: TrafficTotals, queueLength: Int = 0, permitsInUse: Int? = nil,
        connections: ServerConnectionCounts? = nil
    ) {
        self.name = name
        self.totals = totals
        self.queueLength = queueLength
        self.permitsInUse = permitsInUse
        self.connections = connections
    }
}
