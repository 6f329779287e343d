/// `backends.NAME` — a pool of servers and the policy that picks one.
public struct Backend: Codable, Sendable, Equatable {
    public var name: String
    public var mode: ProxyMode
    public var balance: BalancePolicy
    public var timeouts: Timeouts
    public var queue: QueueSettings
    public var reuse: ReuseSettings
    public var retries: RetrySettings
    /// Nil: no server is ever asked.
    public var check: HealthCheck?
    /// Nil: nobody is taken out for failures of exchanges.
    public var ejection: Ejection?
    /// Nil: a client has no server of its own.
    public var stickiness: Stickiness?
    /// Which of the backups that can take traffic do, while nobody else can.
    public var backups = Backups.all
    /// What happens to the sessions of a server when a reload takes it out of the configuration.
    public var onRemoved = OnRemoved.keepSessions
    /// How often names of servers are looked up, 100 ms to a day; nil: once they are known, with
    /// each start of a generation only.
    public var resolveInterval: Duration? = .seconds(10)
    /// Sorted by name; names are unique; at least one.
    public var servers: [Server]

    public enum Backups: String, Codable, Sendable, CaseIterable {
        case all
        /// By name.
        case first
    }

    public enum OnRemoved: String, Codable, Sendable, CaseIterable {
        case keepSessions = "keep_sessions"
        case endSessions = "end_sessions"
    }

    public init(
        name: String, mode: ProxyMode, balance: BalancePolicy = BalancePolicy(),
        timeouts: Timeouts = Timeouts(), queue: QueueSettings = QueueSettings(),
        reuse: ReuseSettings = ReuseSettings(), retries: RetrySettings = RetrySettings(),
        servers: [Server]
    ) {
        self.name = name
        self.mode = mode
        self.balance = balance
        self.timeouts = timeouts
        self.queue = queue
        self.reuse = reuse
        self.retries = retries
        self.servers = servers
    }
}

/// `backends.NAME.queue` — who waits while every server is full. How long is `Timeouts.queue`.
public struct QueueSettings: Codable, Sendable, Equatable {
    /// Exchanges that wait in one worker, 0…100000; one more is answered 503.
    public var max: Int = 1_000

    public init() {}
}

/// `backends.NAME.servers.NAME` — one address at a time.
public struct Server: Codable, Sendable, Equatable {
    public var name: String
    public var address: ServerAddress
    /// 0…256; 0 takes no new exchange.
    public var weight: Int
    /// Nil: the server is told nothing about its clients but what they send.
    public var proxyProtocol: ProxyProtocolVersion?
    /// In maintenance until an operator says that it is ready.
    public var isDisabled = false
    /// The server's addresses may be where this machine finds what is for it alone.
    public var allowsLinkLocal = false
    /// Where it is at first, if its address is a name.
    public var initialAddress = InitialAddress()
    /// One of this machine's addresses, of the same family as the server's, that connections to the
    /// server come from; nil: the kernel chooses.
    public var source: SocketAddress.Host?
    /// Takes traffic only while no other server of the backend does.
    public var isBackup = false
    /// From coming up to its full weight; zero: at once.
    public var slowStart: Duration = .zero
    /// 1…100000 requests in flight (HTTP) or connections (TCP), in all workers of all generations
    /// together; nil is no limit.
    public var maxConnections: Int?
    /// 0…100000 exchanges of a worker that wait for this server alone; nil: as many as may wait at all.
    public var maxQueue: Int?
    /// Where its check differs from the backend's.
    public var check = CheckOverride()
    /// What stands for the server in a `StickyCookie`: 1…64 letters, digits, `_`, `.` and `-`, another
    /// one for each server of the backend. Nil where the backend has no such cookie.
    public var cookie: String?

    public init(
        name: String, address: SocketAddress, weight: Int = 100, maxConnections: Int? = nil
    ) {
        self.init(name: name, at: .fixed(address), weight: weight)
        self.maxConnections = maxConnections
    }

    public init(name: String, at address: ServerAddress, weight: Int = 100) {
        self.name = name
        self.address = address
        self.weight = weight
    }
}
