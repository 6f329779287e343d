/// `backends.NAME` — a pool of servers and the policy that picks one.
public struct Backend: Codable, Sendable, Equatable {
    public var name: String
    public var mode: ProxyMode
    public var balance: BalancePolicy
    public var timeouts: Timeouts
    /// Sorted by name; names are unique; at least one.
    public var servers: [Server]

    public init(
        name: String, mode: ProxyMode, balance: BalancePolicy = BalancePolicy(),
        timeouts: Timeouts = Timeouts(), servers: [Server]
    ) {
        self.name = name
        self.mode = mode
        self.balance = balance
        self.timeouts = timeouts
        self.servers = servers
    }
}

/// `backends.NAME.servers.NAME` — one address.
public struct Server: Codable, Sendable, Equatable {
    public var name: String
    public var address: SocketAddress
    /// 0…256; 0 takes no new exchange.
    public var weight: Int
    /// Nil: the server is told nothing about its clients but what they send.
    public var proxyProtocol: ProxyProtocolVersion?
    /// Takes traffic only while no other server of the backend does.
    public var isBackup = false
    /// From coming up to its full weight; zero: at once.
    public var slowStart: Duration = .zero

    public init(name: String, address: SocketAddress, weight: Int = 100) {
        self.name = name
        self.address = address
        self.weight = weight
    }
}
