// The main thread of a worker: waits for the master, for signals and for its loops, and carries
// out what `WorkerLifecycle` decides. It proxies nothing itself. Counterpart: the master's
// `WorkerProcess`.

internal import Clock
internal import Glibc
internal import Model
internal import SharedState
internal import Syscalls
internal import Wire

struct WorkerMain: ~Copyable {
    private enum Source: UInt64 { case channel, signals, reports }
    /// How long loops may take to close everything after SIGTERM before the process just ends.
    private static let stopTimeout = Duration.seconds(1)

    private let version: String
    private let epoll: Epoll
    private let events = EventBuffer(capacity: 8)
    private let signals: SignalDescriptor
    private let reports: LoopReports
    private var channel: ControlChannel
    private var lifecycle = WorkerLifecycle()
    private var handoff = ListenerHandoffReceiver()
    private var configuration = Configuration()
    private var loops: [ProxyLoop] = []
    private let accessLog: AccessLogSink
    private var accessLogWriter: AccessLogWriter?
    private var release: MasterMessage.Release?
    private var stopDeadline: Instant?
    private var exitCode: Int32?
    private var sessions = SessionOrders()

    init(version: String) throws(SystemError) {
        // Ctrl-C and a closing terminal reach the whole process group: they are the master's.
        for signal in [SIGINT, SIGHUP, SIGQUIT, SIGUSR2, SIGPIPE] {
            try SignalDescriptor.ignore(signal)
        }
        _ = try? ProcessLimits.raiseDescriptorLimit()
        // Everything that can fail, before the first property is there.
        let signals = try SignalDescriptor(blocking: [SIGTERM, SIGUSR1])
        let reports = try LoopReports()
        let accessLog = try AccessLogSink()
        let epoll = try Epoll()
        let sources: [(Int32, Source)] = [
            (ControlChannel.descriptorNumber, .channel), (signals.rawValue, .signals),
            (reports.descriptor, .reports),
        ]
        for (fd, source) in sources {
            try epoll.add(fd: fd, events: EpollEvents.input, token: source.rawValue)
        }
        self.version = version
        self.signals = signals
        self.reports = reports
        self.accessLog = accessLog
        self.epoll = epoll
        channel = ControlChannel(owning: ControlChannel.descriptorNumber)
    }

    /// Runs the worker's whole life; returns its exit code.
    mutating func run() throws(SystemError) -> Int32 {
        channel.send(.hello(WorkerMessage.Hello(version: version, pid: getpid())))
        while exitCode == nil {
            let count = try epoll.wait(into: events, timeoutMilliseconds: timeoutMilliseconds)
            for index in 0..<count {
                switch Source(rawValue: events.token(index)) {
                case .channel: readChannel()
                case .signals: try readSignals()
                case .reports: readReports()
                case nil: break
                }
            }
            if let deadline = stopDeadline, Instant.now() >= deadline { exitCode = 0 }
        }
        accessLogWriter?.finish(waitMilliseconds: 500)
        return exitCode ?? 0
    }

    private var timeoutMilliseconds: Int32 { stopDeadline == nil ? -1 : 50 }

    private mutating func readChannel() {
        while exitCode == nil, channel.isOpen {
            do throws(WireError) {
                switch try channel.receive() {
                case .nothing: return
                case .end:
                    _ = try? epoll.remove(fd: channel.rawValue)
                    perform(lifecycle.didLoseMaster())
                case .message(let message, let descriptors):
                    handle(message, descriptors)
                }
            } catch {
                perform(.fail("control channel: \(error)"))
            }
        }
    }

    private mutating func handle(_ message: MasterMessage, _ descriptors: consuming DescriptorList)
    {
        switch message {
        case .prepare(let order):
            channel.generation = order.generation
            perform(lifecycle.didReceivePrepare(loopCount: order.threads))
            guard exitCode == nil else { return }
            prepare(order, descriptors)
        case .handoff(let manifest):
            do throws(WireError) {
                try handoff.receive(manifest, descriptors: descriptors)
            } catch {
                return perform(.fail("listener handoff: \(error)"))
            }
            if handoff.isComplete {
                perform(lifecycle.didReceiveHandoff(listenerCount: handoff.count))
            }
        case .release(let order):
            release = order
            perform(lifecycle.didReceiveRelease())
        case .attend:
            for loop in loops { loop.post(.attend) }
        case .endSessions(let order): endSessions(order)
        case .reopenLog:
            if let file = descriptors.take(at: 0) { accessLogWriter?.replace(with: file) }
        }
    }

    private mutating func readSignals() throws(SystemError) {
        while let received = try signals.next() {
            switch received.signal {
            case SIGTERM: perform(lifecycle.didReceiveTerminate())
            case SIGUSR1: perform(lifecycle.didReceiveRelease())
            default: break
            }
        }
    }

    private mutating func readReports() {
        for entry in reports.takeAll() {
            switch entry.report {
            case .running: perform(lifecycle.loopRuns(entry.loop))
            case .accepting: perform(lifecycle.loopAccepts(entry.loop))
            case .released: perform(lifecycle.loopReleased(entry.loop))
            case .drained: perform(lifecycle.loopDrained(entry.loop))
            case .stopped: perform(lifecycle.loopStopped(entry.loop))
            case .ended(let order, let matched, let ended):
                tell(sessions.loopDidEnd(entry.loop, order, matched: matched, ended: ended))
            }
        }
    }

    private mutating func perform(_ action: WorkerLifecycle.Action) {
        switch action {
        case .none, .startLoops: break
        case .sendReady: channel.send(.ready)
        case .adoptListeners: adoptListeners()
        case .sendAccepting(let count): channel.send(.accepting(listenerCount: count))
        case .releaseLoops: postRelease()
        case .closeListeners(let count): closeListeners(count)
        case .closeListenersAndLeave(let count):
            closeListeners(count)
            perform(.leave)
        case .stopLoops:
            for loop in loops { loop.post(.stop) }
            stopDeadline = Instant.now() + Self.stopTimeout
        case .leave:
            channel.send(.drained)
            exitCode = 0
        case .exit: exitCode = 0
        case .fail(let reason):
            StandardError.write("worker: \(reason)\n")
            exitCode = 1
        }
    }

    /// Builds the loops and starts their threads; they report `running` one by one.
    private mutating func prepare(
        _ order: MasterMessage.Prepare, _ descriptors: consuming DescriptorList
    ) {
        do throws(WorkerRefusal) {
            var preparation = try Preparation.read(order, descriptors: descriptors)
            configuration = preparation.configuration
            loops = try preparation.makeLoops(reports: reports, accessLog: accessLog)
            try startAccessLog(to: preparation.takeAccessLog())
            for loop in loops { try Self.startThread(of: loop) }
        } catch {
            channel.send(
                .refused(
                    WorkerMessage.Refusal(
                        code: error.code, detail: error.detail, pointer: error.pointer)))
            perform(.fail("\(error.code): \(error.detail)"))
        }
    }

    /// - Parameter file: the master's; nil where there is no log, or its receiver is connected to.
    private mutating func startAccessLog(
        to file: consuming FileDescriptor?
    ) throws(WorkerRefusal) {
        do throws(SystemError) {
            if case .tcp(let address)? = configuration.log.receiver {
                accessLogWriter = try AccessLogWriter(
                    of: accessLog, connectingTo: RawSocketAddress(address))
            } else if let file, let kind = LogOutput.Kind(configuration.log) {
                accessLogWriter = try AccessLogWriter(of: accessLog, to: file, kind)
            }
        } catch {
            throw WorkerRefusal(code: "thread-failed", detail: "\(error)")
        }
    }

    private static func startThread(of loop: ProxyLoop) throws(WorkerRefusal) {
        do throws(SystemError) {
            try Thread.start(name: "loop-\(loop.index)") {
                do throws(SystemError) {
                    try loop.run()
                } catch {
                    StandardError.write("worker: loop \(loop.index): \(error)\n")
                    ProcessLimits.exitNow(1)
                }
            }
        } catch {
            throw WorkerRefusal(code: "thread-failed", detail: "\(error)")
        }
    }

    private mutating func adoptListeners() {
        do throws(WireError) {
            let registrations = try handoff.registrations(in: configuration)
            for loop in loops { loop.post(.adopt(registrations)) }
        } catch {
            perform(.fail("listener handoff: \(error)"))
        }
    }

    private func postRelease() {
        let process = configuration.process
        let idleAfter =
            release.map { Duration.milliseconds($0.idleAfterMilliseconds) }
            ?? process.drainIdleAfter
        let idleSpread =
            release.map { Duration.milliseconds($0.idleSpreadMilliseconds) }
            ?? process.drainIdleSpread
        for loop in loops {
            loop.post(
                .release(
                    drainAcceptQueueOf: release?.drainAcceptQueueOf ?? [], idleAfter: idleAfter,
                    idleSpread: idleSpread))
        }
    }

    private mutating func endSessions(_ order: SessionOrder) {
        guard let selection = SessionSelection(order, in: configuration) else {
            return tell(SessionOutcome(id: order.id, matched: 0, ended: 0))
        }
        var asked = LoopSet()
        for loop in loops where loop.post(.endSessions(selection)) { asked.insert(loop.index) }
        tell(sessions.didAsk(asked, order.id))
    }

    private mutating func tell(_ outcome: SessionOutcome?) {
        if let outcome { channel.send(.sessionsEnded(outcome)) }
    }

    private mutating func closeListeners(_ count: Int) {
        handoff.closeAll()
        channel.send(.released(listenerCount: count))
    }
}
