/// Everything the supervisor can ask of the world. The master carries them out in order and
/// answers with events; each effect is small, and none decides anything.
public enum SupervisorEffect: Sendable, Equatable {
    /// Make it durable that this reload was asked for; answer `recorded`. One that came through the
    /// API waits for that.
    case record(ReloadRecord)
    /// Tell the caller; there is no record.
    case reloadRejected(id: String, ReloadRejection)
    /// Read and check the configuration; store it as a revision; answer `validated`.
    case validate(reload: String)
    /// Persist the number, bind what is new (not listening yet), spawn all workers, send
    /// `prepare`; answer `started` or `startFailed`.
    case start(generation: Int, GenerationPlan)
    /// Apply socket options, listen, and hand the generation its listeners; workers answer
    /// `workerAccepting`; the master answers `switchFailed` if it cannot.
    case handOff(generation: Int)
    /// Tell all workers of it to release and drain. `successor` is the generation that has the
    /// listeners now; nil when nobody follows: then every accept queue is drained and closed.
    case release(generation: Int, successor: Int?)
    /// The listeners of `generation` are the ones from now on: close what only others had.
    case commitListeners(generation: Int)
    /// Undo `start` or `handOff`: close the sockets that only this generation would have had.
    case abandonListeners(generation: Int)
    /// Through the pidfd.
    case signal(WorkerID, Signal)
    /// A reload reached its final status: persist it, wake who waits.
    case reloadFinished(ReloadRecord)
    /// For the log and the event stream.
    case report(SupervisorReport)
    /// All is over: leave with this code.
    case exit(code: Int32)

    public enum Signal: String, Sendable, Equatable { case terminate = "TERM", kill = "KILL" }
}

/// A fact worth telling an operator.
public enum SupervisorReport: Sendable, Equatable {
    case generationReady(Int)
    case generationServing(Int)
    case generationLeaving(Int, reloads: Int)
    case generationSignalled(Int, GenerationRecord.SigtermReason)
    case generationExited(Int, WorkerExit?, expected: Bool)
    case generationCrashed(Int, WorkerExit?, restartAfterMilliseconds: Int)
    case workerStuck(WorkerID)
    case workerViolated(WorkerID, String)
    case rolledBack(fromRevision: Int, toRevision: Int)
    /// The configuration is not valid at the start: what earlier lives ran is started.
    case startsFromLastGood(revision: Int)
}
