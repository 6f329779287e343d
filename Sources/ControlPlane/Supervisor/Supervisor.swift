// The heart of the master: which generation serves, which reload runs, who is signalled when.
// Owns every decision about workers and no resource: no I/O, no clock, no randomness, so that
// every interleaving can be replayed. Driven by the master's loop, on its thread; its effects are
// carried out there. What it guarantees: docs/reload-and-handoff.md.

public import Clock

/// (state, event, now) → (state, effects). No effect's answer is needed to go on: each has a
/// deadline, at the latest `nextDeadline`, when the caller sends `.tick`.
public struct Supervisor: Sendable {
    /// Totals since this process began.
    public struct Counters: Sendable, Equatable {
        /// Reloads by request: startup, API, signal.
        public internal(set) var reloadsSucceeded = 0
        public internal(set) var reloadsFailed = 0
        /// Crashed generations, and replacements (restart or rollback) that came to serve.
        public internal(set) var crashes = 0
        public internal(set) var restarts = 0
        public internal(set) var workerExitsExpected = 0
        public internal(set) var workerExitsUnexpected = 0
        public internal(set) var workersStuck = 0
        public internal(set) var protocolViolations = 0
    }

    public internal(set) var counters = Counters()
    /// Revision of the last reload by request that was valid; nil before.
    public internal(set) var desiredRevision: Int?
    /// Revision that serves, or served last; nil before.
    public internal(set) var appliedRevision: Int?
    /// When the next event must come even if nothing happens; nil: never. It may be a little
    /// early, never late.
    public internal(set) var nextDeadline: Instant?
    /// The number that the next generation will get.
    public internal(set) var nextGeneration: Int

    var roster = GenerationRoster()
    var queue: ReloadQueue
    var rate = ReloadRate()
    var backoff = RestartBackoff()
    var restart: PendingRestart?
    /// The last plan that outlived its probation: where a rollback goes.
    var goodPlan: GenerationPlan?
    var hasServed = false
    var stopping: Stopping?
    /// Of the event that is being handled.
    var effects: [SupervisorEffect] = []
    #if DEBUG
    var sabotage: Sabotage = []
    #endif

    /// - Parameters:
    ///   - nextGeneration: one more than the highest number ever used, from 1.
    ///   - reloads: finished records of earlier lives, newest first.
    public init(nextGeneration: Int = 1, reloads: [ReloadRecord] = []) {
        self.nextGeneration = max(nextGeneration, 1)
        queue = ReloadQueue(finished: reloads.filter(\.status.isTerminal))
    }

    // MARK: What is so

    /// All live ones and the last 50 exited ones, newest first.
    public var generations: [GenerationRecord] { roster.records }

    /// Those not over yet and the last 200 others, newest first.
    public var reloads: [ReloadRecord] { queue.records }

    /// The one that runs now; nil if none does.
    public var runningReload: ReloadRecord? { queue.running?.record }

    /// The SERVING generation; none before the first and while a crashed one is replaced.
    public var serving: Int? { roster.serving?.number }

    /// Until when a crash of the serving generation means going back to the revision before.
    public var probationEndsAt: Instant? {
        roster.serving.flatMap { serving in serving.servingSince.map { $0 + serving.plan.probation }
        }
    }

    /// When the pending replacement of a crashed generation is due; nil if none is pending.
    public var restartDueAt: Instant? { restart?.dueAt }

    /// Crashes and failed replacements in a row.
    public var crashesInSeries: Int { backoff.crashes }

    public var isStopping: Bool { stopping != nil }

    // MARK: The one entry

    /// Handles one event and everything that is due at `now`; time never goes back.
    public mutating func handle(
        _ event: SupervisorEvent, at now: Moment
    ) -> [SupervisorEffect] {
        forgiveAfterPause(at: now.instant)
        if case .workerProgressed(let worker) = event {
            _ = roster.update(worker.generation) { $0.didProgress(worker.index, at: now.instant) }
            // Far the most frequent event: nothing else can have become due by it.
            if let nextDeadline, now.instant < nextDeadline { return [] }
        }
        noteProbation(at: now.instant)
        apply(event, at: now)
        expire(at: now)
        while advance(at: now) {}
        nextDeadline = computeNextDeadline(at: now.instant)
        defer { effects = [] }
        return effects
    }

    private mutating func apply(_ event: SupervisorEvent, at now: Moment) {
        switch event {
        case .reloadRequested(let id, let mode, let trigger, let options):
            request(id, mode, trigger, options, at: now)
        case .recorded(let reload, let failure): didRecord(reload, failure, at: now)
        case .reloadCancelled(let id): cancel(id, at: now)
        case .terminateRequested(let generation): terminate(generation, at: now)
        case .stopRequested(let graceful): stop(graceful: graceful, code: 0, at: now)
        case .validated(let reload, let result, let fallback):
            didValidate(reload, result, fallback: fallback, at: now)
        case .started(let generation, let pids): didStart(generation, pids: pids, at: now)
        case .startFailed(let generation, let failure):
            didFailToStart(generation, failure, at: now)
        case .switchFailed(let generation, let failure):
            if running(with: generation, in: .accepting) { fail(with: failure, at: now) }
        case .workerReady(let worker): didReportReady(worker, at: now)
        case .workerRefused(let worker, let failure): didRefuse(worker, failure, at: now)
        case .workerAccepting(let worker): didReportAccepting(worker, at: now)
        case .workerReleased(let worker): didReportReleased(worker, at: now)
        case .workerDrained(let worker): didReportDrained(worker, at: now)
        case .workerViolated(let worker, let words): didViolate(worker, words, at: now)
        case .workerExited(let worker, let exit, let logTail):
            didExit(worker, exit, logTail: logTail, at: now)
        case .workerProgressed, .tick: break
        }
    }

    // MARK: Time

    private mutating func forgiveAfterPause(at now: Instant) {
        guard let grace = Liveness.graceAfterPause(deadline: nextDeadline, at: now) else { return }
        _ = roster.updateAll { $0.forgive(until: grace) }
        queue.forgive(until: grace)
    }

    private mutating func noteProbation(at now: Instant) {
        guard let serving = roster.serving, !serving.isCrashed,
            let end = probationEndsAt, end <= now
        else { return }
        goodPlan = serving.plan
    }

    private mutating func expire(at now: Moment) {
        var stuck: [WorkerID] = []
        for (own, indices) in roster.updateAll({ generation in
            let (effects, stuck) = generation.expire(at: now)
            return (effects, stuck.map(generation.id))
        }) {
            effects += own
            stuck += indices
        }
        for worker in stuck { didGetStuck(worker, at: now) }
        if let deadline = queue.running?.deadline, deadline <= now.instant {
            runningIsLate(at: now)
        }
        if let deadline = queue.recordDeadline, deadline <= now.instant { recordingIsLate(at: now) }
        if let deadline = stopping?.deadline, deadline <= now.instant { leaveAnyway() }
    }

    private func computeNextDeadline(at now: Instant) -> Instant? {
        var deadlines = roster.live.compactMap(\.nextDeadline)
        if let deadline = queue.running?.deadline { deadlines.append(deadline) }
        if let deadline = stopping?.deadline { deadlines.append(deadline) }
        if let restart, queue.running == nil { deadlines.append(max(restart.dueAt, now)) }
        if let startsAt = queue.startsAt { deadlines.append(startsAt) }
        if let deadline = queue.recordDeadline { deadlines.append(deadline) }
        if roster.live.contains(where: \.isWatched) { deadlines.append(now + Liveness.tick) }
        return deadlines.min()
    }

    // MARK: What follows from the state, whatever event led to it

    /// One transition whose condition holds; whether there was one.
    private mutating func advance(at now: Moment) -> Bool {
        if advanceReload(at: now) || startNext(at: now) || leaveReleased(at: now) { return true }
        let gone = roster.archiveExited(except: queue.running?.record.toGeneration)
        for record in gone {
            effects.append(
                .report(
                    .generationExited(
                        record.generation, record.exit, expected: record.exitExpected)))
        }
        return !gone.isEmpty || finishStop(at: now)
    }

    /// Generations that drain without a reload that waits for it: after a failed switch, at a stop.
    private mutating func leaveReleased(at now: Moment) -> Bool {
        let replaced =
            queue.running?.stage == .releasing ? queue.running?.record.fromGeneration : nil
        let left = roster.updateAll { generation -> [SupervisorEffect] in
            guard generation.number != replaced, generation.isReleaseAsked,
                generation.isReleased, generation.isAnyReleased
            else { return [] }
            return generation.leave(reloads: 0, at: now)
        }
        effects += left.joined()
        return left.contains { !$0.isEmpty }
    }
}
