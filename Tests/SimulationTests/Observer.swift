import Clock

@testable import Supervisor

/// Checks after every step what must hold (docs/reload-and-handoff.md), from what the supervisor
/// shows, what it asked for, and what the model world knows to be true.
struct Observer {
    private struct Seen {
        var phase: GenerationRecord.Phase
        var isReady: Bool
        var reloads: Int
        var sigtermSent: Bool
        var leftByRequest = false
    }

    var requested: Set<String> = []
    var isStopWished = false
    /// An earlier life left a revision that served.
    var hasLastGood = false
    private var rejected: Set<String> = []
    private var recorded: Set<String> = []
    private var generations: [Int: Seen] = [:]
    private var finished: [String: ReloadRecord.Status] = [:]
    private var highestGeneration = 0
    private var sigterms: [WorkerID: UInt64] = [:]
    private var sigkills: Set<WorkerID> = []
    private var plans: [Int: GenerationPlan] = [:]
    /// For which SIGKILL needs no SIGTERM.
    private var condemned: Set<WorkerID> = []
    private var exitCodes: [Int32] = []
    private var breachOfEffect: String?
    /// What this world came to see, in words of the API: shows that worlds are not all alike.
    private(set) var sights: Set<String> = []

    // MARK: Effects, one by one

    mutating func note(_ effect: SupervisorEffect, workers: [WorkerID: ModelWorker], now: UInt64) {
        switch effect {
        case .start(let generation, let plan):
            if generation <= highestGeneration { breach("generation \(generation) is not new") }
            highestGeneration = max(highestGeneration, generation)
            plans[generation] = plan
        case .signal(let id, .terminate):
            if sigterms[id] != nil { breach("SIGTERM twice to \(id)") }
            sigterms[id] = now
        case .signal(let id, .kill): noteKill(id, now: now)
        case .release(let generation, let successor):
            noteRelease(of: generation, to: successor, workers: workers)
        case .record(let record):
            if !recorded.insert(record.id).inserted { breach("\(record.id) is recorded twice") }
        case .reloadRejected(let id, let why):
            rejected.insert(id)
            if case .inProgress = why { sights.insert("busy") } else { sights.insert("too many") }
        case .reloadFinished(let record):
            if record.isUnchanged {
                sights.insert("unchanged")
                if record.toGeneration != nil { breach("\(record.id) changed something") }
            }
            if finished[record.id] != nil { breach("reload \(record.id) ended twice") }
            if !record.status.isTerminal { breach("reload \(record.id) ended as \(record.status)") }
            finished[record.id] = record.status
            sights.insert(record.status.rawValue)
            sights.insert("\(record.trigger.source.rawValue) \(record.status.rawValue)")
            if let failure = record.failure { sights.insert(failure.code) }
        case .report(.workerStuck(let id)), .report(.workerViolated(let id, _)):
            condemned.insert(id)
            sights.insert("condemned")
            if workers[id]?.isSuspect == false { breach("healthy worker \(id) was condemned") }
        case .report(.generationSignalled(_, let reason)): sights.insert(reason.rawValue)
        case .report(.rolledBack): sights.insert("rolled back")
        case .report(.startsFromLastGood(let revision)):
            sights.insert("started from \(revision > 0 ? "the last good" : "nothing")")
            if !generations.values.allSatisfy({ $0.phase == .exited }) {
                breach("starts from the last good revision while something lives")
            }
        case .exit(let code):
            exitCodes.append(code)
            sights.insert("exit \(code)")
        case .validate, .handOff, .commitListeners, .abandonListeners, .report: break
        }
    }

    private mutating func breach(_ words: String) { breachOfEffect = breachOfEffect ?? words }

    private mutating func noteKill(_ id: WorkerID, now: UInt64) {
        if !sigkills.insert(id).inserted { breach("SIGKILL twice to \(id)") }
        if condemned.contains(id) { return }
        let killAfter = plans[id.generation]?.killAfter ?? .zero
        guard let sigterm = sigterms[id] else {
            // Of a switch that failed, or spawned after its generation was given up.
            let phase = generations[id.generation]?.phase
            if phase != .starting && phase != .exited { breach("SIGKILL to \(id) without SIGTERM") }
            return
        }
        if Duration.nanoseconds(Int64(now - sigterm)) < killAfter {
            breach("SIGKILL to \(id) too early after SIGTERM")
        }
    }

    /// Nobody lets go before somebody else has taken over.
    private mutating func noteRelease(
        of generation: Int, to successor: Int?, workers: [WorkerID: ModelWorker]
    ) {
        guard let successor else {
            if !isStopWished { breach("generation \(generation) released to nobody") }
            return
        }
        for worker in workers.values
        where worker.id.generation == successor && worker.isAlive && !worker.isAccepting
            && !worker.isSuspect
        {
            breach("generation \(generation) releases but \(worker.id) does not accept yet")
        }
    }

    // MARK: The state after a step

    mutating func breach(
        after event: SupervisorEvent, _ effects: [SupervisorEffect], supervisor: Supervisor,
        workers: [WorkerID: ModelWorker], now: UInt64
    ) -> String? {
        if let breachOfEffect { return breachOfEffect }
        if let deadline = supervisor.nextDeadline, deadline.nanoseconds <= now {
            return "the next deadline is not in the future"
        }
        let records = supervisor.roster.live.map(\.record)
        if records.count(where: { $0.phase == .serving }) > 1 { return "two generations SERVING" }
        let success = effects.firstRequestedSuccess
        for record in records {
            if let words = compare(record, success: success, workers: workers) { return words }
        }
        if let success, let words = breachOfLimit(records, success) { return words }
        let live = Set(records.map(\.generation))
        for number in generations.keys where !live.contains(number) {
            generations[number]?.phase = .exited
        }
        return breachOfHistory(supervisor)
    }

    /// One generation against what it was a step ago.
    private mutating func compare(
        _ record: GenerationRecord, success: ReloadRecord?, workers: [WorkerID: ModelWorker]
    ) -> String? {
        let number = record.generation
        let before = generations[number]
        var seen = Seen(
            phase: record.phase, isReady: record.status == .ready, reloads: record.reloads,
            sigtermSent: record.sigtermSent, leftByRequest: before?.leftByRequest ?? false)
        defer { generations[number] = seen }
        guard let before else { return record.reloads == 0 ? nil : "\(number) is born old" }
        if before.phase.order > record.phase.order { return "the phase of \(number) went back" }
        if before.isReady && !seen.isReady { return "the status of \(number) went back" }
        if before.sigtermSent && !record.sigtermSent {
            return "sigterm_sent of \(number) went back"
        }
        let leaves = before.phase != .leaving && record.phase == .leaving
        let isReplaced = leaves && success?.fromGeneration == number
        seen.leftByRequest = before.leftByRequest || isReplaced
        let isAged = isReplaced || (success != nil && before.phase == .leaving)
        if record.phase != .exited && record.reloads != before.reloads + (isAged ? 1 : 0) {
            return "generation \(number) has \(record.reloads) reloads, had \(before.reloads)"
        }
        guard leaves else { return nil }
        for worker in workers.values where worker.id.generation == number {
            if worker.isAccepting && !worker.isLiar && !sigkills.contains(worker.id) {
                return "generation \(number) is LEAVING, \(worker.id) still accepts"
            }
        }
        return nil
    }

    /// Rule 5, right after rule 4.
    private func breachOfLimit(_ records: [GenerationRecord], _ success: ReloadRecord) -> String? {
        guard let number = success.toGeneration, let limit = plans[number]?.maxReloads else {
            return nil
        }
        let unsignalled = records.filter { record in
            record.phase == .leaving && !record.sigtermSent
                && record.workers.contains {
                    let id = WorkerID(generation: record.generation, index: $0.index)
                    return $0.exit == nil && !sigkills.contains(id)
                }
        }
        if let late = unsignalled.first(where: { $0.reloads > limit }) {
            return "generation \(late.generation) has \(late.reloads) reloads and no SIGTERM"
        }
        let byRequest = unsignalled.filter { generations[$0.generation]?.leftByRequest == true }
        return byRequest.count > limit ? "\(byRequest.count) leavers, the limit is \(limit)" : nil
    }

    private func breachOfHistory(_ supervisor: Supervisor) -> String? {
        if supervisor.roster.exited.count > 50 { return "too many exited generations" }
        if supervisor.queue.finished.count > 200 { return "too many finished reloads" }
        if exitCodes.count > 1 { return "exit twice" }
        return nil
    }

    // MARK: At rest

    /// Long after the last fault.
    func breachWhenSettled(_ supervisor: Supervisor) -> String? {
        if supervisor.serving == nil { return "nothing serves long after the last fault" }
        if let open = supervisor.reloads.first(where: { !$0.status.isTerminal }) {
            return "reload \(open.id) is still \(open.status)"
        }
        if let left = supervisor.generations.first(where: { $0.phase == .starting }) {
            return "generation \(left.generation) is still STARTING"
        }
        if let left = supervisor.generations.first(where: { $0.phase == .leaving }) {
            return "generation \(left.generation) is still LEAVING"
        }
        return nil
    }

    func breachAtEnd(exitCode: Int32?, workers: [WorkerID: ModelWorker]) -> String? {
        guard exitCode != nil else { return "no exit long after stop" }
        if let orphan = workers.values.first(where: \.isAlive) {
            return "worker \(orphan.id) outlives the master"
        }
        let unanswered = requested.subtracting(finished.keys).subtracting(rejected)
        return unanswered.isEmpty ? nil : "no answer to \(unanswered.sorted())"
    }
}

extension GenerationRecord.Phase {
    /// One way only.
    fileprivate var order: Int {
        switch self {
        case .starting: 0
        case .serving: 1
        case .leaving: 2
        case .exited: 3
        }
    }
}

extension [SupervisorEffect] {
    /// At most one reload succeeds in one step: each needs answers in between.
    fileprivate var firstRequestedSuccess: ReloadRecord? {
        for case .reloadFinished(let record) in self
        where record.status == .succeeded && !record.isUnchanged
            && record.trigger.source != .restart
            && record.trigger.source != .rollback
        {
            return record
        }
        return nil
    }
}
