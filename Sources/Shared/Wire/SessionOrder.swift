// Ending sessions at the master's word: what is asked of a worker, and what it answers.

/// Which sessions a worker is to end. A session that fits everything that is set fits.
public struct SessionOrder: Codable, Sendable, Equatable {
    /// Of the answer, too; another one for each order to a worker.
    public var id: UInt64
    /// At most so many are ended, 0…
    public var max: Int
    public var backend: String?
    /// Of the backend.
    public var server: String?
    /// An address or a block, as `AddressRange` reads it.
    public var client: String?
    /// Since it began: the exchange, or the client's connection where no server is asked for.
    public var minAgeMilliseconds: Int

    public init(
        id: UInt64, max: Int, backend: String? = nil, server: String? = nil,
        client: String? = nil, minAgeMilliseconds: Int = 0
    ) {
        self.id = id
        self.max = max
        self.backend = backend
        self.server = server
        self.client = client
        self.minAgeMilliseconds = minAgeMilliseconds
    }
}

/// What became of an order: all loops are done with it, and the connections closed.
public struct SessionOutcome: Codable, Sendable, Equatable {
    public var id: UInt64
    /// Sessions that fitted.
    public var matched: Int
    /// Of these, how many were ended.
    public var ended: Int

    public init(id: UInt64, matched: Int, ended: Int) {
        self.id = id
        self.matched = matched
        self.ended = ended
    }
}
