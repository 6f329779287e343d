/// Everything that can happen to the supervisor. The master turns reality into these, one at a
/// time; each may come late, twice, or never, and from a worker that lies.
public enum SupervisorEvent: Sendable, Equatable {
    // Wishes.
    case reloadRequested(
        id: String, mode: ReloadRecord.Mode, trigger: ReloadRecord.Trigger,
        options: ReloadOptions = ReloadOptions())
    case reloadCancelled(id: String)
    case terminateRequested(generation: Int)
    /// `graceful` drains, otherwise SIGTERM to all. A second, harder wish hurries the first.
    case stopRequested(graceful: Bool)

    // Answers to effects.
    /// The record that `record` was about is durable, or why it is not.
    case recorded(reload: String, ReloadFailure?)
    /// `fallback` is the last good revision of earlier lives; only looked for when a configuration
    /// is not valid and nothing has served yet.
    case validated(
        reload: String, Result<GenerationPlan, ReloadFailure>, fallback: GenerationPlan? = nil)
    /// Every worker of the generation is spawned and has been sent `prepare`.
    case started(generation: Int, pids: [Int32])
    /// None is left running, new sockets are closed again.
    case startFailed(generation: Int, ReloadFailure)
    /// The sockets could not be handed over; the master has taken nothing from the old generation.
    case switchFailed(generation: Int, ReloadFailure)

    // From workers.
    case workerReady(WorkerID)
    case workerRefused(WorkerID, ReloadFailure)
    case workerAccepting(WorkerID)
    case workerReleased(WorkerID)
    case workerDrained(WorkerID)
    /// It broke the control protocol; the words say how.
    case workerViolated(WorkerID, String)
    /// Every loop of it moved on since the last such event.
    case workerProgressed(WorkerID)
    /// Reaped through its pidfd.
    case workerExited(WorkerID, WorkerExit, logTail: [String])

    /// Nothing but time: due at `Supervisor.nextDeadline`.
    case tick
}
