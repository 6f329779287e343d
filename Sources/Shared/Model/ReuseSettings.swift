/// `backends.NAME.reuse` — which request may be sent over a connection to a server that was used
/// before, and how long such connections are kept.
public struct ReuseSettings: Codable, Sendable, Equatable {
    public enum Policy: String, Codable, Sendable, BitwiseCopyable, CaseIterable {
        /// Nothing is kept: each exchange has a connection of its own.
        case never
        /// A client's own connection at any time; another client's only after it has been silent
        /// for a second and is silent still, and never for the first request of a client that could
        /// not be repeated.
        case safe
        /// Any kept connection that is silent when it is taken.
        case aggressive
        /// Any kept connection of which nothing was reported.
        case always
    }
    public var policy = Policy.safe
    /// Connections to one server that a worker keeps, 0…100,000; 0 keeps none.
    public var maxIdle = 1_024
    /// How long a connection is kept without being used, 1 ms…1 h.
    public var idleTimeout: Duration = .seconds(30)

    public init() {}
}
