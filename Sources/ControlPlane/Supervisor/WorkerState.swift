// One worker's life as the supervisor knows it: how far it says it came, what it was sent, and
// until when it must have shown progress. Refuses nothing by itself: it answers whether a message
// was in order, and its generation decides. Pure value, used on the master's thread.

import Clock

/// ```
/// spawning ─▶ preparing ─▶ ready ─▶ adopting ─▶ accepting ─▶ releasing ─▶ released ─▶ drained
///      └──────────┴──────────┴─────────┴────────────┴────────────┴────────────┴──────────┴─▶ exited
/// ```
/// `adopting` and `releasing` are entered by commands (`handOff`, `release`), the others by what
/// the worker or the kernel reports. A message repeated is ignored; one out of order is a
/// violation.
struct WorkerState: Sendable {
    enum Stage: Int, Sendable, CaseIterable, Comparable {
        case spawning, preparing, ready, adopting, accepting, releasing, released, drained, exited

        static func < (left: Stage, right: Stage) -> Bool { left.rawValue < right.rawValue }
    }

    /// What a message did.
    enum Reply: Sendable, Equatable {
        case advanced
        /// A repetition, or of one that is exited or killed.
        case ignored
        case violation(String)
    }

    private(set) var stage = Stage.spawning
    /// When SIGTERM turns into SIGKILL; nil until SIGTERM was sent.
    private(set) var killAt: Instant?
    private(set) var isKilled = false
    /// Nil while it need not show any.
    private(set) var progressDeadline: Instant?

    init() {}

    /// Stands in for a worker that came this far; for tests of every stage.
    init(stage: Stage) {
        self.stage = stage
    }

    // MARK: What is so

    /// Neither exited nor sent SIGKILL: it still counts, for good or bad.
    var isLive: Bool { stage != .exited && !isKilled }
    var isTerminated: Bool { killAt != nil }
    var isSpawned: Bool { stage != .spawning }
    var isReady: Bool { isLive && stage >= .ready }
    var isAccepting: Bool { isLive && stage >= .accepting && stage < .released }
    var isReleased: Bool { isLive && stage >= .released }
    /// Told to release and silent since.
    var owesRelease: Bool { isLive && stage == .releasing }

    // MARK: Commands

    mutating func handOff() {
        if isLive && stage == .ready { stage = .adopting }
    }

    mutating func release() {
        if isLive && (stage == .adopting || stage == .accepting) { stage = .releasing }
    }

    /// Whether SIGTERM is to be sent: only once, and only to one that is there.
    mutating func terminate(killAt: Instant) -> Bool {
        guard isLive, isSpawned, !isTerminated else { return false }
        self.killAt = killAt
        progressDeadline = nil
        return true
    }

    /// Whether SIGKILL is to be sent.
    mutating func kill() -> Bool {
        guard isLive, isSpawned else { return false }
        isKilled = true
        progressDeadline = nil
        return true
    }

    // MARK: Events

    mutating func didSpawn() {
        if stage == .spawning { stage = .preparing }
    }

    mutating func didReportReady(at now: Instant) -> Reply {
        guard isLive else { return .ignored }
        switch stage {
        case .spawning, .preparing:
            stage = .ready
            watch(until: now + Liveness.progressTimeout)
            return .advanced
        case .ready, .adopting, .accepting, .releasing, .released, .drained, .exited:
            return .ignored
        }
    }

    /// It cannot do what it was asked: prepare, or take its listeners.
    mutating func didRefuse() -> Reply {
        guard isLive else { return .ignored }
        switch stage {
        case .spawning, .preparing, .adopting: return .advanced
        case .ready, .accepting, .releasing, .released, .drained:
            return .violation("refused when nothing was asked of it")
        case .exited: return .ignored
        }
    }

    mutating func didReportAccepting() -> Reply {
        guard isLive else { return .ignored }
        switch stage {
        case .spawning, .preparing, .ready:
            return .violation("accepting before it was handed any listener")
        case .adopting:
            stage = .accepting
            return .advanced
        case .accepting, .releasing, .released, .drained, .exited: return .ignored
        }
    }

    mutating func didReportReleased() -> Reply {
        guard isLive else { return .ignored }
        switch stage {
        case .spawning, .preparing, .ready, .adopting, .accepting:
            return .violation("released before it was told to release")
        case .releasing:
            stage = .released
            return .advanced
        case .released, .drained, .exited: return .ignored
        }
    }

    /// It exits by itself next, within `exitTimeout`.
    mutating func didReportDrained(at now: Instant, exitTimeout: Duration) -> Reply {
        guard isLive else { return .ignored }
        switch stage {
        case .spawning, .preparing, .ready, .adopting, .accepting, .releasing:
            return .violation("drained before it had released its listeners")
        case .released:
            stage = .drained
            watch(until: now + exitTimeout)
            return .advanced
        case .drained, .exited: return .ignored
        }
    }

    mutating func didProgress(at now: Instant) {
        // One that is drained has nothing left to do but exit.
        guard progressDeadline != nil, stage != .drained else { return }
        progressDeadline = now + Liveness.progressTimeout
    }

    /// Whether the exit is no surprise: it was told to end, or had finished; nil if repeated.
    mutating func didExit(_ exit: WorkerExit) -> Bool? {
        guard stage != .exited else { return nil }
        let hadFinished = stage == .drained || (stage == .released && exit.code == 0)
        let isExpected = isTerminated || hadFinished
        end()
        return isExpected
    }

    /// Gone without a status: it was never spawned, or nobody can say.
    mutating func end() {
        stage = .exited
        progressDeadline = nil
    }

    /// The watch starts again: the master itself had not run.
    mutating func forgive(until instant: Instant) {
        if let deadline = progressDeadline { progressDeadline = max(deadline, instant) }
    }

    // MARK: Private

    private mutating func watch(until instant: Instant) {
        progressDeadline = isTerminated ? nil : instant
    }
}
