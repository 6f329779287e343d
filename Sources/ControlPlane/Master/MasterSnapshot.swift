public import Clock
public import Supervisor

/// Everything the API and the command line can know of a master, at one moment. A value: it does
/// not change under its reader.
public struct MasterSnapshot: Sendable {
    /// Grows with every visible change of generations, reloads or listeners; starts at 1.
    public var sequence: UInt64
    public var instanceID: String
    public var version: String
    public var startedAt: WallTime
    /// When the gauges were read.
    public var takenAt: Moment
    /// Newest first; exited ones too, as far as they are kept.
    public var generations: [GenerationRecord]
    /// Newest first.
    public var reloads: [ReloadRecord]
    /// Of reloads that are over: the end is not on disk yet, or could not be put there.
    public var unstored: [String: RecordStoring] = [:]
    /// For who waits for a change of one collection.
    public var collections: CollectionSequences
    /// The generation in phase SERVING.
    public var serving: Int?
    /// The latest revision that was accepted as valid.
    public var desiredRevision: Int?
    /// The revision that is served.
    public var appliedRevision: Int?
    /// Of the served revision; nil is unlimited, or nothing served yet.
    public var maxReloads: Int?
    public var counters: MasterCounters
    /// Live workers only.
    public var workers: [WorkerID: WorkerGauges]
    /// Totals over all workers since the master started, by the names of the shared state. They
    /// never go down: those of reaped workers are kept.
    public var totals: [String: UInt64]
    /// Counts that come from events.
    public var tally = MasterTally()
    public var listeners: [ListenerView]
    /// Of the last validation, if it failed; empty after one that succeeded.
    public var problems: [ReloadFailure.Problem]
    /// The configuration says something else below `admin` than the admin API runs with.
    public var adminWaitsForStart = false
    /// What of the state directory was found lost or damaged at the start, in words.
    public var findings: [String] = []
    /// The master was told to stop.
    public var shuttingDown: Bool
    /// When the loop last came round: it does so several times a second.
    public var loopTick: Instant
    /// How late the loop came to its regular work.
    public var tickDelays = TickDelays()

    /// Why the configuration that the master was started with does not serve, in words; nil: it
    /// does, or it is not known yet.
    public var startFailure: String? {
        reloads.first { $0.trigger.source == .startup }?.failure?.detail
    }

    /// What `adminWaitsForStart` means, for people.
    public static let adminNotice =
        "what the configuration says below \"admin\" counts from the next start of the master"
}

/// Why the end of a reload is not durable.
public enum RecordStoring: Sendable, Equatable {
    case pending
    /// In words; it is tried again with the next record.
    case failed(String)
}

/// Each grows when its collection changes, and starts higher in each life of the master.
public struct CollectionSequences: Sendable, Equatable {
    public var reloads: UInt64
    public var generations: UInt64

    public init(startedAt: WallTime) {
        reloads = UInt64(max(startedAt.milliseconds, 1))
        generations = reloads
    }
}

/// Counts since the master started.
public struct MasterCounters: Sendable, Equatable {
    public var reloadsSucceeded = 0
    public var reloadsFailed = 0
    public var reloadsSuperseded = 0
    public var reloadsCancelled = 0
    /// Workers that broke the control protocol.
    public var protocolViolations = 0
    /// Serving generations that lost a worker unexpectedly.
    public var workersCrashed = 0
    /// Workers that made no progress.
    public var workersStuck = 0
    /// Replacements of crashed generations that came to serve.
    public var restarts = 0
    public var workerExitsExpected = 0
    public var workerExitsUnexpected = 0

    public init() {}
}

/// What one worker does now.
public struct WorkerGauges: Sendable, Equatable {
    /// Open client connections.
    public var clientConnections = 0
    /// Requests being answered.
    public var exchanges = 0
    /// Upgraded connections and TCP ones.
    public var tunnels = 0
    /// Of the oldest open client connection; nil if there is none.
    public var oldestSessionAgeSeconds: Int?
    /// Resident memory; nil if the process is gone.
    public var rssBytes: Int?
    /// Totals since the worker started, by the names of the shared state.
    public var counters: [String: UInt64] = [:]

    public init() {}
}

/// One listening socket as the master sees it.
public struct ListenerView: Sendable, Equatable {
    /// Stable as long as the socket lives.
    public var id: Int
    /// As the kernel has it: `127.0.0.1:8080`.
    public var address: String
    public var frontend: String
    /// DEFINED, BOUND, LEASED, RELEASING, DRAINING_BACKLOG or CLOSED.
    public var phase: String
}
