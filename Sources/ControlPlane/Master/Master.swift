// The control-plane process, put together: directories, store, shared memory, and the loop over
// the pure supervisor. Owns all of it for one life; refuses a state directory that has a master.
// Made and run on the process's main thread, before any other thread is started.

internal import Clock
internal import Glibc
internal import Logging
public import Model
internal import SharedState
internal import Store
internal import Supervisor
internal import Syscalls

/// Where a master finds and keeps its things.
public struct MasterOptions: Sendable {
    /// YAML or JSON; nil is the embedded default configuration.
    public var configurationPath: String?
    /// The database and the lock; made with mode 0700, or ours already.
    public var stateDirectory: String
    /// The admin socket; made with mode 0711, or ours already.
    public var runtimeDirectory: String
    /// The program `apus-worker`.
    public var workerPath: String
    /// Of this program; a worker of another is refused.
    public var version: String
    /// The process has just begun: every listening socket that is open was passed to it.
    public var takesDescriptors = false

    public init(
        configurationPath: String? = nil, stateDirectory: String, runtimeDirectory: String,
        workerPath: String, version: String
    ) {
        self.configurationPath = configurationPath
        self.stateDirectory = stateDirectory
        self.runtimeDirectory = runtimeDirectory
        self.workerPath = workerPath
        self.version = version
    }
}

/// One master. `init` takes everything it needs or fails with words for the operator; an API
/// server may be started with `handle` then; `run` does the rest.
public final class Master {
    /// Signals that the loop reads; every thread started after `init` has them blocked.
    private static let signals = [SIGHUP, SIGUSR1, SIGUSR2, SIGTERM, SIGINT, SIGQUIT]

    /// The outside, for other threads.
    public let handle: MasterHandle
    private let loop: MasterLoop
    private let directory: StateDirectory
    private let disk: DiskWork
    private let trail: AuditTrail
    private let logger: Logger

    /// Takes the directories, the lock, the database and the signals.
    public init(options: MasterOptions, log: EventLog) throws(StartupError) {
        // First, while nothing of ours listens that could be taken for it.
        let activation = SocketActivation.receive(takesAll: options.takesDescriptors)
        let machine = MachineCheck(passed: activation)
        directory = try StateDirectory(path: options.stateDirectory)
        // The socket's own mode says who may use it; its group must be able to reach it.
        try StateDirectory.prepare(
            options.runtimeDirectory, what: "runtime directory", mode: 0o711)
        let masterLog = MasterLog(log)
        let complain: @Sendable (String) -> Void = { masterLog.logger.error("\($0)") }
        logger = masterLog.logger
        do {
            let store = try Store.open(directory: options.stateDirectory)
            for finding in store.findings { masterLog.logger.error("\(finding)") }
            let signals = try Self.prepareProcess()
            let created = try SharedRegion.create()
            let region = created.region
            let overrides = try store.serverOverrides()
            masterLog.remembers(overrides)
            let gauges = GaugeReader(region)
            let traffic = TrafficTable(region, overrides: overrides)
            let mailbox = try Mailbox()
            let history = try store.endInterrupted(at: .now())
            let board = MasterBoard(
                snapshot: MasterSnapshot(
                    instanceID: store.instanceID, version: options.version, reloads: history,
                    findings: store.findings.map(\.description)),
                gauges: gauges)
            let poll = try PollSet()
            masterLog.received(activation)
            let listeners = ListenerTable(inherited: activation.sockets)
            let lastGeneration = try store.lastGeneration()
            let reserved = lastGeneration + DiskWork.reservedAhead
            try store.reserveGenerations(through: reserved)
            disk = try DiskWork(
                store: store, reserved: reserved, configurationPath: options.configurationPath,
                mailbox: mailbox, traffic: traffic, machine: machine, complain: complain)
            let workers = WorkerTable(
                program: options.workerPath, version: options.version, poll: poll,
                region: region, sharedState: created.takeFile(), gauges: gauges,
                traffic: traffic, board: board, log: masterLog)
            let orphans = Orphans(
                known: try store.liveWorkers(), program: options.workerPath, complain: complain)
            for worker in orphans.gone { try store.remove(worker) }
            // No address is refused to us there, so nothing else would make them let go of it.
            if activation.sockets.contains(where: { $0.name != nil }) { _ = orphans.askToRelease() }
            loop = try MasterLoop(
                MasterLoop.Parts(
                    supervisor: Supervisor(
                        nextGeneration: lastGeneration + 1, reloads: history),
                    executor: EffectExecutor(
                        listeners: listeners, workers: workers, disk: disk, mailbox: mailbox,
                        orphans: orphans, traffic: traffic, log: masterLog),
                    workers: workers, listeners: listeners, poll: poll, mailbox: mailbox,
                    signals: signals, board: board, log: masterLog,
                    service: SystemdService.detect(earlierReloads: history), traffic: traffic,
                    overrides: disk.overrides, names: disk.names))
            trail = try AuditTrail(store: store, complain: complain)
            handle = MasterHandle(
                mailbox: mailbox, board: board, disk: disk, traffic: traffic,
                configurations: try ConfigurationDesk(
                    options, store: store, board: board, machine: machine, complain: complain),
                trail: trail)
            masterLog.starts(options, instanceID: store.instanceID)
        } catch let error as StartupError {
            throw error
        } catch {
            throw StartupError("the master cannot start: \(error)")
        }
    }

    /// The signals that the loop reads, and what children inherit.
    private static func prepareProcess() throws -> SignalDescriptor {
        try SignalDescriptor.ignore(SIGPIPE)
        // Ignored by whoever started us, our children would leave without a status.
        signal(SIGCHLD, SIG_DFL)
        _ = try? ProcessLimits.raiseDescriptorLimit()
        return try SignalDescriptor(blocking: signals)
    }

    /// The newest revision that has served in an earlier life and can still be read: what the first
    /// reload falls back to if the configuration is not valid. Reads the disk; for before `run`.
    public func lastGood() -> (revision: Int, configuration: Configuration)? {
        disk.lastGood().map { ($0.plan.revision, $0.configuration) }
    }

    /// Supervises until it is told to stop, on the calling thread; the process's exit code.
    ///
    /// - Parameter admin: what the admin API runs with, nil if there is none.
    public func run(admin: AdminSettings? = nil) -> Int32 {
        let code: Int32
        do {
            code = try loop.run(admin: admin)
        } catch {
            // epoll_wait(2) on our own set cannot fail but by a fault of ours.
            logger.critical("the loop failed", metadata: ["error": "\(error)"])
            code = 1
        }
        logger.notice("master ends", metadata: ["code": "\(code)"])
        trail.flush(atMost: .seconds(1))
        disk.finish(lastGeneration: loop.lastGeneration, atMost: .seconds(1))
        return code
    }
}

extension MasterSnapshot {
    /// Before anything happened.
    init(
        instanceID: String, version: String, reloads: [ReloadRecord], findings: [String] = []
    ) {
        let now = Moment(instant: .now(), wall: .now())
        self.init(
            sequence: 1, instanceID: instanceID, version: version, startedAt: now.wall,
            takenAt: now, generations: [], reloads: reloads,
            collections: CollectionSequences(startedAt: now.wall), serving: nil,
            desiredRevision: nil, appliedRevision: nil, maxReloads: nil, counters: MasterCounters(),
            workers: [:],
            totals: [:], listeners: [], problems: [], shuttingDown: false, loopTick: now.instant)
        self.findings = findings
    }
}
