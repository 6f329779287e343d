// A generation that lost a worker while SERVING is replaced: by the same revision, or, on
// probation, by the last good one.

import Clock

extension Supervisor {
    /// Orders a replacement, once per generation. Its other workers serve on until then.
    mutating func crash(_ number: Int, _ exit: WorkerExit?, at now: Moment) {
        guard !isStopping, let generation = roster[number], !generation.isCrashed,
            let servingSince = generation.servingSince, generation.record.leavingAt == nil
        else { return }
        // It is being replaced already, and everybody who follows accepts.
        if queue.running?.stage == .releasing && queue.running?.record.fromGeneration == number {
            return
        }
        counters.crashes += 1
        _ = roster.update(number) { $0.noteCrash() }
        let served = now.instant - servingSince
        backoff.didServe(for: served, probation: generation.plan.probation)
        var plan = generation.plan
        var source = ReloadRecord.Source.restart
        // One that outlived its probation is the good one itself: see `noteProbation`.
        if let goodPlan, goodPlan.revision != plan.revision {
            plan = goodPlan
            source = .rollback
        }
        let delay = backoff.nextDelay()
        restart = PendingRestart(
            plan: plan, source: source, crashedGeneration: number,
            crashedRevision: generation.plan.revision, attempt: 1, dueAt: now.instant + delay)
        effects.append(
            .report(
                .generationCrashed(
                    number, exit, restartAfterMilliseconds: Int(clamping: delay.wholeMilliseconds)))
        )
    }

    /// At the start, with a configuration that is not valid: what served before serves again, and
    /// the reload that was asked for stays FAILED.
    mutating func startFromLastGood(_ plan: GenerationPlan, at now: Moment) {
        guard !isStopping else { return }
        restart = PendingRestart(
            plan: plan, source: .rollback, crashedGeneration: 0, crashedRevision: nil,
            // Each life has another number, so that no two have the same id.
            attempt: nextGeneration, dueAt: now.instant)
        effects.append(.report(.startsFromLastGood(revision: plan.revision)))
    }

    /// The replacement did not come up either: again, later, for ever.
    mutating func retry(_ failed: PendingRestart, at now: Moment) {
        guard !isStopping else { return }
        restart = PendingRestart(
            plan: failed.plan, source: failed.source,
            crashedGeneration: failed.crashedGeneration, crashedRevision: failed.crashedRevision,
            attempt: failed.attempt + 1, dueAt: now.instant + backoff.nextDelay())
    }
}
