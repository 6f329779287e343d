public import Clock

/// One generation as the API shows it (control-api C, rules 1–8). Session counts and memory are
/// not here: they are measured when asked for.
public struct GenerationRecord: Sendable, Equatable {
    public enum Status: String, Sendable { case initializing = "INIT", ready = "READY" }
    public enum Phase: String, Sendable, CaseIterable {
        case starting = "STARTING", serving = "SERVING", leaving = "LEAVING", exited = "EXITED"
    }
    public enum SigtermReason: String, Sendable, CaseIterable {
        case maxReloads = "MAX_RELOADS", hardStopAfter = "HARD_STOP_AFTER"
        case hardReload = "HARD_RELOAD", readyTimeout = "READY_TIMEOUT", cancelled = "CANCELLED"
        case api = "API", shutdown = "SHUTDOWN"
    }
    public struct Worker: Sendable, Equatable {
        public var index: Int
        /// Nil until spawned.
        public var pid: Int32?
        public var status: Status
        public var exit: WorkerExit?
        public var exitedAt: WallTime?
        /// Whether the supervisor had told it to end, or it was a drained leaver.
        public var exitExpected: Bool
    }

    public var generation: Int
    public var plan: GenerationPlan
    public var status: Status
    public var phase: Phase
    public var workers: [Worker]
    public var createdAt: WallTime
    public var readyAt: WallTime?
    /// Spawn to READY, milliseconds.
    public var initMilliseconds: Int?
    public var leavingAt: WallTime?
    /// Successful reloads survived.
    public var reloads: Int
    public var sigtermSent: Bool
    public var sigtermAt: WallTime?
    public var sigtermReason: SigtermReason?
    public var sigkillSent: Bool
    public var hardStopAt: WallTime?
    /// The first abnormal exit among its workers, else the last exit; nil until all are reaped.
    public var exit: WorkerExit?
    public var exitAt: WallTime?
    public var exitExpected: Bool
}
