// Every worker process that lives, by serial number: starting, listening to, signalling, reaping.
// Turns what happens to them into supervisor events and decides nothing. Confined to the loop.

internal import Clock
internal import Glibc
internal import Logging
internal import SharedState
internal import Supervisor
internal import Syscalls
internal import Wire

final class WorkerTable {
    struct SpawnOrder {
        var id: WorkerID
        var workerCount: Int
        var revision: Int
        var threads: Int
    }

    /// The master does nothing else meanwhile. A worker that is alive needs some milliseconds.
    private static let handoffTimeout: Duration = .seconds(1)

    private let program: String
    private let version: String
    private let poll: PollSet
    private let gauges: GaugeReader
    private let board: MasterBoard
    private let log: MasterLog
    private let sharedState: FileDescriptor
    private let region: SharedRegion
    private let traffic: TrafficTable
    private var slots: WorkerSlotTable
    private var nextSerial: UInt32 = 1
    private var workers: [UInt32: WorkerProcess] = [:]
    private var serials: [WorkerID: UInt32] = [:]
    /// Of a start that failed: killed, to be reaped, of no interest to the supervisor.
    private var discarded: Set<UInt32> = []
    private var baselines: [UInt32: [UInt64]] = [:]
    /// What workers answered to `endSessions`, until it is taken.
    private var sessionOutcomes: [(worker: WorkerID, outcome: SessionOutcome)] = []

    init(
        program: String, version: String, poll: PollSet, region: SharedRegion,
        sharedState: consuming FileDescriptor, gauges: GaugeReader,
        traffic: TrafficTable, board: MasterBoard, log: MasterLog
    ) {
        self.program = program
        self.version = version
        self.poll = poll
        self.gauges = gauges
        self.board = board
        self.log = log
        self.sharedState = sharedState
        self.region = region
        self.traffic = traffic
        slots = WorkerSlotTable(region)
    }

    var isEmpty: Bool { workers.isEmpty }

    // MARK: Start

    /// Starts a worker and sends it `prepare`; its pid. Nothing of it is left where this throws.
    func spawn(
        _ order: SpawnOrder, material: GenerationMaterial, at now: Instant
    ) throws(SystemError) -> Int32 {
        guard
            let slot = slots.allocate(
                generation: UInt64(clamping: order.id.generation), workerIndex: order.id.index,
                loopCount: order.threads)
        else { throw SystemError(call: "allocate a slot of shared state", errno: ENOSPC) }
        let worker: WorkerProcess
        do throws(SystemError) {
            worker = try WorkerProcess(
                id: order.id, serial: nextSerial, program: program, version: version,
                account: material.account, sharedStateSlot: slot, at: now)
        } catch {
            slots.free(slot: slot)
            throw error
        }
        nextSerial &+= 1
        slots.setPID(worker.pid, slot: slot)
        workers[worker.serial] = worker
        serials[order.id] = worker.serial
        gauges.add(
            order.id, GaugeReader.Entry(pid: worker.pid, slot: slot, loopCount: order.threads))
        do {
            try watch(worker)
            try prepare(worker, order, material)
        } catch {
            discard(order.id)
            if let error = error as? SystemError { throw error }
            if case .system(let failure)? = error as? WorkerSendError { throw failure }
            throw SystemError(call: "prepare: \(error)", errno: EINVAL)
        }
        return worker.pid
    }

    private func watch(_ worker: WorkerProcess) throws(SystemError) {
        try poll.add(worker.processRawValue, .process(serial: worker.serial))
        if let channel = worker.channelRawValue {
            try poll.add(channel, .channel(serial: worker.serial))
        }
        if let output = worker.outputRawValue {
            try poll.add(output, .output(serial: worker.serial))
        }
    }

    private func prepare(
        _ worker: WorkerProcess, _ order: SpawnOrder, _ material: GenerationMaterial
    ) throws {
        var descriptors = [material.memory.rawValue, sharedState.rawValue]
        if let accessLog = material.accessLogRawValue { descriptors.append(accessLog) }
        do throws(WorkerSendError) {
            try worker.send(
                .prepare(
                    MasterMessage.Prepare(
                        generation: order.id.generation, revision: order.revision,
                        workerIndex: order.id.index, workerCount: order.workerCount,
                        threads: order.threads, sharedStateSlot: worker.sharedStateSlot,
                        configurationBytes: material.memoryBytes,
                        accessLog: material.accessLogRawValue != nil)),
                descriptors: descriptors)
        } catch {
            // One that exits before it reads anything is told by its exit.
            if case .system(let failure) = error, [EPIPE, ECONNRESET].contains(failure.errno) {
                return
            }
            throw error
        }
    }

    /// Kills a worker that nobody will hear of again.
    func discard(_ id: WorkerID) {
        guard let serial = serials.removeValue(forKey: id), let worker = workers[serial] else {
            return
        }
        discarded.insert(serial)
        gauges.remove(id)
        send(SIGKILL, to: worker)
    }

    private func send(_ signal: Int32, to worker: WorkerProcess) {
        do throws(SystemError) {
            try worker.send(signal: signal)
        } catch {
            log.cannotSignal(worker.id, pid: worker.pid, signal, error)
        }
    }

    // MARK: Commands

    func signal(_ id: WorkerID, _ signal: SupervisorEffect.Signal) {
        guard let worker = worker(id) else { return }
        switch signal {
        case .terminate:
            worker.conversation.didTerminate()
            send(SIGTERM, to: worker)
        case .kill: send(SIGKILL, to: worker)
        }
    }

    func handOff(_ leases: [ListenerTable.Lease], to id: WorkerID) throws(WorkerSendError) {
        guard let worker = worker(id) else {
            throw .message("worker \(id) is gone")
        }
        // Thousands of listeners are more than the channel holds at once. Who takes them has nothing
        // else to do.
        let deadline = Instant.now() + Self.handoffTimeout
        for lease in leases {
            try worker.send(
                .handoff(lease.manifest), descriptors: lease.descriptors, before: deadline)
        }
        worker.conversation.didHandOff(
            listenerCount: leases.reduce(0) { $0 + $1.manifest.entries.count })
    }

    func release(_ order: MasterMessage.Release, of id: WorkerID) throws(WorkerSendError) {
        try worker(id)?.send(.release(order))
    }

    /// Lets every worker look at the servers in the shared state at once. One that cannot be told
    /// looks by itself a little later.
    func attend() {
        for worker in workers.values { try? worker.send(.attend) }
    }

    func endSessions(_ order: SessionOrder, of id: WorkerID) throws(WorkerSendError) {
        guard let worker = worker(id) else { throw .message("worker \(id) is gone") }
        try worker.send(.endSessions(order))
        worker.conversation.didAsk(order)
    }

    /// Oldest generation first.
    var ids: [WorkerID] {
        serials.keys.sorted { ($0.generation, $0.index) < ($1.generation, $1.index) }
    }

    func isThere(_ id: WorkerID) -> Bool { serials[id] != nil }

    func takeSessionOutcomes() -> [(worker: WorkerID, outcome: SessionOutcome)] {
        defer { sessionOutcomes = [] }
        return sessionOutcomes
    }

    /// Sends every worker of a generation a new access log; returns how many took it.
    func reopenLog(of generation: Int, to fd: Int32) -> Int {
        var count = 0
        for (id, serial) in serials where id.generation == generation {
            guard let worker = workers[serial], !discarded.contains(serial) else { continue }
            do throws(WorkerSendError) {
                try worker.send(.reopenLog, descriptors: [fd])
                count += 1
            } catch {
                log.logger.warning(
                    "a worker keeps its old access log",
                    metadata: ["worker": "\(id)", "why": "\(error)"])
            }
        }
        return count
    }

    // MARK: What happens

    func didBecomeReadable(_ source: PollSource, at now: Instant) -> [SupervisorEvent] {
        switch source {
        case .process(let serial):
            guard let worker = workers[serial] else { return [] }
            return didEnd(worker, at: now)
        case .channel(let serial):
            guard let worker = workers[serial] else { return [] }
            return receive(worker, at: now)
        case .output(let serial):
            guard let worker = workers[serial] else { return [] }
            readOutput(worker, at: now)
            return []
        case .signals, .mailbox: return []
        }
    }

    private func receive(_ worker: WorkerProcess, at now: Instant) -> [SupervisorEvent] {
        let outcomes = worker.receive(at: now)
        if worker.channelClosedAt != nil { closeChannel(worker) }
        if discarded.contains(worker.serial) { return [] }
        return outcomes.compactMap { outcome in
            switch outcome {
            case .event(let event): return event
            case .sessionsEnded(let outcome):
                sessionOutcomes.append((worker.id, outcome))
                return nil
            case .nothing: return nil
            case .violation(let words):
                // Nothing of it is of interest any more, and it may be talking without end.
                closeChannel(worker)
                return .workerViolated(worker.id, words)
            }
        }
    }

    private func closeChannel(_ worker: WorkerProcess) {
        guard let channel = worker.channelRawValue else { return }
        poll.remove(channel)
        worker.closeChannel()
    }

    private func readOutput(_ worker: WorkerProcess, at now: Instant) {
        if let output = worker.readOutput(at: now) {
            publish(output, of: worker)
        } else {
            closeOutput(worker, at: now)
        }
    }

    private func closeOutput(_ worker: WorkerProcess, at now: Instant) {
        guard let raw = worker.outputRawValue else { return }
        poll.remove(raw)
        publish(worker.closeOutput(at: now), of: worker)
    }

    private func publish(_ output: OutputTail.Output, of worker: WorkerProcess) {
        log.workerOutput(output, of: worker.id)
        if !output.lines.isEmpty || output.droppedBefore > 0 {
            board.publish(logTail: worker.tail.lines, of: worker.id)
        }
    }

    /// The last words come before the end: a refusal explains it.
    private func didEnd(_ worker: WorkerProcess, at now: Instant) -> [SupervisorEvent] {
        guard let status = worker.reap() else { return [] }
        var events = receive(worker, at: now)
        closeChannel(worker)
        if let last = worker.readOutput(at: now) { publish(last, of: worker) }
        closeOutput(worker, at: now)
        board.publish(logTail: worker.tail.lines, of: worker.id)
        poll.remove(worker.processRawValue)
        if !discarded.contains(worker.serial) {
            events.append(
                .workerExited(worker.id, WorkerExit(status), logTail: worker.tail.lines))
        }
        forget(worker)
        return events
    }

    private func forget(_ worker: WorkerProcess) {
        gauges.remove(worker.id)
        slots.free(slot: worker.sharedStateSlot)
        reclaimPermits(slot: worker.sharedStateSlot)
        baselines[worker.serial] = nil
        discarded.remove(worker.serial)
        workers[worker.serial] = nil
        if serials[worker.id] == worker.serial { serials[worker.id] = nil }
    }

    /// What the dead worker held of servers' limits is free again; others may wait for it.
    private func reclaimPermits(slot: Int) {
        traffic.reclaimPermits(slot: slot)
        for other in slots.slotsInUse { WorkerBell(region, slot: other)?.ringAll() }
    }

    // MARK: Watch

    /// Whose loops all moved on since they last did; and who lives on without a channel.
    func sample(at now: Instant) -> [SupervisorEvent] {
        var events: [SupervisorEvent] = []
        // One that could not be put into the poll set is noticed here.
        for serial in discarded {
            if let worker = workers[serial] { events += didEnd(worker, at: now) }
        }
        for worker in workers.values where !discarded.contains(worker.serial) {
            if hasProgressed(worker) { events.append(.workerProgressed(worker.id)) }
            if worker.isMute(at: now) && !worker.isMuteReported {
                worker.isMuteReported = true
                events.append(.workerViolated(worker.id, "closed its control channel"))
            }
        }
        return events
    }

    private func hasProgressed(_ worker: WorkerProcess) -> Bool {
        guard let loops = slots.report(of: worker.sharedStateSlot)?.loops else { return false }
        let progress = loops.map(\.progress)
        guard let baseline = baselines[worker.serial], baseline.count == progress.count else {
            baselines[worker.serial] = progress
            return false
        }
        guard zip(baseline, progress).allSatisfy({ $0 != $1 }) else { return false }
        baselines[worker.serial] = progress
        return true
    }

    private func worker(_ id: WorkerID) -> WorkerProcess? {
        serials[id].flatMap { workers[$0] }
    }
}

extension WorkerExit {
    init(_ status: ExitStatus) {
        switch status {
        case .code(let code): self.init(code: code)
        case .signal(let signal, _): self.init(signal: signal)
        }
    }
}
