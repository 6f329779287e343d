// Carries out what the supervisor decided, effect by effect, and answers with events. Decides
// nothing: where reality refuses, the answer says so. Confined to the loop; whatever may wait for
// a disk is `DiskWork`'s.

internal import Clock
internal import Glibc
internal import Model
internal import Store
internal import Supervisor
internal import Syscalls
internal import Wire

final class EffectExecutor {
    /// A generation that was started and has a worker left.
    private struct Run {
        var plan: GenerationPlan
        var settings = ProcessSettings()
        /// Places of workers that live.
        var live: Set<Int> = []
        /// Of those, the ones that have not released their listeners.
        var holding: Set<Int> = []
        var isPreparing = true
    }
    /// A start that waits for orphans to let go of an address.
    private struct Waiting {
        var material: GenerationMaterial
        var nextTry: Instant
        var deadline: Instant
    }

    private static let orphanTimeout: Duration = .seconds(2)
    private static let orphanRetry: Duration = .milliseconds(25)

    /// The supervisor is stopping: a release without a successor is for good.
    var isFinal = false
    private(set) var exitCode: Int32?
    private(set) var superseded = 0
    private(set) var cancelled = 0
    private let listeners: ListenerTable
    private let workers: WorkerTable
    private let disk: DiskWork
    private let mailbox: Mailbox
    private let orphans: Orphans
    private let traffic: TrafficTable
    private let log: MasterLog
    let accessLogs: AccessLogs
    private let bootID = ProcessFacts.bootID()
    private var runs: [Int: Run] = [:]
    private var waiting: [Int: Waiting] = [:]
    /// Of the reloads that are not over: what a revision remembers of them.
    private var origins: [String: RevisionOrigin] = [:]
    /// Of reloads that are about to be recorded.
    private var keys: [String: IdempotencyKey] = [:]

    init(
        listeners: ListenerTable, workers: WorkerTable, disk: DiskWork, mailbox: Mailbox,
        orphans: Orphans, traffic: TrafficTable, log: MasterLog
    ) {
        self.listeners = listeners
        self.workers = workers
        self.disk = disk
        self.mailbox = mailbox
        self.orphans = orphans
        self.traffic = traffic
        self.log = log
        accessLogs = AccessLogs(workers: workers, disk: disk, log: log)
    }

    /// When `retry` is to be called; nil: nothing waits.
    var nextRetry: Instant? { waiting.values.map(\.nextTry).min() }

    func execute(_ effect: SupervisorEffect, at now: Instant) -> [SupervisorEvent] {
        switch effect {
        case .record(let record): admit(record)
        case .reloadRejected(let id, _):
            keys[id] = nil
            origins[id] = nil
        case .validate(let reload): disk.validate(reload: reload, origin: origins[reload])
        case .start(let generation, let plan):
            runs[generation] = Run(plan: plan)
            accessLogs.willStart(generation)
            disk.prepare(generation: generation, plan: plan)
        case .handOff(let generation): return handOff(generation)
        case .release(let generation, let successor): return release(generation, to: successor)
        case .commitListeners(let generation): commit(generation)
        case .abandonListeners(let generation): return abandon(generation)
        case .signal(let worker, let signal): workers.signal(worker, signal)
        case .reloadFinished(let record): finish(record)
        case .report(let report): log.report(report)
        case .exit(let code): exitCode = code
        }
        return []
    }

    /// The reload of that id, once it is asked for, comes with a key.
    func expect(_ key: IdempotencyKey?, for id: String) { keys[id] = key }

    private func admit(_ record: ReloadRecord) {
        let mailbox = mailbox
        disk.records.admit(record, key: keys.removeValue(forKey: record.id)) { failure in
            mailbox.post(.recorded(reload: record.id, failure))
        }
    }

    /// How far a reload is, for the one who finds this master dead.
    func note(_ running: ReloadRecord?) {
        if let running { disk.records.save(running) { _, _ in } }
    }

    /// What an event means for sockets and processes, before the supervisor hears of it.
    func observe(_ event: SupervisorEvent) {
        switch event {
        case .reloadRequested(let id, _, let trigger, _):
            origins[id] = RevisionOrigin(
                reload: id, principal: trigger.principal, reason: trigger.reason)
        case .workerReleased(let worker):
            runs[worker.generation]?.holding.remove(worker.index)
            letGoIfReleased(worker.generation)
        case .workerExited(let worker, _, _):
            disk.record("forgetting a worker") { try $0.remove(worker) }
            runs[worker.generation]?.holding.remove(worker.index)
            runs[worker.generation]?.live.remove(worker.index)
            letGoIfReleased(worker.generation)
            if runs[worker.generation]?.live.isEmpty == true { forget(worker.generation) }
        default: break
        }
    }

    private func forget(_ generation: Int) {
        runs[generation] = nil
        accessLogs.forget(generation)
        traffic.forget(generation: generation)
    }

    private func letGoIfReleased(_ generation: Int) {
        guard let run = runs[generation], run.holding.isEmpty else { return }
        listeners.didLetGo(generation: generation)
    }

    // MARK: Start

    /// The number is durable and the material there, or not.
    func didPrepare(
        _ generation: Int, _ result: Result<GenerationMaterial, ReloadFailure>, at now: Instant
    ) -> [SupervisorEvent] {
        // Abandoned meanwhile: that was answered.
        guard runs[generation]?.isPreparing == true else {
            traffic.forget(generation: generation)
            return []
        }
        switch result {
        case .failure(let failure): return failStart(generation, failure)
        case .success(let material):
            return begin(generation, material, deadline: now + Self.orphanTimeout, at: now)
        }
    }

    /// Tries again what had to wait.
    func retry(at now: Instant) -> [SupervisorEvent] {
        var events: [SupervisorEvent] = []
        for (generation, start) in waiting where start.nextTry <= now {
            waiting[generation] = nil
            events += begin(generation, start.material, deadline: start.deadline, at: now)
        }
        return events
    }

    private func begin(
        _ generation: Int, _ material: GenerationMaterial, deadline: Instant, at now: Instant
    ) -> [SupervisorEvent] {
        do throws(ListenerFailure) {
            try listeners.bind(
                generation: generation, configuration: material.configuration,
                owners: material.socketOwners)
        } catch {
            if error.error.errno == EADDRINUSE, now < deadline, askOrphans(about: error) {
                waiting[generation] = Waiting(
                    material: material, nextTry: now + Self.orphanRetry, deadline: deadline)
                return []
            }
            return failBind(generation, error)
        }
        // No address was refused to us there, so nothing else makes them let go of it; and not before
        // everything else could be had.
        if material.configuration.takesPassedSockets { _ = orphans.askToRelease() }
        return spawn(generation, material, at: now)
    }

    private func askOrphans(about failure: ListenerFailure) -> Bool {
        guard orphans.askToRelease() else { return false }
        log.askedOrphans(orphans.pids, toRelease: failure.listen)
        return true
    }

    private func spawn(
        _ generation: Int, _ material: GenerationMaterial, at now: Instant
    ) -> [SupervisorEvent] {
        guard var run = runs[generation] else { return [] }
        let settings = material.configuration.process
        let threads = settings.threads ?? Thread.availableCores()
        var pids: [Int32] = []
        for index in 0..<run.plan.workers {
            let id = WorkerID(generation: generation, index: index)
            do throws(SystemError) {
                pids.append(
                    try workers.spawn(
                        WorkerTable.SpawnOrder(
                            id: id, workerCount: run.plan.workers, revision: run.plan.revision,
                            threads: min(max(threads, 1), 64)),
                        material: material, at: now))
            } catch {
                for place in 0..<index {
                    workers.discard(WorkerID(generation: generation, index: place))
                }
                return failStart(
                    generation, ReloadFailure(code: "spawn-failed", detail: "\(error)"))
            }
        }
        run.isPreparing = false
        run.settings = settings
        run.live = Set(0..<run.plan.workers)
        run.holding = run.live
        runs[generation] = run
        accessLogs.didStart(generation, material.configuration.log)
        orphans.forgetAsked()
        remember(generation, pids)
        return [.started(generation: generation, pids: pids)]
    }

    private func remember(_ generation: Int, _ pids: [Int32]) {
        let bootID = bootID
        disk.record("remembering workers") { store in
            for (index, pid) in pids.enumerated() {
                guard let ticks = ProcessFacts.startTicks(pid: pid) else { continue }
                try store.add(
                    LiveWorker(
                        id: WorkerID(generation: generation, index: index), pid: pid,
                        startTicks: ticks, bootID: bootID))
            }
        }
    }

    private func failStart(_ generation: Int, _ failure: ReloadFailure) -> [SupervisorEvent] {
        listeners.abandon(generation: generation)
        forget(generation)
        return [.startFailed(generation: generation, failure)]
    }

    /// Who has the address is looked up in the background: there may be many processes.
    private func failBind(_ generation: Int, _ failure: ListenerFailure) -> [SupervisorEvent] {
        var detail = failure.text
        if failure.error.errno == EADDRINUSE, let own = listeners.overlapping(failure.listen) {
            detail +=
                "; apus itself holds \(own.text) for frontend \(own.frontend), and an "
                + "address that overlaps it needs a reload without that one first"
            return failStart(generation, bindFailure(failure, detail))
        }
        guard failure.error.errno == EADDRINUSE else {
            return failStart(generation, bindFailure(failure, detail))
        }
        let mailbox = mailbox
        disk.inBackground { [detail] in
            let holder =
                ProcessFacts.holder(of: failure.listen.address).map { ", held by \($0)" } ?? ""
            mailbox.post(
                .startFailed(generation: generation, bindFailure(failure, detail + holder)))
        }
        return []
    }

    /// The answer of the background.
    func didFailToStart(_ generation: Int, _ failure: ReloadFailure) -> [SupervisorEvent] {
        guard runs[generation]?.isPreparing == true else { return [] }
        return failStart(generation, failure)
    }

    private func abandon(_ generation: Int) -> [SupervisorEvent] {
        listeners.abandon(generation: generation)
        waiting[generation] = nil
        guard runs[generation]?.isPreparing == true else { return [] }
        forget(generation)
        return [
            .startFailed(
                generation: generation, ReloadFailure(code: "cancelled", detail: "given up"))
        ]
    }

    // MARK: Switch

    private func handOff(_ generation: Int) -> [SupervisorEvent] {
        let leases: [ListenerTable.Lease]
        do throws(ListenerFailure) {
            leases = try listeners.handOff(generation: generation)
        } catch {
            return [
                .switchFailed(
                    generation: generation,
                    bindFailure(error, error.text))
            ]
        }
        for index in (runs[generation]?.live ?? []).sorted() {
            let id = WorkerID(generation: generation, index: index)
            do throws(WorkerSendError) {
                try workers.handOff(leases, to: id)
            } catch {
                let failure = ReloadFailure(
                    code: "switch-failed", detail: "listener handoff to worker \(id): \(error)")
                return [.switchFailed(generation: generation, failure)]
            }
        }
        return []
    }

    private func release(_ generation: Int, to successor: Int?) -> [SupervisorEvent] {
        let drained = listeners.willRelease(
            generation: generation, successor: successor, isFinal: isFinal)
        guard let run = runs[generation] else { return [] }
        let order = MasterMessage.Release(
            drainAcceptQueueOf: drained,
            idleAfterMilliseconds: Int(clamping: run.settings.drainIdleAfter.wholeMilliseconds),
            idleSpreadMilliseconds: Int(clamping: run.settings.drainIdleSpread.wholeMilliseconds))
        var events: [SupervisorEvent] = []
        for index in run.live.sorted() {
            let id = WorkerID(generation: generation, index: index)
            do throws(WorkerSendError) {
                try workers.release(order, of: id)
            } catch {
                // One that has ended is told by its pidfd.
                if case .system(let failure) = error, failure.errno != EAGAIN { continue }
                events.append(.workerViolated(id, "does not read its control channel: \(error)"))
            }
        }
        return events
    }

    private func commit(_ generation: Int) {
        listeners.commit(generation: generation)
        guard let revision = runs[generation]?.plan.revision else { return }
        disk.didServe(revision: revision, alive: Set(runs.values.map(\.plan.revision)))
    }

    private func finish(_ record: ReloadRecord) {
        origins[record.id] = nil
        switch record.status {
        case .superseded: superseded += 1
        case .cancelled: cancelled += 1
        default: break
        }
        log.finished(record)
        keys[record.id] = nil
        let mailbox = mailbox
        disk.records.save(record) { mailbox.post(.stored(reload: $0, $1)) }
    }
}

private func bindFailure(_ failure: ListenerFailure, _ detail: String) -> ReloadFailure {
    ReloadFailure(code: "listener-bind-failed", detail: detail, pointer: failure.pointer)
}
