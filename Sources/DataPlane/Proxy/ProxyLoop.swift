// One event loop of a worker as the rest of the worker sees it: something with a mailbox that runs
// on its own thread. All it works with is in its `Engine`, which lives for the length of `run`.

internal import SharedState
internal import Synchronization
internal import Syscalls

/// What loops know of each other: the mailbox, and how busy its owner is.
final class LoopLink: Sendable {
    /// The loop's place among the worker's.
    let index: Int
    let mailbox: Mailbox<LoopMessage>
    /// The loop's poll set, for those who take parked connections over; -1 before it runs.
    let pollSet = Atomic<Int32>(-1)
    /// Client connections of the loop, as of its last round.
    let clientCount = Atomic<Int>(0)
    /// The loop has let go of its listeners: it hands no connection over any more.
    let hasReleased = Atomic<Bool>(false)

    init(index: Int) throws(SystemError) {
        self.index = index
        mailbox = try Mailbox()
    }
}

/// The text of a worker's identity, made once.
struct IdentityTexts {
    let generation: Bytes
    let revision: Bytes
    let pid: Bytes

    init(_ identity: WorkerIdentity, in configuration: RuntimeConfiguration) {
        generation = configuration.bytes(String(identity.generation))
        revision = configuration.bytes(String(identity.revision))
        pid = configuration.bytes(String(identity.pid))
    }
}

/// What an engine is made of.
struct LoopParts {
    let index: Int
    let configuration: RuntimeConfiguration
    let record: LoopRecord
    let link: LoopLink
    let reports: LoopReports
    let accessLog: AccessLogSink
    let seed: UInt64
    let texts: IdentityTexts
    let peers: [LoopLink]
    let queues: LoopQueues
    /// Of the worker that checks servers.
    let isChecker: Bool
    /// Milliseconds.
    let idleWait: Int64
}

/// Made by the main thread, one for each of the worker's threads.
final class ProxyLoop: @unchecked Sendable {
    // SAFETY: Sendable, because everything is constant; `texts` is read-only memory of the
    // configuration, which this value keeps alive.
    let index: Int
    private let configuration: RuntimeConfiguration
    private let record: LoopRecord
    private let accessLog: AccessLogSink
    private let reports: LoopReports
    private let seed: UInt64
    private let texts: IdentityTexts
    private let isChecker: Bool
    private let idleWait: Int64
    private let link: LoopLink
    private let peers = Guarded<[LoopLink]>([])

    /// - Parameters:
    ///   - index: 0…, its place among the worker's loops.
    ///   - seed: of what need not be secret; each loop draws its own numbers from it.
    ///   - idleWait: milliseconds that it sleeps at most; nothing may depend on it.
    init(
        index: Int, configuration: RuntimeConfiguration, record: LoopRecord,
        identity: WorkerIdentity, accessLog: AccessLogSink, reports: LoopReports, seed: UInt64,
        idleWait: Int64 = Engine.idleWaitMilliseconds
    ) throws(SystemError) {
        self.index = index
        self.configuration = configuration
        self.record = record
        self.accessLog = accessLog
        self.reports = reports
        self.seed = seed
        self.idleWait = idleWait
        texts = IdentityTexts(identity, in: configuration)
        link = try LoopLink(index: index)
        isChecker = identity.worker == 0
    }

    /// Tells the loop of all loops of the worker, itself included; before `run`.
    func join(_ loops: [ProxyLoop]) {
        let others = loops.filter { $0 !== self }.map(\.link)
        peers.withLock { $0 = others }
        configuration.queues.connect(loops.map(\.link))
        configuration.passwords.connect(loops.map(\.link))
    }

    /// Runs the loop on the calling thread until `stop`. Throws at once where the system has no
    /// descriptor left for it.
    func run() throws(SystemError) {
        let queues = LoopQueues(configuration.queues, loop: index)
        let parts = LoopParts(
            index: index, configuration: configuration, record: record, link: link,
            reports: reports, accessLog: accessLog, seed: seed, texts: texts,
            peers: peers.withLock { $0 }, queues: queues, isChecker: isChecker,
            idleWait: idleWait)
        var engine = Engine(parts, epoll: try Engine.pollSet(for: link))
        engine.run()
        // Nobody is left here to take what comes now: permits go on to others.
        for message in link.mailbox.close() {
            switch message {
            case .connection(let connection): FileDescriptor(owning: connection.fd).close()
            case .queue(let answer): queues.deliver(answer)
            case .command, .password: break
            }
        }
        queues.end()
        configuration.queues.loopDidEnd()
        reports.post(.stopped, loop: index)
    }

    /// Hands a command to the loop; from any thread.
    /// False: the loop has ended and does nothing any more.
    @discardableResult
    func post(_ command: LoopCommand) -> Bool {
        link.mailbox.post(.command(command))
    }
}
