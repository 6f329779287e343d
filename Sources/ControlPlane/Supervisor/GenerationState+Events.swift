// What happens to a generation: answers, messages, exits, time.

import Clock

extension GenerationState {
    // MARK: Answers to `start`

    mutating func didStart(pids: [Int32], at now: Moment) -> [SupervisorEffect] {
        guard !isStartAnswered, !isExited else { return [] }
        isStartAnswered = true
        spawnedAt = now.instant
        answerDeadline = nil
        for index in workers.indices {
            workers[index].didSpawn()
            record.workers[index].pid = pids.indices.contains(index) ? pids[index] : nil
        }
        noteReadiness(at: now)
        guard let reason = dueSigterm else { return [] }
        return lateSigterm(reason, at: now)
    }

    /// None of it runs.
    mutating func didFailToStart(at now: Moment) {
        guard !isStartAnswered, !isExited else { return }
        giveUp(at: now)
    }

    // MARK: Messages

    mutating func didReportReady(_ index: Int, at now: Moment) -> WorkerState.Reply {
        guard workers.indices.contains(index) else { return .ignored }
        let reply = workers[index].didReportReady(at: now.instant)
        if reply == .advanced {
            record.workers[index].status = .ready
            noteReadiness(at: now)
        }
        return reply
    }

    mutating func didRefuse(_ index: Int) -> WorkerState.Reply {
        workers.indices.contains(index) ? workers[index].didRefuse() : .ignored
    }

    mutating func didReportAccepting(_ index: Int) -> WorkerState.Reply {
        workers.indices.contains(index) ? workers[index].didReportAccepting() : .ignored
    }

    mutating func didReportReleased(_ index: Int) -> WorkerState.Reply {
        workers.indices.contains(index) ? workers[index].didReportReleased() : .ignored
    }

    mutating func didReportDrained(_ index: Int, at now: Instant) -> WorkerState.Reply {
        guard workers.indices.contains(index) else { return .ignored }
        return workers[index].didReportDrained(at: now, exitTimeout: plan.killAfter)
    }

    mutating func didProgress(_ index: Int, at now: Instant) {
        if workers.indices.contains(index) { workers[index].didProgress(at: now) }
    }

    // MARK: Exits

    /// Whether it was expected; nil if it is no news.
    mutating func didExit(_ index: Int, _ exit: WorkerExit, at now: Moment) -> Bool? {
        guard workers.indices.contains(index), !isExited else { return nil }
        guard let isExpected = workers[index].didExit(exit) else { return nil }
        record.workers[index].exit = exit
        record.workers[index].exitedAt = now.wall
        record.workers[index].exitExpected = isExpected
        if areExitsExpected { shownExit = exit }
        areExitsExpected = areExitsExpected && isExpected
        if workers.allSatisfy({ $0.stage == .exited }) { end(at: now) }
        return isExpected
    }

    // MARK: Time

    /// What is due at `now`. `stuck` are those who did not acknowledge a release or show progress
    /// in time: the caller kills them, since it may mean more than the loss of a worker.
    mutating func expire(at now: Moment) -> (effects: [SupervisorEffect], stuck: [Int]) {
        guard let nextDeadline, nextDeadline <= now.instant else { return ([], []) }
        var effects: [SupervisorEffect] = []
        func isDue(_ deadline: Instant?) -> Bool { deadline.map { $0 <= now.instant } ?? false }

        if isDue(answerDeadline) {
            answerDeadline = nil
            giveUp(at: now)
        }
        if isDue(hardStopAt) {
            hardStopAt = nil
            effects += terminate(.hardStopAfter, at: now)
        }
        var stuck: [Int] = []
        if isDue(releaseDeadline) {
            releaseDeadline = nil
            stuck = workers.indices.filter { workers[$0].owesRelease }
        }
        for index in workers.indices where workers[index].isLive && !stuck.contains(index) {
            if isDue(workers[index].progressDeadline) { stuck.append(index) }
            if isDue(workers[index].killAt) { effects += kill(index) }
        }
        return (effects, stuck)
    }

    /// After a pause of the master nobody is late before `instant`.
    mutating func forgive(until instant: Instant) {
        for index in workers.indices { workers[index].forgive(until: instant) }
        if let deadline = releaseDeadline { releaseDeadline = max(deadline, instant) }
        if let deadline = answerDeadline { answerDeadline = max(deadline, instant) }
    }

    // MARK: Private

    private mutating func noteReadiness(at now: Moment) {
        guard record.status == .initializing, areAllReady else { return }
        record.status = .ready
        record.readyAt = now.wall
        if let spawnedAt {
            record.initMilliseconds = Int(clamping: (now.instant - spawnedAt).wholeMilliseconds)
        }
    }

    /// For the workers that were not there when the rest was told.
    private mutating func lateSigterm(
        _ reason: GenerationRecord.SigtermReason, at now: Moment
    ) -> [SupervisorEffect] {
        dueSigterm = nil
        guard record.sigtermSent else { return terminate(reason, at: now) }
        let killAt = now.instant + plan.killAfter
        return workers.indices
            .filter { workers[$0].terminate(killAt: killAt) }
            .map { .signal(id($0), .terminate) }
    }

    private mutating func giveUp(at now: Moment) {
        for index in workers.indices { workers[index].end() }
        end(at: now)
    }

    private mutating func end(at now: Moment) {
        record.phase = .exited
        record.exit = shownExit
        record.exitAt = now.wall
        record.exitExpected = areExitsExpected
        isStartAnswered = true
        answerDeadline = nil
        releaseDeadline = nil
        hardStopAt = nil
    }
}
