/// `process:` — how workers are run and how generations follow each other.
public struct ProcessSettings: Codable, Sendable, Equatable {
    /// Workers of a generation, 1…64.
    public var workers: Int = 1
    /// Event loops of a worker, 1…64; nil is one per core that the master may use.
    public var threads: Int?
    /// Client connections of all workers together, 1…10_000_000; nil: as `connectionLimit` says.
    public var maxConnections: Int?
    /// Successful reloads a leaving generation may survive, 0…1000; nil is unlimited.
    public var maxReloads: Int? = 50
    /// From LEAVING to the end of whatever still runs in that generation.
    public var hardStopAfter: Duration = .seconds(3600)
    /// From spawn to READY.
    public var readyTimeout: Duration = .seconds(30)
    /// For each step of SWITCH: accepting, released.
    public var switchTimeout: Duration = .seconds(5)
    /// From SIGTERM to SIGKILL.
    public var killAfter: Duration = .seconds(10)
    /// How long a new generation is watched before its revision counts as good.
    public var probation: Duration = .seconds(5)
    /// A leaver keeps a silent idle client connection at least this long…
    public var drainIdleAfter: Duration = .seconds(10)
    /// …and closes it at a moment drawn evenly from this window after that.
    public var drainIdleSpread: Duration = .seconds(10)
    /// Reloads by the API, on average; signals are not counted.
    public var reloadRate = Rate(count: 2, period: .seconds(1))
    /// Whom workers run as: a name or a number, at most 256 bytes; nil: as the master.
    public var user: String?
    /// The only group that workers have; nil: those of `user`. Never without it.
    public var group: String?

    public init() {}

    /// Client connections of all workers together. Where nobody said how many: so many that each can
    /// have a connection to a server as well, and that a sixteenth of the descriptors and some are
    /// left for everything else.
    ///
    /// - Parameter descriptors: that a worker may have (RLIMIT_NOFILE).
    public func connectionLimit(descriptors: Int) -> Int {
        if let maxConnections { return maxConnections }
        let known = max(0, min(descriptors, 1 << 24))
        let perWorker = (known - known / 16 - Self.otherDescriptors) / 2
        return min(Self.connectionsMost, max(Self.connectionsLeast, workers * perWorker))
    }

    private static let otherDescriptors = 128
    private static let connectionsLeast = 16
    private static let connectionsMost = 50_000
}
