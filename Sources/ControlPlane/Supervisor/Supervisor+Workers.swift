// What workers say and how they end, and what it means for the reload and for service.

import Clock

extension Supervisor {
    // MARK: Messages

    mutating func didReportReady(_ worker: WorkerID, at now: Moment) {
        judge(
            roster.update(worker.generation) { $0.didReportReady(worker.index, at: now) },
            worker, at: now)
    }

    mutating func didReportAccepting(_ worker: WorkerID, at now: Moment) {
        judge(
            roster.update(worker.generation) { $0.didReportAccepting(worker.index) },
            worker, at: now)
    }

    mutating func didReportReleased(_ worker: WorkerID, at now: Moment) {
        judge(
            roster.update(worker.generation) { $0.didReportReleased(worker.index) },
            worker, at: now)
    }

    mutating func didReportDrained(_ worker: WorkerID, at now: Moment) {
        judge(
            roster.update(worker.generation) {
                $0.didReportDrained(worker.index, at: now.instant)
            }, worker, at: now)
    }

    mutating func didRefuse(_ worker: WorkerID, _ failure: ReloadFailure, at now: Moment) {
        let reply = roster.update(worker.generation) { $0.didRefuse(worker.index) }
        if reply == .advanced {
            failRunning(ofLost: worker, with: failure, at: now)
        } else {
            judge(reply, worker, at: now)
        }
    }

    /// SIGKILL at once: nothing it says or does can be trusted any more.
    mutating func didViolate(_ worker: WorkerID, _ words: String, at now: Moment) {
        guard roster[worker.generation]?.worker(worker.index)?.isLive == true else { return }
        counters.protocolViolations += 1
        effects.append(.report(.workerViolated(worker, words)))
        let failure = ReloadFailure(
            code: "worker-protocol-error", detail: "worker \(worker): \(words)")
        kill(worker, because: failure, at: now)
    }

    mutating func didGetStuck(_ worker: WorkerID, at now: Moment) {
        guard roster[worker.generation]?.worker(worker.index)?.isLive == true else { return }
        counters.workersStuck += 1
        effects.append(.report(.workerStuck(worker)))
        let failure = ReloadFailure(
            code: "worker-exited-in-init", detail: "worker \(worker) made no progress: killed")
        kill(worker, because: failure, at: now)
    }

    private mutating func judge(_ reply: WorkerState.Reply?, _ worker: WorkerID, at now: Moment) {
        if case .violation(let words) = reply { didViolate(worker, words, at: now) }
    }

    // MARK: Losses

    mutating func didExit(
        _ worker: WorkerID, _ exit: WorkerExit, logTail: [String], at now: Moment
    ) {
        let wasLive = roster[worker.generation]?.worker(worker.index)?.isLive == true
        guard
            let isExpected = roster.update(
                worker.generation, { $0.didExit(worker.index, exit, at: now) }) ?? nil
        else { return }
        if isExpected {
            counters.workerExitsExpected += 1
        } else {
            counters.workerExitsUnexpected += 1
        }
        guard wasLive else { return }
        let failure = ReloadFailure(
            code: "worker-exited-in-init", detail: "worker \(worker) \(exit.words)")
        failRunning(ofLost: worker, with: failure, logTail: logTail, at: now)
        crash(worker.generation, exit, at: now)
    }

    /// What a loss means is decided now: the exit may take its time.
    private mutating func kill(
        _ worker: WorkerID, because failure: ReloadFailure, at now: Moment
    ) {
        effects += roster.update(worker.generation) { $0.kill(worker.index) } ?? []
        failRunning(ofLost: worker, with: failure, at: now)
        crash(worker.generation, nil, at: now)
    }

    /// Fails the running reload if it needs `worker`; from RELEASING on it goes through anyway.
    private mutating func failRunning(
        ofLost worker: WorkerID, with failure: ReloadFailure, logTail: [String] = [],
        at now: Moment
    ) {
        guard let operation = queue.running, operation.record.toGeneration == worker.generation,
            operation.stage < .releasing
        else { return }
        var failure = failure
        if operation.stage == .accepting && failure.code == "worker-exited-in-init" {
            failure.code = "switch-failed"
        }
        fail(with: failure, logTail: logTail, at: now)
    }

    /// `started` for a generation that was given up: nobody waits for it, so it must not stay.
    mutating func killLateArrivals(_ number: Int) {
        guard let record = roster.exited.first(where: { $0.generation == number }) else { return }
        effects += record.workers.filter { $0.pid == nil && $0.exit == nil }.map {
            .signal(WorkerID(generation: number, index: $0.index), .kill)
        }
    }
}

extension WorkerExit {
    var words: String {
        if let signal { return "was killed by signal \(signal)" }
        return "exited with code \(code ?? 0)"
    }
}
