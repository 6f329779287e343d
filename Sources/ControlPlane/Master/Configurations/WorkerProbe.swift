// A worker that is started with a configuration, says READY and is killed: the last thing that can
// be known of a configuration without serving it. It has a shared state of its own, no listener, no
// access log and no number, and the supervisor never hears of it. Runs on the probe's own thread,
// which it blocks; should the master die meanwhile, the worker notices and ends by itself.

internal import Clock
internal import ConfigurationLanguage
internal import Glibc
internal import JSON
internal import Model
internal import SharedState
internal import Supervisor
internal import Syscalls
internal import Wire

struct WorkerProbe: Sendable {
    /// No longer, whatever the configuration allows a generation: somebody waits for the answer.
    static let durationMax: Duration = .seconds(300)
    /// For the kernel to end a process that was killed.
    private static let reapTimeout: Duration = .seconds(10)

    /// Not of any generation: those count from 1.
    private static let id = WorkerID(generation: 0, index: 0)

    let program: String
    let version: String
    let directory: AccountDirectory
    /// Words for the log.
    let complain: @Sendable (String) -> Void

    /// Waits for READY at most for `ready_timeout`. No process is left when this returns.
    func run(_ configuration: Configuration) throws(ProbeFailure) -> ProbeOutcome {
        do {
            return try start(configuration)
        } catch let failure as ProbeFailure {
            throw failure
        } catch let fault as MachineFault {
            throw ProbeFailure(failure: ReloadFailure(fault), logTail: [])
        } catch {
            throw ProbeFailure(
                failure: ReloadFailure(code: "spawn-failed", detail: "\(error)"), logTail: [])
        }
    }

    private func start(_ configuration: Configuration) throws -> ProbeOutcome {
        // It carries no traffic, so none is counted.
        let json = try JSONWriter.encode(
            WorkerConfiguration(configuration, traffic: TrafficNumbers()))
        let memory = try MemoryFile.create(name: "apus-probe", bytes: json)
        // Of its own: what a throwaway worker counts is nobody's.
        let sharedState = try SharedRegion.createFile()
        let slot = 0
        let threads = min(max(configuration.process.threads ?? Thread.availableCores(), 1), 64)
        let poll = try PollSet()
        let began = Instant.now()
        let worker = try WorkerProcess(
            id: Self.id, serial: 1, program: program, version: version,
            account: try WorkerAccount.resolved(configuration.process, by: directory),
            sharedStateSlot: slot, at: began)
        defer { end(worker) }
        try watch(worker, poll)
        let order = MasterMessage.Prepare(
            generation: Self.id.generation, revision: 0, workerIndex: 0, workerCount: 1,
            threads: threads, sharedStateSlot: slot, configurationBytes: json.count,
            accessLog: false)
        do throws(WorkerSendError) {
            try worker.send(
                .prepare(order), descriptors: [memory.rawValue, sharedState.rawValue])
        } catch {
            // One that exits before it reads anything is told by its exit.
            guard case .system(let failure) = error,
                [EPIPE, ECONNRESET].contains(failure.errno)
            else { throw error }
        }
        let timeout = min(configuration.process.readyTimeout, Self.durationMax)
        try waitUntilReady(worker, poll, timeout: timeout)
        return ProbeOutcome(initMilliseconds: Int((Instant.now() - began).wholeMilliseconds))
    }

    private func watch(_ worker: WorkerProcess, _ poll: PollSet) throws(SystemError) {
        try poll.add(worker.processRawValue, .process(serial: worker.serial))
        if let channel = worker.channelRawValue {
            try poll.add(channel, .channel(serial: worker.serial))
        }
        if let output = worker.outputRawValue {
            try poll.add(output, .output(serial: worker.serial))
        }
    }

    private func waitUntilReady(
        _ worker: WorkerProcess, _ poll: PollSet, timeout: Duration
    ) throws {
        let deadline = Instant.now() + timeout
        while true {
            // An exit closes the channel a moment before the kernel reports the end.
            let closed = worker.channelClosedAt.map { $0 + WorkerProcess.closedChannelGrace }
            let left = min(deadline, closed ?? deadline) - Instant.now()
            guard left > .zero else {
                if closed != nil {
                    throw failure(worker, "worker-protocol-error", "closed its control channel")
                }
                throw failure(
                    worker, "ready-timeout",
                    "not READY within \(timeout.wholeMilliseconds) ms")
            }
            for source in try poll.wait(timeoutMilliseconds: left.timeoutMilliseconds) {
                if try isReady(worker, poll, after: source) { return }
            }
        }
    }

    private func isReady(
        _ worker: WorkerProcess, _ poll: PollSet, after source: PollSource
    ) throws(ProbeFailure) -> Bool {
        switch source {
        case .channel: return try hear(worker, poll)
        case .output:
            if worker.readOutput(at: .now()) == nil, let output = worker.outputRawValue {
                poll.remove(output)
                _ = worker.closeOutput(at: .now())
            }
        case .process:
            // Its last words explain the end.
            if try hear(worker, poll) { return true }
            _ = worker.readOutput(at: .now())
            guard let status = worker.reap() else { return false }
            throw failure(worker, "worker-exited-in-init", "the worker ended with \(status)")
        case .signals, .mailbox: break
        }
        return false
    }

    private func hear(_ worker: WorkerProcess, _ poll: PollSet) throws(ProbeFailure) -> Bool {
        for outcome in worker.receive(at: .now()) {
            switch outcome {
            case .event(.workerReady): return true
            case .event(.workerRefused(_, let refusal)):
                throw ProbeFailure(failure: refusal, logTail: worker.tail.lines)
            case .violation(let words): throw failure(worker, "worker-protocol-error", words)
            case .event, .sessionsEnded, .nothing: break
            }
        }
        if worker.channelClosedAt != nil, let channel = worker.channelRawValue {
            poll.remove(channel)
            worker.closeChannel()
        }
        return false
    }

    private func failure(
        _ worker: WorkerProcess, _ code: String, _ detail: String
    ) -> ProbeFailure {
        ProbeFailure(
            failure: ReloadFailure(code: code, detail: detail), logTail: worker.tail.lines)
    }

    /// A worker that has served nothing has nothing to finish.
    private func end(_ worker: WorkerProcess) {
        do throws(SystemError) {
            try worker.send(signal: SIGKILL)
        } catch {
            complain("the worker of a probe (pid \(worker.pid)) could not be killed: \(error)")
            return
        }
        guard let poll = try? PollSet(),
            (try? poll.add(worker.processRawValue, .process(serial: worker.serial))) != nil
        else { return }
        let deadline = Instant.now() + Self.reapTimeout
        while worker.reap() == nil, Instant.now() < deadline {
            _ = try? poll.wait(timeoutMilliseconds: 100)
        }
    }
}
