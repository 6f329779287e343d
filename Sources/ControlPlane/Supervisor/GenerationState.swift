// One generation: its workers, its record, its deadlines. Decides what a message or a deadline
// means for the generation itself; what it means for a reload or for service, `Supervisor`
// decides. Pure value, used on the master's thread.

import Clock

/// Phases, one way: `STARTING → SERVING → LEAVING → EXITED`; a failed one skips what it never was.
struct GenerationState: Sendable {
    /// How long an unanswered `start` is waited for after its reload ended.
    static let answerTimeout: Duration = .seconds(10)

    var record: GenerationRecord
    var workers: [WorkerState]
    /// Whether `started` or `startFailed` came.
    var isStartAnswered = false
    /// It lost a worker while SERVING and a replacement was ordered.
    private(set) var isCrashed = false
    private(set) var isReleaseAsked = false
    private(set) var servingSince: Instant?
    var spawnedAt: Instant?
    var hardStopAt: Instant?
    var releaseDeadline: Instant?
    var answerDeadline: Instant?
    /// SIGTERM was due before there was a worker to send it to.
    var dueSigterm: GenerationRecord.SigtermReason?
    /// The exit that the record will show: the first unexpected one, else the last.
    var shownExit: WorkerExit?
    var areExitsExpected = true

    init(number: Int, plan: GenerationPlan, at now: Moment) {
        record = GenerationRecord(generation: number, plan: plan, createdAt: now.wall)
        workers = record.workers.map { _ in WorkerState() }
    }

    // MARK: What is so

    var number: Int { record.generation }
    var plan: GenerationPlan { record.plan }
    var phase: GenerationRecord.Phase { record.phase }
    var isExited: Bool { record.phase == .exited }
    var areAllReady: Bool { isStartAnswered && workers.allSatisfy(\.isReady) }
    var areAllAccepting: Bool { workers.allSatisfy(\.isAccepting) }
    var isAnyAccepting: Bool { workers.contains(where: \.isAccepting) }
    var isAnyReleased: Bool { workers.contains(where: \.isReleased) }
    /// Nobody of it holds a listener: every live worker acknowledged.
    var isReleased: Bool { workers.allSatisfy { !$0.isLive || $0.isReleased } }
    var isAnyLive: Bool { workers.contains(where: \.isLive) }
    var hasLostWorker: Bool { workers.contains { !$0.isLive } }
    var isWatched: Bool { workers.contains { $0.progressDeadline != nil } }
    /// Nothing is left that a signal could change.
    var isBeyondSignals: Bool { isStartAnswered && !isAnyLive }

    func worker(_ index: Int) -> WorkerState? {
        workers.indices.contains(index) ? workers[index] : nil
    }

    var nextDeadline: Instant? {
        var earliest: Instant?
        func consider(_ instant: Instant?) {
            guard let instant else { return }
            earliest = min(earliest ?? instant, instant)
        }
        for worker in workers where worker.isLive {
            consider(worker.killAt)
            consider(worker.progressDeadline)
        }
        consider(hardStopAt)
        consider(releaseDeadline)
        consider(answerDeadline)
        return earliest
    }

    // MARK: Commands

    mutating func handOff() -> [SupervisorEffect] {
        for index in workers.indices { workers[index].handOff() }
        return [.handOff(generation: number)]
    }

    /// Who has not acknowledged after `timeout` is stuck.
    mutating func release(
        to successor: Int?, timeout: Duration, at now: Instant
    ) -> [SupervisorEffect] {
        guard !isReleaseAsked else { return [] }
        isReleaseAsked = true
        releaseDeadline = now + timeout
        for index in workers.indices { workers[index].release() }
        return [.release(generation: number, successor: successor)]
    }

    /// Its switch failed. Who accepts may hold connections and drains them; who does not is
    /// killed. If nobody accepts, or nobody else has the listeners, all are told to end: released
    /// listeners without a successor would be closed.
    mutating func withdraw(
        for successor: Int?, reason: GenerationRecord.SigtermReason, at now: Moment
    ) -> [SupervisorEffect] {
        guard isAnyAccepting, let successor else { return terminate(reason, at: now) }
        var effects: [SupervisorEffect] = []
        for index in workers.indices where !workers[index].isAccepting {
            effects += kill(index)
        }
        return effects + release(to: successor, timeout: plan.switchTimeout, at: now.instant)
    }

    /// One that died after the old one began to let go owns the listeners too: then it crashed.
    mutating func serve(at now: Moment) -> [SupervisorEffect] {
        if !isExited { record.phase = .serving }
        servingSince = now.instant
        return [.commitListeners(generation: number), .report(.generationServing(number))]
    }

    mutating func leave(reloads: Int, at now: Moment) -> [SupervisorEffect] {
        guard phase == .starting || phase == .serving else { return [] }
        record.phase = .leaving
        record.reloads = reloads
        record.leavingAt = now.wall
        record.hardStopAt = now.wall + plan.hardStopAfter
        hardStopAt = now.instant + plan.hardStopAfter
        releaseDeadline = nil
        return [.report(.generationLeaving(number, reloads: reloads))]
    }

    /// One more successful reload while LEAVING.
    mutating func age() { record.reloads += 1 }

    mutating func noteCrash() { isCrashed = true }

    /// SIGTERM to every live worker, once in a generation's life.
    mutating func terminate(
        _ reason: GenerationRecord.SigtermReason, at now: Moment
    ) -> [SupervisorEffect] {
        guard !isExited, !record.sigtermSent else { return [] }
        if !isStartAnswered && dueSigterm == nil {
            dueSigterm = reason
            answerDeadline = now.instant + Self.answerTimeout
        }
        let killAt = now.instant + plan.killAfter
        var effects: [SupervisorEffect] = []
        for index in workers.indices where workers[index].terminate(killAt: killAt) {
            effects.append(.signal(id(index), .terminate))
        }
        guard !effects.isEmpty else { return [] }
        record.sigtermSent = true
        record.sigtermAt = now.wall
        record.sigtermReason = reason
        releaseDeadline = nil
        hardStopAt = nil
        return effects + [.report(.generationSignalled(number, reason))]
    }

    /// SIGKILL to one worker, at once.
    mutating func kill(_ index: Int) -> [SupervisorEffect] {
        guard workers.indices.contains(index), workers[index].kill() else { return [] }
        record.sigkillSent = true
        return [.signal(id(index), .kill)]
    }

    func id(_ index: Int) -> WorkerID { WorkerID(generation: number, index: index) }
}
