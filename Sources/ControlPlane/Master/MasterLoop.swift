// The master's one thread: waits for signals, wishes, workers and time, turns them into events for
// the pure `Supervisor`, and has its effects carried out by `EffectExecutor`. Never waits for
// anything but its poll set. What it decides itself: nothing.

internal import Clock
internal import Glibc
internal import Logging
internal import Model
internal import Store
internal import Supervisor
internal import Syscalls

final class MasterLoop {
    /// How often the workers' progress is looked at; the supervisor's patience is a multiple.
    static let samplePeriod: Duration = .milliseconds(250)

    private var supervisor: Supervisor
    private let executor: EffectExecutor
    private let workers: WorkerTable
    private let listeners: ListenerTable
    private let poll: PollSet
    private let mailbox: Mailbox
    private let signals: SignalDescriptor
    private let board: MasterBoard
    private let log: MasterLog
    /// Nil unless systemd started us.
    private let service: SystemdService?
    private let traffic: TrafficTable
    private let overrides: OverrideKeeper
    private let names: NameResolver
    private var servers = ServerWatch()
    private let sessions: SessionDesk
    private var lastServing: Int?
    private var idleInherited: [String] = []
    private var problems: [ReloadFailure.Problem] = []
    /// What the admin API runs with, which no reload changes; nil: nobody has said.
    private var startedAdmin: AdminSettings?
    private var adminWaitsForStart = false
    private var nextSample = Instant(nanoseconds: 0)
    private var replies: [String: ReloadReply] = [:]
    private var published: PublishedState?
    private var unstored: [String: RecordStoring] = [:]
    private var mayHaveChanged = true

    struct Parts: ~Copyable {
        let supervisor: Supervisor
        let executor: EffectExecutor
        let workers: WorkerTable
        let listeners: ListenerTable
        let poll: PollSet
        let mailbox: Mailbox
        let signals: SignalDescriptor
        let board: MasterBoard
        let log: MasterLog
        let service: SystemdService?
        let traffic: TrafficTable
        let overrides: OverrideKeeper
        let names: NameResolver
    }

    init(_ parts: consuming Parts) throws(SystemError) {
        supervisor = parts.supervisor
        executor = parts.executor
        workers = parts.workers
        sessions = SessionDesk(parts.workers)
        listeners = parts.listeners
        poll = parts.poll
        mailbox = parts.mailbox
        board = parts.board
        log = parts.log
        service = parts.service
        traffic = parts.traffic
        overrides = parts.overrides
        names = parts.names
        signals = parts.takeSignals()
        try poll.add(signals.rawValue, .signals)
        try poll.add(mailbox.rawValue, .mailbox)
    }

    /// The last generation number that was used, in this life or before.
    var lastGeneration: Int { supervisor.nextGeneration - 1 }

    /// Until the supervisor says that all is over; its exit code.
    func run(admin: AdminSettings?) throws(SystemError) -> Int32 {
        startedAdmin = admin
        request(.startup, principal: "master")
        publish()
        while true {
            if let code = executor.exitCode {
                finish()
                return code
            }
            let sources = try poll.wait(timeoutMilliseconds: timeoutMilliseconds(.now()))
            board.publish(tick: .now())
            for source in sources { handle(source) }
            handleTime()
            publish()
            answer()
        }
    }

    private func timeoutMilliseconds(_ now: Instant) -> Int32 {
        var due = nextSample
        if let deadline = supervisor.nextDeadline { due = min(due, deadline) }
        if let retry = executor.nextRetry { due = min(due, retry) }
        if let deadline = sessions.nextDeadline { due = min(due, deadline) }
        return (due - now).timeoutMilliseconds
    }

    // MARK: What happens

    private func handle(_ source: PollSource) {
        switch source {
        case .signals: readSignals()
        case .mailbox: for message in mailbox.take() { handle(message) }
        case .process, .channel, .output:
            for event in workers.didBecomeReadable(source, at: .now()) { step(event) }
            for answer in workers.takeSessionOutcomes() {
                sessions.didAnswer(answer.worker, answer.outcome, at: .now())
            }
        }
    }

    private func handleTime() {
        let now = Instant.now()
        for event in executor.retry(at: now) { step(event) }
        if nextSample <= now {
            // Not at the start, when nothing was due before.
            if nextSample > Instant(nanoseconds: 0) { board.publish(tickDelay: now - nextSample) }
            nextSample = now + Self.samplePeriod
            for event in workers.sample(at: now) {
                service?.didSee(event, at: now)
                step(event)
            }
            watchServers(at: now)
            names.tend()
        }
        service?.didTurn(at: now)
        sessions.tend(at: now)
        if let deadline = supervisor.nextDeadline, deadline <= .now() { step(.tick) }
    }

    /// In the rhythm of the samples.
    private func watchServers(at now: Instant) {
        let changes = servers.sample(traffic.serverChanges, generation: supervisor.serving) {
            traffic.backends(of: $0, now: now)
        }
        for change in changes { log.report(change) }
        board.observe(changes, at: .now())
    }

    private func readSignals() {
        while let received = try? signals.next() {
            log.logger.info(
                "signal",
                metadata: ["signal": "\(received.signal)", "from": "\(received.senderPID)"])
            switch received.signal {
            case SIGHUP: request(.signal, principal: "signal:HUP")
            case SIGUSR2: request(.signal, principal: "signal:USR2")
            case SIGUSR1: step(.stopRequested(graceful: true))
            case SIGTERM, SIGINT: step(.stopRequested(graceful: false))
            case SIGQUIT: dump()
            default: break
            }
        }
    }

    private func request(_ source: ReloadRecord.Source, principal: String) {
        let trigger = ReloadRecord.Trigger(source: source, principal: principal)
        step(.reloadRequested(id: Identifier.makeReload(), mode: .soft, trigger: trigger))
    }

    private func handle(_ message: Mailbox.Message) {
        switch message {
        case .reload(let id, let wish, let reply):
            replies[id] = ReloadReply(reply, at: .now())
            executor.expect(wish.key, for: id)
            step(
                .reloadRequested(
                    id: id, mode: wish.mode, trigger: wish.trigger, options: wish.options))
        case .recorded(let reload, let failure):
            step(.recorded(reload: reload, failure))
            replies[reload]?.isRecorded = true
        case .stored(let reload, let failure):
            unstored[reload] = failure.map { .failed($0.detail) }
            mayHaveChanged = true
        case .cancelReload(let id): step(.reloadCancelled(id: id))
        case .terminate(let generation): step(.terminateRequested(generation: generation))
        case .stop(let graceful): step(.stopRequested(graceful: graceful))
        case .endSessions(let wish, let reply): sessions.begin(wish, reply: reply, at: .now())
        case .changed(let wish):
            workers.attend()
            log.report(wish)
            board.observe(wish, at: .now())
        case .resolved(let change):
            if change.hasMoved { workers.attend() }
            log.report(change)
        case .validated(let reload, let result, let fallback):
            didValidate(reload, result, fallback: fallback)
        case .prepared(let generation, let result):
            for event in executor.didPrepare(generation, result, at: .now()) { step(event) }
        case .startFailed(let generation, let failure):
            for event in executor.didFailToStart(generation, failure) { step(event) }
        case .reopenLogs(let reply): executor.accessLogs.reopen(reply)
        case .logsOpened(let opening, let reply): executor.accessLogs.didOpen(opening, reply)
        }
    }

    private func didValidate(
        _ reload: String, _ result: Result<ValidRevision, ReloadFailure>, fallback: GenerationPlan?
    ) {
        switch result {
        case .success(let revision):
            problems = []
            for warning in revision.warnings { log.logger.warning("\(warning)") }
            log.set(level: revision.configuration.log.level)
            adminWaitsForStart = startedAdmin.map { $0 != revision.configuration.admin } ?? false
            if adminWaitsForStart { log.logger.warning("\(MasterSnapshot.adminNotice)") }
        case .failure(let failure): problems = failure.problems
        }
        step(.validated(reload: reload, result.map(\.plan), fallback: fallback))
    }

    // MARK: One step

    /// An event, its effects, and the events that they answer with, until none is left.
    private func step(_ event: SupervisorEvent) {
        var events = [event]
        var next = 0
        while next < events.count {
            let event = events[next]
            next += 1
            executor.observe(event)
            let now = Moment(instant: .now(), wall: .now())
            let effects = supervisor.handle(event, at: now)
            if case .workerProgressed = event, effects.isEmpty { continue }
            mayHaveChanged = true
            board.observe(effects, of: supervisor, at: now.wall)
            executor.isFinal = supervisor.isStopping
            for effect in effects {
                if case .reloadRejected(let id, let why) = effect { replies[id]?.rejection = why }
                if case .reloadFinished(let record) = effect { unstored[record.id] = .pending }
                if case .start = effect { executor.note(supervisor.runningReload) }
                events += executor.execute(effect, at: now.instant)
            }
        }
    }

    // MARK: What others see

    /// What makes a difference to who waits for a change.
    private struct PublishedState: Equatable {
        var generations: [GenerationRecord]
        var reloads: [ReloadRecord]
        var unstored: [String: RecordStoring]
        var listeners: [ListenerView]
        var counters: MasterCounters
        var problems: [ReloadFailure.Problem]
        var adminWaitsForStart: Bool
        var isStopping: Bool
    }

    private func publish() {
        guard mayHaveChanged else { return }
        mayHaveChanged = false
        let state = PublishedState(
            generations: supervisor.generations, reloads: supervisor.reloads,
            unstored: unstored, listeners: listeners.views, counters: counters, problems: problems,
            adminWaitsForStart: adminWaitsForStart, isStopping: supervisor.isStopping)
        if state == published { return }
        let before = published
        published = state
        attendServing()
        service?.didChange(
            ServiceState.Facts(
                generations: state.generations, reloads: state.reloads,
                serving: supervisor.serving, desiredRevision: supervisor.desiredRevision,
                isStopping: state.isStopping))
        reportIdleInherited()
        board.publish { snapshot in
            snapshot.generations = state.generations
            snapshot.reloads = state.reloads
            snapshot.unstored = state.unstored
            if before?.reloads != state.reloads { snapshot.collections.reloads += 1 }
            if before?.generations != state.generations { snapshot.collections.generations += 1 }
            snapshot.listeners = state.listeners
            snapshot.counters = state.counters
            snapshot.problems = state.problems
            snapshot.adminWaitsForStart = state.adminWaitsForStart
            snapshot.shuttingDown = state.isStopping
            snapshot.serving = supervisor.serving
            snapshot.desiredRevision = supervisor.desiredRevision
            snapshot.appliedRevision = supervisor.appliedRevision
            let current = supervisor.serving.flatMap { number in
                state.generations.first { $0.generation == number }
            }
            if let current { snapshot.maxReloads = current.plan.maxReloads }
        }
    }

    /// Another generation serves: servers that its configuration does not have go, and it goes before
    /// what an operator wanted of the same thing.
    private func attendServing() {
        guard let serving = supervisor.serving, serving != lastServing else { return }
        lastServing = serving
        let removed = traffic.retireServers(serving: serving)
        let dropped = overrides.drop(serving: serving)
        // There may be addresses that were found meanwhile, too.
        workers.attend()
        for server in removed { log.report(server) }
        for override in dropped {
            log.report(override)
            board.observe(override, at: .now())
        }
    }

    /// Whoever connects there waits for nobody, so it is said, once each time.
    private func reportIdleInherited() {
        guard supervisor.serving != nil, !supervisor.isStopping else { return }
        let idle = listeners.idleInherited
        let names = idle.map(\.label)
        if names == idleInherited { return }
        idleInherited = names
        for socket in idle { log.isIdle(socket) }
    }

    private var counters: MasterCounters {
        var counters = MasterCounters()
        counters.reloadsSucceeded = supervisor.counters.reloadsSucceeded
        counters.reloadsFailed = supervisor.counters.reloadsFailed
        counters.reloadsSuperseded = executor.superseded
        counters.reloadsCancelled = executor.cancelled
        counters.protocolViolations = supervisor.counters.protocolViolations
        counters.workersCrashed = supervisor.counters.crashes
        counters.workersStuck = supervisor.counters.workersStuck
        counters.restarts = supervisor.counters.restarts
        counters.workerExitsExpected = supervisor.counters.workerExitsExpected
        counters.workerExitsUnexpected = supervisor.counters.workerExitsUnexpected
        return counters
    }

    /// After publishing: who asked finds its reload in the next snapshot.
    private func answer(isLast: Bool = false) {
        if replies.isEmpty { return }
        let records = supervisor.reloads
        for (id, reply) in replies {
            let record = records.first { $0.id == id }
            if reply.answer(with: record, at: .now(), isLast: isLast) { replies[id] = nil }
        }
    }

    private func finish() {
        for message in mailbox.close() {
            switch message {
            case .reload(_, _, let reply): reply.resume(throwing: MasterError.stopped)
            case .endSessions(_, let reply): reply.resume(throwing: MasterError.stopped)
            case .reopenLogs(let reply), .logsOpened(_, let reply?):
                reply.resume(throwing: MasterError.stopped)
            case .logsOpened, .changed, .resolved, .cancelReload, .terminate, .stop, .recorded,
                .stored,
                .validated,
                .prepared, .startFailed:
                break
            }
        }
        sessions.finish()
        listeners.closeAll()
        publish()
        answer(isLast: true)
        service?.finish()
    }

    private func dump() {
        publish()
        log.dump(
            board.snapshot(), crashesInSeries: supervisor.crashesInSeries,
            nextDeadline: supervisor.nextDeadline)
    }
}

extension MasterLoop.Parts {
    fileprivate consuming func takeSignals() -> SignalDescriptor { signals }
}
