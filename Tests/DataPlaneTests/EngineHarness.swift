// A worker's loops inside the test process: real sockets, scripted origins, no master.

import Glibc
import Model
import SharedState
import Synchronization
import Syscalls
import Testing
import Wire

@testable import DataPlane

/// A server whose connections are each played by a closure on a thread of its own.
final class EngineOrigin: Sendable {
    let port: UInt16
    private let state: State

    /// What its thread holds: not the origin itself, which would never end then.
    private final class State: Sendable {
        let listener: Int32
        let isStopped = Atomic<Bool>(false)
        let connectionCount = Atomic<Int>(0)

        init(listener: Int32) {
            self.listener = listener
        }
    }

    init(_ play: @escaping @Sendable (EngineSocket) -> Void) throws {
        let socket = try TCPSocket.bind(.loopback(port: 0))
        try TCPSocket.listen(socket.rawValue, backlog: 512)
        port = try TCPSocket.localAddress(socket.rawValue).port
        state = State(listener: socket.take())
        try Thread.start(name: "origin") { [state] in
            while !state.isStopped.load(ordering: .relaxed) {
                guard let accepted = try? TCPSocket.accept(state.listener) else {
                    EngineSocket.awaitInput(state.listener, milliseconds: 100)
                    continue
                }
                state.connectionCount.add(1, ordering: .relaxed)
                let connection = EngineSocket(owning: accepted.takeConnection().take())
                try? Thread.start(name: "played") { play(connection) }
            }
            FileDescriptor(owning: state.listener).close()
        }
    }

    deinit { stop() }

    /// How many connections were made to it.
    var connectionCount: Int { state.connectionCount.load(ordering: .relaxed) }

    func stop() { state.isStopped.store(true, ordering: .relaxed) }

    /// Answers every request with its own target and body, as often as asked.
    static func echo() throws -> EngineOrigin {
        try EngineOrigin { connection in
            while let request = connection.takeMessage() {
                let target = request.startLine.split(separator: " ")[1]
                let body = "\(target) \(request.text)"
                let isHead = request.startLine.hasPrefix("HEAD ")
                connection.send(
                    "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
                        + (isHead ? "" : body))
            }
        }
    }
}

/// A number of loops with one frontend.
final class EngineHarness: @unchecked Sendable {
    let port: UInt16
    let loops: [ProxyLoop]
    let reports: LoopReports
    let sink: AccessLogSink
    let runtime: RuntimeConfiguration
    let listener: Int32
    private var seen: [LoopReports.Entry] = []
    let place: SharedPlace
    let region: SharedRegion
    private let slot: Int

    struct Options {
        var mode = ProxyMode.http
        var loopCount = 1
        var timeouts = Timeouts()
        var limits = MessageLimits()
        var paths = PathRules()
        var maxConnections: Int?
        var headers = HeaderRules()
        var routes: [Route]?
        var conditions: [Condition] = []
        var maps: [ValueMap] = []
        var errors: [ErrorPage] = []
        var rateLimits: [RateLimit] = []
        var users: [UserList] = []
        var log = false
        /// Instead of a log of everything as JSON.
        var logSettings: LogSettings?
        var proxyInput: ProxyProtocolInput?
        var proxyOutput: ProxyProtocolVersion?
        /// A backend for each origin, `b0`, `b1`, …, instead of `b` with all of them.
        var separatesBackends = false
        /// Of each server.
        var limit: Int?
        var queue = QueueSettings()
        /// Shared with other harnesses, each in a slot of its own, as workers are.
        var shared: SharedPlace?
        var balance = BalancePolicy()
        var reuse = ReuseSettings()
        var retries = RetrySettings()
        var check: HealthCheck?
        var generation = 7
        /// Its place in its generation: only the first worker checks servers.
        var worker = 0
        /// Of each server.
        var slowStart = Duration.zero
        var ejection: Ejection?
        var stickiness: Stickiness?
        /// Places of servers that are backups.
        var backups: Set<Int> = []
        var usedBackups = Backend.Backups.all
        /// Of the listener, as of a bind.
        var userTimeout = Duration.zero
        /// Milliseconds: a long one shows who relies on it.
        var idleWait = Engine.idleWaitMilliseconds
        /// Of each server, at last.
        var changeServer: (inout Server) -> Void = { _ in }
        /// Behind the one that listens; routes of it may lead there.
        var otherFrontend: Frontend?
    }

    /// Numbers of traffic records.
    static let frontend = 1
    static let otherFrontend = 64
    static let backend = 2
    static func server(_ place: Int) -> Int { 3 + place }

    init(origins: [UInt16], _ options: Options = Options()) throws {
        let socket = try TCPSocket.bind(.loopback(port: 0))
        try ListenerSocket.setOptions(
            socket.rawValue, deferAccept: .zero, userTimeout: options.userTimeout)
        try TCPSocket.listen(socket.rawValue, backlog: 512)
        port = try TCPSocket.localAddress(socket.rawValue).port
        let configuration = Self.configuration(origins, port: port, options)
        place = try options.shared ?? SharedPlace()
        region = place.region
        slot = try place.addWorker(loopCount: options.loopCount)
        if let limit = options.limit {
            for index in origins.indices { try place.provide(limit, number: Self.server(index)) }
        }
        var numbers = TrafficNumbers(
            frontends: [Self.frontend, Self.otherFrontend], backends: [Self.backend],
            servers: [origins.indices.map(Self.server)])
        numbers.stickyTables = [0]
        runtime = RuntimeConfiguration(
            configuration, generation: options.generation,
            traffic: TrafficRecords(numbers, in: region, slot: slot), slot: slot,
            loopCount: options.loopCount)
        reports = try LoopReports()
        sink = try AccessLogSink()
        let (runtime, reports, sink, region, slot) = (runtime, reports, sink, region, slot)
        loops = try (0..<options.loopCount).map { index in
            let record = try #require(LoopRecord(region, slot: slot, loop: index))
            return try ProxyLoop(
                index: index, configuration: runtime, record: record,
                identity: WorkerIdentity(
                    generation: options.generation, revision: 3, pid: getpid(),
                    worker: options.worker),
                accessLog: sink, reports: reports, seed: 42, idleWait: options.idleWait)
        }
        listener = socket.take()
        for loop in loops {
            loop.join(loops)
            try Thread.start(name: "loop") { try? loop.run() }
        }
        #expect(awaitReport { $0 == .running })
        for loop in loops {
            loop.post(.adopt([ListenerRegistration(listener: 1, frontendIndex: 0, fd: listener)]))
        }
        #expect(awaitReport { $0 == .accepting(listeners: 1) })
    }

    /// A frontend on the port, and a backend of servers at the origins' ports.
    private static func configuration(
        _ origins: [UInt16], port: UInt16, _ options: Options
    ) -> Configuration {
        var configuration = Configuration()
        let servers = origins.enumerated().map { index, port in
            var server = Server(
                name: "s\(index)", address: SocketAddress(host: .ipv4(0x7F00_0001), port: port))
            server.proxyProtocol = options.proxyOutput
            server.maxConnections = options.limit
            server.slowStart = options.slowStart
            server.isBackup = options.backups.contains(index)
            server.cookie = StickyCookie.key(backend: "b", server: server.name)
            options.changeServer(&server)
            return server
        }
        let pools = options.separatesBackends ? servers.map { [$0] } : [servers]
        configuration.backends = pools.enumerated().map { index, servers in
            Backend(
                name: options.separatesBackends ? "b\(index)" : "b", mode: options.mode,
                timeouts: options.timeouts, queue: options.queue, reuse: options.reuse,
                retries: options.retries, servers: servers)
        }
        for place in configuration.backends.indices {
            configuration.backends[place].balance = options.balance
            configuration.backends[place].backups = options.usedBackups
            configuration.backends[place].check = options.check
            configuration.backends[place].ejection = options.ejection
            configuration.backends[place].stickiness = options.stickiness
        }
        configuration.frontends = [
            Frontend(
                name: "f", mode: options.mode,
                bind: [SocketAddress(host: .ipv4(0x7F00_0001), port: port)],
                maxConnections: options.maxConnections, timeouts: options.timeouts,
                limits: options.limits, errors: options.errors, headers: options.headers,
                routes: options.routes ?? [Route(id: "r", action: .backend("b"))])
        ]
        configuration.frontends[0].proxyProtocol = options.proxyInput
        configuration.frontends[0].paths = options.paths
        configuration.frontends += [options.otherFrontend].compactMap { $0 }
        configuration.conditions = options.conditions
        configuration.maps = options.maps
        configuration.rateLimits = options.rateLimits
        configuration.users = options.users
        configuration.log.accessTo = options.log ? .standardOutput : .off
        if let settings = options.logSettings { configuration.log = settings }
        return configuration
    }

    deinit {
        stop()
        FileDescriptor(owning: listener).close()
    }

    /// Whether every loop has made such a report.
    func awaitReport(within seconds: Double = 10, _ matches: (DataPlane.LoopReport) -> Bool) -> Bool
    {
        Wait.until(seconds) {
            seen += reports.takeAll()
            return Set(seen.filter { matches($0.report) }.map(\.loop)).count == loops.count
        }
    }

    func hasReported(_ report: DataPlane.LoopReport) -> Bool {
        seen += reports.takeAll()
        return seen.contains { $0.report == report }
    }

    func release(
        draining queues: [Int] = [], idleAfter: Duration = .seconds(10),
        idleSpread: Duration = .seconds(10)
    ) {
        for loop in loops {
            loop.post(
                .release(
                    drainAcceptQueueOf: queues, idleAfter: idleAfter, idleSpread: idleSpread))
        }
        #expect(awaitReport { $0 == .released(listeners: 1) })
    }

    func stop() {
        for loop in loops { loop.post(.stop) }
        #expect(awaitReport { $0 == .stopped })
    }

    func connect(receiveBytes: Int32? = nil) throws -> EngineSocket {
        try EngineSocket.connect(port: port, receiveBytes: receiveBytes)
    }

    /// The log's lines, once there are so many.
    func logLines(_ count: Int) -> [String] {
        var lines: [String] = []
        Wait.until(5) {
            while let buffer = sink.next() {
                lines += (0..<buffer.recordCount).map { text(buffer.record($0)) }
                sink.give(buffer, lost: 0)
            }
            return lines.count >= count
        }
        return lines
    }

    /// What the loops say of themselves in shared memory.
    var worker: WorkerReport {
        WorkerReport(
            loops: loops.compactMap { SharedState.LoopReport(region, slot: slot, loop: $0.index) })
    }

    /// A traffic record's totals.
    func traffic(_ number: Int) -> TrafficTotals {
        TrafficTotals(words: TrafficRecord(region, number: number)?.read() ?? [])
    }

    /// Whether the totals get there in time: they are added at the end of a round.
    func traffic(
        _ number: Int, within seconds: Double = 5, becomes matches: (TrafficTotals) -> Bool
    ) -> Bool {
        Wait.until(seconds) { matches(traffic(number)) }
    }

    /// Whether a gauge gets there in time: it is written at the end of a round.
    func gauge(_ gauge: LoopGauge, becomes value: UInt64, within seconds: Double = 5) -> Bool {
        Wait.until(seconds) { worker[gauge] == value }
    }

    /// What all workers share of a server of the one backend.
    func serverRecord(_ place: Int) -> ServerRecord? {
        ServerRecord(region, number: Self.server(place))
    }

    /// How many wait, for any server of the one backend or for one.
    var queueLength: Int {
        let incarnation = WorkerBell(region, slot: slot)?.incarnation ?? 0
        return ([Self.backend] + (0..<4).map(Self.server)).reduce(0) { sum, number in
            sum
                + (QueueLength(region, slot: slot, number: number)?.value(incarnation: incarnation)
                    ?? 0)
        }
    }

    /// Permits of a server of the one backend that are held at present.
    func heldPermits(_ place: Int) -> Int {
        serverRecord(place).map { ServerPermits(region, $0).heldCount } ?? -1
    }

    /// Lets the loops look at their servers now.
    func attend() {
        for loop in loops { loop.post(.attend) }
    }
}

extension EngineHarness {
    /// As the worker's main thread does it; nil: not all loops have answered.
    func endSessions(_ order: SessionOrder) -> SessionOutcome? {
        guard let selection = SessionSelection(order, in: runtime.configuration) else {
            return SessionOutcome(id: order.id, matched: 0, ended: 0)
        }
        var orders = SessionOrders()
        var asked = LoopSet()
        for loop in loops where loop.post(.endSessions(selection)) { asked.insert(loop.index) }
        var outcome = orders.didAsk(asked, order.id)
        Wait.until(5) {
            for entry in reports.takeAll() {
                if case .ended(let id, let matched, let ended) = entry.report {
                    outcome = orders.loopDidEnd(entry.loop, id, matched: matched, ended: ended)
                }
            }
            return outcome != nil
        }
        return outcome
    }

    /// Whether what is told of a server's connections gets there in time.
    func connections(
        of place: Int, within seconds: Double = 5, _ matches: (ServerConnectionCounts) -> Bool
    ) -> Bool {
        Wait.until(seconds) { matches(connections(of: place)) }
    }

    func connections(of place: Int) -> ServerConnectionCounts {
        ServerConnectionRecord.total(region, number: Self.server(place))
    }
}
