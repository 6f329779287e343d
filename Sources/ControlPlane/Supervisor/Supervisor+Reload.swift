// A reload's way from the wish to its end, step by step (architecture: "Reload, step by step").

import Clock

extension Supervisor {
    // MARK: Wishes

    mutating func request(
        _ id: String, _ mode: ReloadRecord.Mode, _ trigger: ReloadRecord.Trigger,
        _ options: ReloadOptions, at now: Moment
    ) {
        guard !queue.knows(id) else { return }
        let operation = ReloadOperation(
            id: id, mode: mode, trigger: trigger, at: now, options: options)
        if isStopping {
            conclude(operation, .failed, .shuttingDown, at: now)
            return
        }
        if let rejection = rejection(of: trigger, options, at: now.instant) {
            effects.append(.reloadRejected(id: id, rejection))
            return
        }
        effects.append(.record(operation.record))
        if let superseded = queue.enqueue(operation, at: now.instant) {
            conclude(superseded, .superseded, nil, by: id, at: now)
        }
    }

    /// Why it is not even taken. Signals obey the queue, not the rate: who may send one owns us.
    private mutating func rejection(
        of trigger: ReloadRecord.Trigger, _ options: ReloadOptions, at now: Instant
    ) -> ReloadRejection? {
        guard trigger.source == .api else { return nil }
        let interval = roster.serving?.plan.reloadInterval ?? ReloadRate.standardInterval
        if let wait = rate.wait(interval: interval, at: now) { return .tooMany(retryAfter: wait) }
        if options.onBusy == .reject, let busy = queue.waiting ?? queue.running {
            return .inProgress(reload: busy.record.id)
        }
        rate.take()
        return nil
    }

    /// One that could not be recorded has not happened.
    mutating func didRecord(_ id: String, _ failure: ReloadFailure?, at now: Moment) {
        guard let waiting = queue.waiting, waiting.record.id == id, !waiting.isRecorded else {
            return
        }
        guard let failure else {
            queue.noteRecorded()
            return
        }
        _ = queue.takeWaiting()
        conclude(waiting, .failed, failure, at: now)
    }

    mutating func recordingIsLate(at now: Moment) {
        guard let waiting = queue.takeWaiting() else { return }
        let failure = ReloadFailure(
            code: "store-failed",
            detail: "the record was not on disk within 10 s; is the state directory's disk stuck?")
        conclude(waiting, .failed, failure, at: now)
    }

    mutating func cancel(_ id: String, at now: Moment) {
        if queue.waiting?.record.id == id, let operation = queue.takeWaiting() {
            conclude(operation, .cancelled, .cancelled, at: now)
        } else if let running = queue.running, running.record.id == id, running.isRevocable {
            fail(with: .cancelled, as: .cancelled, at: now)
        }
    }

    /// The API refuses it for the serving generation; here it is ignored then.
    mutating func terminate(_ number: Int, at now: Moment) {
        if let running = queue.running, running.record.toGeneration == number {
            if running.isRevocable {
                fail(with: .cancelled, as: .cancelled, sigterm: .api, at: now)
            }
            return
        }
        guard let generation = roster[number], generation.phase != .serving else { return }
        sigterm(number, .api, at: now)
    }

    // MARK: Start

    /// A reload by request goes before a pending replacement, but not twice in a row.
    mutating func startNext(at now: Moment) -> Bool {
        guard queue.running == nil, !isStopping else { return false }
        let isRestartDue = restart.map { $0.dueAt <= now.instant } ?? false
        let mustYield = isRestartDue && restart?.hasYielded == true
        if !mustYield, queue.isDue(at: now.instant), var operation = queue.takeWaiting() {
            restart?.hasYielded = true
            operation.validate(from: serving, at: now)
            effects.append(.validate(reload: operation.record.id))
            queue.running = operation
            return true
        }
        guard isRestartDue, let restart else { return false }
        self.restart = nil
        let operation = ReloadOperation(
            id: restart.id, mode: .soft,
            trigger: ReloadRecord.Trigger(
                source: restart.source, principal: "master", reason: restart.reason),
            at: now, restart: restart)
        spawn(restart.plan, for: operation, at: now)
        return true
    }

    private mutating func spawn(
        _ plan: GenerationPlan, for operation: ReloadOperation, at now: Moment
    ) {
        let number = nextGeneration
        nextGeneration += 1
        roster.add(GenerationState(number: number, plan: plan, at: now))
        var operation = operation
        operation.spawn(number, plan, from: serving, at: now)
        queue.running = operation
        effects.append(.start(generation: number, plan))
    }

    // MARK: Answers

    mutating func didValidate(
        _ reload: String, _ result: Result<GenerationPlan, ReloadFailure>,
        fallback: GenerationPlan?, at now: Moment
    ) {
        guard let operation = queue.running, operation.record.id == reload,
            operation.stage == .validating
        else { return }
        switch result {
        case .success(let plan):
            if operation.options.ifChanged, let serving = roster.serving, !serving.isCrashed,
                serving.plan.isSameConfiguration(as: plan)
            {
                leaveUnchanged(operation, serving.plan.revision, at: now)
                return
            }
            desiredRevision = plan.revision
            spawn(plan, for: operation, at: now)
        case .failure(let failure): fail(with: failure, fallback: fallback, at: now)
        }
    }

    private mutating func leaveUnchanged(
        _ operation: ReloadOperation, _ revision: Int, at now: Moment
    ) {
        _ = queue.takeRunning()
        desiredRevision = revision
        var operation = operation
        operation.noteUnchanged(revision)
        conclude(operation, .succeeded, nil, at: now)
    }

    mutating func didStart(_ number: Int, pids: [Int32], at now: Moment) {
        guard let own = roster.update(number, { $0.didStart(pids: pids, at: now) }) else {
            killLateArrivals(number)
            return
        }
        effects += own
        if running(with: number, in: .spawning) { queue.running?.awaitReady(at: now) }
    }

    mutating func didFailToStart(_ number: Int, _ failure: ReloadFailure, at now: Moment) {
        guard roster[number]?.isStartAnswered == false else { return }
        _ = roster.update(number) { $0.didFailToStart(at: now) }
        if running(with: number, in: .spawning) { fail(with: failure, at: now) }
    }

    /// Whether the running reload brings up `generation` and is in `stage`.
    func running(with generation: Int, in stage: ReloadOperation.Stage) -> Bool {
        queue.running?.record.toGeneration == generation && queue.running?.stage == stage
    }

    // MARK: Steps

    mutating func advanceReload(at now: Moment) -> Bool {
        guard let operation = queue.running, let number = operation.record.toGeneration,
            let plan = operation.plan, let new = roster[number]
        else { return false }
        switch operation.stage {
        case .queued, .validating, .spawning, .finished: return false
        case .waitingReady:
            guard new.areAllReady else { return false }
            effects.append(.report(.generationReady(number)))
            queue.running?.awaitAccepting(timeout: plan.switchTimeout, at: now)
            effects += roster.update(number) { $0.handOff() } ?? []
        case .accepting:
            guard new.areAllAccepting else { return false }
            askToRelease(successor: number, plan: plan, at: now)
        case .releasing:
            let old = operation.record.fromGeneration.flatMap { roster[$0] }
            var isReleased = old?.isReleased ?? true
            #if DEBUG
            isReleased = isReleased || sabotage.contains(.leaveBeforeReleased)
            #endif
            guard isReleased else { return false }
            commit(operation, at: now)
        }
        return true
    }

    private mutating func askToRelease(successor: Int, plan: GenerationPlan, at now: Moment) {
        let old = roster.serving
        queue.running?.awaitReleased(by: old?.number)
        guard let old, old.isAnyLive else { return }
        effects +=
            roster.update(old.number) {
                $0.release(to: successor, timeout: plan.switchTimeout, at: now.instant)
            } ?? []
    }

    /// The switch is done: ages, phases, listeners and sentences change in this one step.
    private mutating func commit(_ operation: ReloadOperation, at now: Moment) {
        guard let number = operation.record.toGeneration, let plan = operation.plan else { return }
        var ages = operation.isByRequest
        #if DEBUG
        ages = ages || sabotage.contains(.countRestarts)
        #endif
        if ages { ageLeavers() }
        let replaced = roster.serving
        if let replaced {
            effects +=
                roster.update(replaced.number) { $0.leave(reloads: ages ? 1 : 0, at: now) } ?? []
            if !replaced.isCrashed && goodPlan == nil { goodPlan = replaced.plan }
        }
        effects += roster.update(number) { $0.serve(at: now) } ?? []
        hasServed = true
        appliedRevision = plan.revision
        if let restart = operation.restart, restart.source == .rollback,
            let bad = restart.crashedRevision
        {
            effects.append(
                .report(.rolledBack(fromRevision: bad, toRevision: plan.revision)))
        }
        restart = nil
        if operation.isByRequest { backoff.reset() }
        let sentences =
            ages
            ? LeaverPolicy.sentences(
                leavers: roster.live.map(\.record), replaced: replaced?.number,
                mode: operation.record.mode, maxReloads: plan.maxReloads) : []
        let signalled = sentences.filter { sigterm($0.generation, $0.reason, at: now) }
        #if DEBUG
        if sabotage.contains(.terminateTwice) { terminateAgain(maxReloads: plan.maxReloads) }
        #endif
        _ = queue.takeRunning()
        var operation = operation
        operation.retire(sigtermSentTo: signalled.map(\.generation), at: now)
        conclude(operation, .succeeded, nil, at: now)
        if let new = roster[number], new.hasLostWorker { crash(number, nil, at: now) }
    }

    private mutating func ageLeavers() {
        _ = roster.updateAll { if $0.phase == .leaving { $0.age() } }
    }

    /// Whether anybody was there to be signalled.
    @discardableResult
    mutating func sigterm(
        _ number: Int, _ reason: GenerationRecord.SigtermReason, at now: Moment
    ) -> Bool {
        let own = roster.update(number) { $0.terminate(reason, at: now) } ?? []
        effects += own
        return !own.isEmpty
    }

    // MARK: Failure

    mutating func runningIsLate(at now: Moment) {
        guard let operation = queue.running else { return }
        switch operation.stage {
        case .queued, .releasing, .finished: break
        case .validating:
            fail(
                with: ReloadFailure(
                    code: "config-invalid", detail: "reading the configuration took too long"),
                at: now)
        case .spawning, .waitingReady:
            let failure = ReloadFailure(
                code: "ready-timeout", detail: "not READY within the time of process.ready_timeout")
            fail(with: failure, sigterm: .readyTimeout, at: now)
        case .accepting:
            let failure = ReloadFailure(
                code: "switch-failed", detail: "not every worker took its listeners in time")
            fail(with: failure, at: now)
        }
    }

    /// Ends the running reload, whose generation has not replaced anybody: undoes what it did.
    mutating func fail(
        with failure: ReloadFailure, as status: ReloadRecord.Status = .failed,
        sigterm reason: GenerationRecord.SigtermReason = .cancelled, logTail: [String] = [],
        fallback: GenerationPlan? = nil, at now: Moment
    ) {
        guard var operation = queue.takeRunning() else { return }
        operation.attach(logTail: logTail)
        if let number = operation.record.toGeneration {
            let successor = serving
            effects +=
                roster.update(number) {
                    $0.withdraw(for: successor, reason: reason, at: now)
                } ?? []
            effects.append(.abandonListeners(generation: number))
        }
        #if DEBUG
        if sabotage.contains(.ageOnFailedReload) { ageLeavers() }
        #endif
        conclude(operation, status, failure, at: now)
        if hasServed {
            if let restart = operation.restart { retry(restart, at: now) }
        } else if operation.restart != nil || operation.record.trigger.source == .startup {
            if let fallback {
                startFromLastGood(fallback, at: now)
            } else {
                stop(graceful: false, code: failure.exitCode, at: now)
            }
        }
    }

    /// The one place where a reload gets its final status.
    mutating func conclude(
        _ operation: ReloadOperation, _ status: ReloadRecord.Status, _ failure: ReloadFailure?,
        by successor: String? = nil, at now: Moment
    ) {
        var operation = operation
        operation.finish(status, failure, supersededBy: successor, at: now)
        if operation.isByRequest && status == .succeeded { counters.reloadsSucceeded += 1 }
        if operation.isByRequest && status == .failed { counters.reloadsFailed += 1 }
        if !operation.isByRequest && status == .succeeded { counters.restarts += 1 }
        queue.keep(operation.record)
        effects.append(.reloadFinished(operation.record))
    }
}

extension ReloadFailure {
    static let cancelled = ReloadFailure(code: "cancelled", detail: "cancelled by request")
    static let shuttingDown = ReloadFailure(code: "shutting-down", detail: "the master is stopping")

    /// Of the master, if this ended its first reload (docs/reload-and-handoff.md).
    var exitCode: Int32 {
        switch code {
        // A directory that does not answer yet may answer in a moment: who supervises us tries again.
        case "config-invalid"
        where !problems.isEmpty && problems.allSatisfy({ $0.code == "lookup-failed" }): 1
        case "config-invalid", "file-missing": 3
        case "listener-bind-failed": 4
        default: 1
        }
    }
}
