/// `balance:` — how a backend picks the server of an exchange.
public struct BalancePolicy: Codable, Sendable, Equatable {
    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// In turn, by weight, the heavy one's turns spread evenly between the others'.
        case roundRobin = "round_robin"
        /// Who has the fewest exchanges for its weight.
        case leastConnections = "least_connections"
        /// The less busy of two that are drawn by weight.
        case random
        /// As `random`, but by recent latency times exchanges: a server that became slow is seen
        /// at its first slow answer.
        case peakEWMA = "peak_ewma"
        /// The first by name that is not full: the others may sleep.
        case first
        /// By `key`, always to the same server as long as it is there and not overloaded.
        case hash
    }
    public var kind: Kind
    /// Of `hash` only.
    public var key: RequestKey?
    /// Of `hash`: no server gets more than this share of the average load, 100…10000 percent;
    /// nil: no bound.
    public var boundPercent: Int?

    public init(_ kind: Kind = .roundRobin, key: RequestKey? = nil, boundPercent: Int? = nil) {
        self.kind = kind
        self.key = key
        self.boundPercent = boundPercent
    }
}
