// One loop of a worker: all state of one thread, and the round of waiting and dispatching. What is
// done with an event stands in the extensions of `Engine`, a file for each theme:
//
//   Accepting         listeners, limits, fairness
//   Arrival           PROXY header
//   TCPRouting        first bytes → route → backend, or an HTTP frontend
//   RequestReading    client bytes → head
//   ExchangeStart     head → route → action
//   Authenticating    routes that ask for a password
//   ServerAssignment  server, connection
//   ClientStickiness, ServerBinding  the server that a client comes back to
//   BalanceKey, RateLimiting         what tells one client from another
//   Queueing          waiting for a server that has a limit
//   ConnectionReuse   parked connections: taken, kept, shown, ended
//   Retrying          another attempt, and when there is none
//   ResponseReading   server bytes → head
//   BodyTransfer      bytes both ways; PipedBodies: by splice(2)
//   ExchangeEnding    answers, errors, what follows
//   ServerAttention   what changed about servers
//   HealthChecking    asking servers; Ejecting: what failed exchanges say of them
//   Tunnel, Lingering, Deadlines, Drain, SessionEnding, Traffic, AccessLogging, ProxyHeaderSending
//
// Nothing here is shared but the mailbox, the gauges, the desk for passwords and the record. Hot:
// measured by the benchmark of CPU and system calls per request (docs/performance.md).

internal import Clock
internal import Model
internal import SharedState
internal import Synchronization
internal import Syscalls

/// Owned by one call of `ProxyLoop.run`.
struct Engine: ~Copyable {
    /// What an event's token is the address of.
    enum Tag {
        static var client: UInt64 { 0 }
        static var server: UInt64 { 1 }
        static var listener: UInt64 { 2 }
        static var mailbox: UInt64 { 3 }
        static var check: UInt64 { 4 }
        static var mask: UInt64 { 15 }
    }
    /// Turns a client connection may take before the others have theirs.
    static var turnsMax: Int { 16 }
    /// The longest sleep: the master looks for progress about once a second. Nothing else depends on
    /// it.
    static var idleWaitMilliseconds: Int64 { 400 }

    let index: Int
    let configuration: RuntimeConfiguration
    let record: LoopRecord
    let link: LoopLink
    let reports: LoopReports
    let log: AccessLogSink
    let queues: LoopQueues
    private let idleWait: Int64
    let epoll: Epoll
    let events = EventBuffer(capacity: 256)

    /// Nanoseconds and milliseconds of CLOCK_MONOTONIC, read once a round.
    var nowNanoseconds: Int64 = 0
    var now: Int64 = 0
    /// What has to be added to `now` for milliseconds since 1970; looked at once a second.
    var wallOffset: Int64 = 0
    var wallCheckedAt: Int64 = -1_000

    var clients = Slab<ClientConnection>()
    var servers = Slab<ServerConnection>()
    var exchanges = Slab<Exchange>()
    var buffers = BufferPool()
    var routing: RoutingMemory
    var passwords: PasswordMemory
    var pipes = PipePool()
    var clientTimers: TimerWheel<ClientConnection>
    var serverTimers: TimerWheel<ServerConnection>
    let connectionTotals: Ref<ConnectionTotals>
    private var totalsSlab = Slab<ConnectionTotals>()
    /// Closed in this round: recycled behind it, because events of the round may still name them.
    var closedClients: [Ref<ClientConnection>] = []
    var closedServers: [Ref<ServerConnection>] = []
    /// Connections with more to do, for the next round; and those of the present one.
    private var runQueue: [Ref<ClientConnection>] = []
    private var runningQueue: [Ref<ClientConnection>] = []
    var oldestClient: Ref<ClientConnection>?
    var newestClient: Ref<ClientConnection>?
    var seenServerChanges: UInt64 = .max
    var rampCheckAt = Int64.max
    /// When the first of the servers that were taken out for a while comes back.
    var nextServerReturn: Int64 = .max
    var checks: ServerChecks
    /// Of the worker whose loops check servers, once it serves.
    let isChecker: Bool
    /// The generation has other workers, which accept from the same listeners.
    let hasOtherWorkers: Bool
    var tunnelCount = 0
    /// Parked connections have something to be looked at from this moment on.
    var reuseTendAt: Int64 = 0
    var purgedAt: Int64
    /// The peer that is asked first for a parked connection.
    var takeoverCursor = 0
    /// The last new descriptor's number says that three quarters of all are in use.
    var descriptorsAreShort = false

    var frontendSlab = Slab<FrontendState>()
    var backendSlab = Slab<UpstreamBackend>()
    var upstreamSlab = Slab<UpstreamServer>()
    var listenerSlab = Slab<Listener>()
    var tallies = Slab<TrafficTally>()
    /// Those that hold something the shared totals lack.
    var dirtyTallies: [Ref<TrafficTally>] = []
    var frontends: [Ref<FrontendState>] = []
    var backends: [Ref<UpstreamBackend>] = []
    var listeners: [Ref<Listener>] = []
    /// Whose turn it is to be taken up again.
    var listenerTurn = 0
    /// There may be thousands, and each round would look at all of them.
    var pausedListenerCount = 0
    /// Other loops of the worker.
    var peers: [LoopLink] = []

    /// The heads that are being read, and memory to write the rewritten ones into.
    var request = RequestHead()
    var response = ResponseHead()
    let scratch = ByteScratch(capacity: 65_536)
    let addressScratch = ByteScratch(capacity: 64)
    var requestIDs: RequestIDGenerator
    var random: SmallRandom
    var logBuffer: LogBuffer?
    var logFlushAt: Int64 = .max
    var drain = DrainState.serving
    var drainIdleAfter: Int64 = 0
    var drainIdleSpread: Int64 = 0
    /// Bytes that came from the client or went to it in the present turn.
    var clientMoved = 0
    /// The same of the server.
    var serverMoved = false
    var isStopped = false
    let generationText: Bytes
    let revisionText: Bytes
    let pidText: Bytes

    /// `epoll` is a new poll set in which the mailbox is registered (`Engine.pollSet`).
    init(_ loop: borrowing LoopParts, epoll: consuming Epoll) {
        index = loop.index
        configuration = loop.configuration
        record = loop.record
        link = loop.link
        routing = RoutingMemory(regexCells: configuration.regexCells)
        reports = loop.reports
        log = loop.accessLog
        peers = loop.peers
        queues = loop.queues
        idleWait = loop.idleWait
        link.pollSet.store(epoll.rawValue, ordering: .releasing)
        self.epoll = epoll
        let start = Instant.now()
        nowNanoseconds = Int64(clamping: start.nanoseconds)
        now = nowNanoseconds / 1_000_000
        purgedAt = now
        connectionTotals = totalsSlab.take()
        passwords = PasswordMemory(accountCount: configuration.accountCount)
        clientTimers = TimerWheel(now: now)
        serverTimers = TimerWheel(now: now)
        checks = ServerChecks(now: now)
        isChecker = loop.isChecker
        hasOtherWorkers = configuration.configuration.process.workers > 1
        random = SmallRandom(seed: loop.seed &+ UInt64(loop.index) &* 0x9E37_79B9_7F4A_7C15)
        requestIDs = RequestIDGenerator(
            seed: (random.next(), random.next(), random.next(), random.next()))
        generationText = loop.texts.generation
        revisionText = loop.texts.revision
        pidText = loop.texts.pid
        wallOffset = WallTime.now().milliseconds - now
        makeFrontends()
        makeBackends()
        attendServersIfChanged()
    }

    /// Throws where the system has no descriptor left.
    static func pollSet(for link: LoopLink) throws(SystemError) -> Epoll {
        let epoll = try Epoll()
        try epoll.add(
            fd: link.mailbox.descriptor, events: EpollEvents.input, token: Tag.mailbox)
        return epoll
    }

    /// Waits and dispatches until stopped.
    mutating func run() {
        reports.post(.running, loop: index)
        while !isStopped {
            let wait = waitMilliseconds()
            // Nothing that epoll_wait(2) could say of a valid set is an error of ours to handle.
            let count =
                (try? epoll.wait(into: events, timeoutMilliseconds: Int32(clamping: wait))) ?? 0
            readClock()
            attendServersIfChanged()
            for place in 0..<count { noteParked(events.token(place), events.bits(place)) }
            for place in 0..<count { dispatch(events.token(place), events.bits(place)) }
            runQueued()
            expireTimers()
            hearAnswers()
            tendChecks()
            tendListeners()
            tendDrain()
            tendReuse()
            flushLogIfDue()
            recycleClosed()
            publish()
        }
        closeEverything()
    }

    private mutating func dispatch(_ token: UInt64, _ bits: UInt32) {
        switch token & Tag.mask {
        case Tag.client: clientEvent(Ref(token: token), bits)
        case Tag.server: serverEvent(Ref(token: token), bits)
        case Tag.listener: accept(Ref(token: token))
        case Tag.check: checkEvent(Ref(token: token), bits)
        default: readMailbox()
        }
    }

    /// What servers said on parked connections is known before anybody can be given one of them,
    /// whatever the order of events.
    @inline(__always)
    private func noteParked(_ token: UInt64, _ bits: UInt32) {
        guard token & Tag.mask == Tag.server else { return }
        let server = Ref<ServerConnection>(token: token)
        if server[].state == .parked { server[].transport.note(bits) }
    }

    private mutating func readClock() {
        nowNanoseconds = Int64(clamping: Instant.now().nanoseconds)
        now = nowNanoseconds / 1_000_000
        guard now >= wallCheckedAt &+ 1_000 else { return }
        wallCheckedAt = now
        wallOffset = WallTime.now().milliseconds - now
        countLostLogs()
    }

    /// Milliseconds since 1970, for dates only.
    var wallMilliseconds: Int64 { now &+ wallOffset }

    private func waitMilliseconds() -> Int64 {
        if !runQueue.isEmpty || !queues.answers.isEmpty { return 0 }
        var limit = idleWait
        if let soonest = nextListenerCheck() { limit = min(limit, max(0, soonest - now)) }
        if logFlushAt < .max { limit = min(limit, max(0, logFlushAt - now)) }
        if let soonest = nextDrainCheck() { limit = min(limit, max(0, soonest - now)) }
        if nextServerReturn < .max { limit = min(limit, max(0, nextServerReturn - now)) }
        if rampCheckAt < .max { limit = min(limit, max(0, rampCheckAt - now)) }
        limit = checks.timers.delay(now: now, limit: limit)
        limit = clientTimers.delay(now: now, limit: limit)
        return serverTimers.delay(now: now, limit: limit)
    }

    private mutating func runQueued() {
        guard !runQueue.isEmpty else { return }
        swap(&runQueue, &runningQueue)
        for place in runningQueue.indices {
            let client = runningQueue[place]
            client[].isQueued = false
            if client[].state != .closed { advance(client) }
        }
        runningQueue.removeAll(keepingCapacity: true)
    }

    /// Gives a client another turn behind the others'.
    mutating func enqueue(_ client: Ref<ClientConnection>) {
        guard !client[].isQueued else { return }
        client[].isQueued = true
        runQueue.append(client)
    }

    mutating func recycleClosed() {
        while let client = closedClients.popLast() {
            // A queued one is still named by the run queue; its turn comes first.
            if client[].isQueued { runQueue.removeAll { $0 == client } }
            clients.recycle(client)
        }
        while let server = closedServers.popLast() { servers.recycle(server) }
    }

    mutating func publish() {
        if !dirtyTallies.isEmpty { flushTraffic() }
        record.tick()
        record.set(.clientConnections, UInt64(clients.count))
        record.set(.exchangesInFlight, UInt64(max(0, exchanges.count - tunnelCount)))
        record.set(.tunnels, UInt64(tunnelCount))
        record.set(.upstreamIdle, UInt64(parkedCount))
        record.setOldestSessionStarted(
            nanoseconds: oldestClient.map { UInt64(clamping: $0[].acceptedAt) } ?? 0)
        link.clientCount.store(clients.count, ordering: .relaxed)
    }

    mutating func readMailbox() {
        for message in link.mailbox.takeAll() {
            switch message {
            case .connection(let connection): adopt(connection)
            case .queue(let answer): hear(answer)
            case .password(let verdict): hear(verdict)
            case .command(.adopt(let registrations)):
                adopt(registrations)
                configuration.queues.listenForNews()
                startChecks()
            case .command(.release(let queues, let idleAfter, let idleSpread)):
                release(
                    draining: queues, idleAfter: idleAfter.wholeMilliseconds,
                    idleSpread: idleSpread.wholeMilliseconds)
            case .command(.attend): break
            case .command(.endSessions(let selection)): endSessions(selection)
            case .command(.stop): isStopped = true
            }
        }
    }

    private mutating func makeFrontends() {
        for (place, frontend) in configuration.configuration.frontends.enumerated() {
            let state = frontendSlab.take()
            state[].index = place
            state[].isHTTP = frontend.mode == .http
            state[].limits = frontend.limits
            state[].paths = PathRefinement(frontend.paths)
            state[].forwardedFor = ForwardedForMode(frontend.forwardedFor)
            state[].waits = RuntimeConfiguration.Waits(frontend.timeouts)
            state[].routes = configuration.routes[place]
            state[].tcpRoutes = configuration.tcpRoutes[place]
            state[].proxyInput = configuration.proxyInputs[place]
            state[].traffic = makeTally(configuration.traffic.frontend(place))
            frontends.append(state)
        }
    }

    private mutating func makeBackends() {
        for (place, backend) in configuration.configuration.backends.enumerated() {
            let state = backendSlab.take()
            state[].index = place
            state[].waits = RuntimeConfiguration.Waits(backend.timeouts)
            state[].backups = backend.backups
            state[].reuse = ReuseRules(backend.reuse)
            state[].retries = RetryRules(backend.retries)
            state[].traffic = makeTally(configuration.traffic.backend(place))
            state[].ejection = backend.ejection.map(EjectionRule.init)
            for (number, server) in backend.servers.enumerated() {
                let upstream = upstreamSlab.take()
                upstream[].proxyProtocol = server.proxyProtocol
                upstream[].backend = place
                upstream[].index = number
                upstream[].traffic = makeTally(configuration.traffic.server(place, number))
                upstream[].record = configuration.traffic.serverRecord(place, number)
                upstream[].rules = configuration.serverRules[place][number]
                upstream[].unixName = configuration.unixNames[place][number]
                upstream[].standing = ServerStanding(weight: server.weight)
                upstream[].isBackup = server.isBackup
                upstream[].slowStart = server.slowStart.wholeMilliseconds
                upstream[].configuredLimit = server.maxConnections ?? 0
                upstream[].permits = makePermitSource(upstream)
                upstream[].totals = connectionTotals
                upstream[].number = configuration.upstreams.number(place, number)
                upstream[].claims = configuration.upstreams.claims?.line(
                    server: upstream[].number, loop: index)
                upstream[].connectionRecord = configuration.traffic.connectionRecord(place, number)
                state[].servers.append(upstream)
            }
            let offset = Int(truncatingIfNeeded: random.next() >> 33)
            state[].hashKey = configuration.hashKeys[place]
            state[].stickiness = configuration.stickiness[place]
            state[].setPolicy(
                backend.balance, names: configuration.serverNames[place], offset: offset,
                wall: wallMilliseconds)
            if state[].countsLoad {
                for server in state[].servers {
                    server[].load = configuration.serverLoad(place, server[].index)
                }
            }
            backends.append(state)
        }
        routing.setBackends(backends)
    }
}
