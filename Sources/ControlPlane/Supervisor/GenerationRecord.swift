public import Clock

/// One generation as the API shows it (control-api C, rules 1–8). Session counts and memory are
/// not here: they are measured when asked for.
public struct GenerationRecord: Sendable, Equatable {
    public enum Status: String, Sendable {
        case initializing = "INIT"
        case ready = "READY"
    }
    public enum Phase: String, Sendable, CaseIterable {
        case starting = "STARTING"
        case serving = "SERVING"
        case leaving = "LEAVING"
        case exited = "EXITED"
    }
    public enum SigtermReason: String, Sendable, CaseIterable {
        case maxReloads = "MAX_RELOADS"
        case hardStopAfter = "HARD_STOP_AFTER"
        case hardReload = "HARD_RELOAD"
        case readyTimeout = "READY_TIMEOUT"
        case cancelled = "CANCELLED"
        case api = "API"
        case shutdown = "SHUTDOWN"
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

        public init(
            index: Int, pid: Int32? = nil, status: Status = .initializing,
            exit: WorkerExit? = nil, exitedAt: WallTime? = nil, exitExpected: Bool = false
        ) {
            self.index = index
            self.pid = pid
            self.status = status
            self.exit = exit
            self.exitedAt = exitedAt
            self.exitExpected = exitExpected
        }
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

    /// A generation that was just numbered: nothing spawned yet.
    public init(generation: Int, plan: GenerationPlan, createdAt: WallTime) {
        self.generation = generation
        self.plan = plan
        self.createdAt = createdAt
        status = .initializing
        phase = .starting
        workers = (0..<max(plan.workers, 1)).map { Worker(index: $0) }
        readyAt = nil
        initMilliseconds = nil
        leavingAt = nil
        reloads = 0
        sigtermSent = false
        sigtermAt = nil
        sigtermReason = nil
        sigkillSent = false
        hardStopAt = nil
        exit = nil
        exitAt = nil
        exitExpected = false
    }
}
