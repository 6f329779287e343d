// Which sessions somebody wants to end, and what came of it. Pure values.

public import Supervisor

public struct SessionWish: Sendable, Equatable {
    /// Nil: of all generations that have a worker.
    public var generation: Int?
    public var backend: String?
    /// Of the backend.
    public var server: String?
    /// An address or a block, `10.0.0.0/8`.
    public var client: String?
    /// Since the session began.
    public var minAge: Duration = .zero
    /// At most so many are ended.
    public var max: Int

    public init(max: Int) {
        self.max = max
    }
}

public struct SessionCount: Sendable, Equatable {
    /// Sessions that fitted the wish.
    public var matched = 0
    /// Of these, how many were ended: their connections are closed.
    public var ended = 0
    /// Workers that did not answer in time; what they did is not counted.
    public var silent: [WorkerID] = []

    public init() {}
}
