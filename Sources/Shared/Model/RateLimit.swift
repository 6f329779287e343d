/// `rate_limits.NAME` — how often requests with one key may come. A route applies it with
/// `rate_limit`; all routes that name it count together, over all workers and generations.
public struct RateLimit: Codable, Sendable, Equatable {
    public var name: String
    public var key: RequestKey
    /// On average.
    public var rate: Rate
    /// How many may come at once, at least 1.
    public var burst: Int
    /// Keys that are told apart at a time; those seen least recently make room.
    public var entries: Int

    public init(name: String, key: RequestKey, rate: Rate, burst: Int, entries: Int) {
        self.name = name
        self.key = key
        self.rate = rate
        self.burst = burst
        self.entries = entries
    }
}

/// `rate_limit:` of a route.
public struct RateLimitUse: Codable, Sendable, Equatable {
    /// The name of a limit, which exists.
    public var limit: String
    /// What a request beyond it is answered, 400…599.
    public var status: Int

    public init(limit: String, status: Int = 429) {
        self.limit = limit
        self.status = status
    }
}

/// `deny:` and `tarpit:` — a refusal, at once or after a while.
public struct Denial: Codable, Sendable, Equatable {
    /// 400…599.
    public var status: Int
    /// Zero: at once.
    public var delay: Duration

    public init(status: Int = 403, delay: Duration = .zero) {
        self.status = status
        self.delay = delay
    }
}
