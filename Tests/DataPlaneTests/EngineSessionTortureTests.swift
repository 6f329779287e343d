// Sessions of one server after the other are ended, again and again, among clients in all states:
// with a request, in the middle of a response, in a tunnel, in line, connecting, sent on from server
// to server. The counts are exact, and who is with another server sees nothing. A thousand times
// with `make soak`.

import Glibc
import Model
import SharedState
import Synchronization
import Syscalls
import Testing
import Wire

@testable import DataPlane

@Suite struct EngineSessionTortureTests {
    /// Two whose sessions are ended, two whose sessions never are, one that is never connected to
    /// (ended, too), one that refuses.
    private enum Place {
        static let victims = [0, 1]
        static let others = [2, 3]
        static let deaf = 4
        static let refusing = 5
        static let count = 6
    }

    @Test(arguments: [2, 4]) func countsAreExact(loopCount: Int) throws {
        let setting = try Setting(loopCount: loopCount)
        let crowd = try SessionCrowd(setting.harness.port)
        try crowd.start(victims: Place.victims, others: Place.others, deaf: Place.deaf)
        try crowd.start(refusing: Place.refusing)
        let log = try LogCount(setting.harness.sink)
        #expect(Wait.until(20) { crowd.hasBegun })
        var ended = [Int](repeating: 0, count: Place.count)
        var slowest = Duration.zero
        for round in 0..<(EngineLoad.isLong ? 1_000 : 40) {
            let place = (Place.victims + [Place.deaf])[round % 3]
            // Every now and then it goes out of service just before.
            let isOut = round % 5 == 4
            if isOut { try setting.set(place, .maintenance) }
            let began = ContinuousClock.now
            let outcome = try #require(setting.end(place, id: UInt64(round + 1)))
            slowest = max(slowest, ContinuousClock.now - began)
            #expect(outcome.matched == outcome.ended)
            ended[place] += outcome.ended
            if isOut {
                try setting.expectNobody(at: place, round: round)
                try setting.set(place, .ready)
            }
            usleep(UInt32(2_000 + round % 4 * 4_000))
        }
        crowd.stop()
        setting.harness.stop()
        log.finish()
        #expect(slowest < .seconds(1))
        #expect(setting.harness.worker[.logLinesDropped] == 0)
        #expect(log.counts.killed == ended, "\(log.counts)")
        #expect(log.counts.killedElsewhere == 0)
        #expect(ended[Place.deaf] > 0 && Place.victims.allSatisfy { ended[$0] > 10 })
        let phases = log.counts.phases
        #expect(
            ["connect", "response-head", "response", "tunnel"].allSatisfy { phases[$0] ?? 0 > 0 },
            "\(phases)")
        #expect(log.counts.queued > 0 && log.counts.retried > 0)
        let verdict = crowd.verdict
        #expect(verdict.wrong.isEmpty, "\(verdict.wrong)")
        // How many there are in so short a time is a matter of the machine.
        #expect(verdict.bystanders > (EngineLoad.isLong ? 100 : 0) && verdict.ended > 0)
        for place in 0..<Place.count { #expect(setting.harness.heldPermits(place) == 0) }
        print(
            "figure: \(loopCount) loops: \(ended.reduce(0, +)) sessions ended by "
                + "\(EngineLoad.isLong ? 1_000 : 40) orders, of which the slowest took "
                + "\(slowest / .milliseconds(1)) ms, \(phases); "
                + "\(verdict.bystanders) requests of others went well")
    }

    private struct Setting {
        let harness: EngineHarness
        private let origins: [EngineOrigin]
        private let deaf: DeafServer
        private let arrivals: [SessionCrowd.Arrivals]

        init(loopCount: Int) throws {
            let arrivals = (0..<4).map { _ in SessionCrowd.Arrivals() }
            origins = try arrivals.map { arrived in
                try EngineOrigin { SessionCrowd.serve($0, arrived) }
            }
            deaf = try DeafServer()
            let closed = try TCPSocket.bind(.loopback(port: 0))
            let refusing = try TCPSocket.localAddress(closed.rawValue).port
            closed.close()
            var options = EngineHarness.Options()
            options.loopCount = loopCount
            options.limit = 4
            options.stickiness = .cookie(StickyCookie(name: "SRV"))
            options.timeouts.queue = .seconds(60)
            options.timeouts.connect = .seconds(60)
            options.retries.when = [.connectFailure, .status503]
            options.retries.budgetPercent = 100
            options.log = true
            harness = try EngineHarness(
                origins: origins.map(\.port) + [deaf.port, refusing], options)
            self.arrivals = arrivals
            // Only who belongs there goes there.
            for place in [Place.deaf, Place.refusing] {
                try #require(harness.serverRecord(place)).set(.weightOverride, 1)
            }
            harness.attend()
        }

        func set(_ place: Int, _ state: ServerAdminState) throws {
            try #require(harness.serverRecord(place)).set(.adminState, UInt64(state.rawValue))
            harness.attend()
        }

        func end(_ place: Int, id: UInt64) -> SessionOutcome? {
            harness.endSessions(
                SessionOrder(
                    id: id, max: 10_000, backend: "b", server: "s\(place)", client: nil,
                    minAgeMilliseconds: 0))
        }

        /// It is in maintenance, and its sessions were ended: no connection is left, none comes.
        func expectNobody(at place: Int, round: Int) throws {
            #expect(
                harness.connections(of: place, within: 2) {
                    $0.inUse == 0 && $0.connecting == 0 && $0.idle == 0
                }, "round \(round): \(harness.connections(of: place))")
            guard origins.indices.contains(place) else { return }
            // Behind what it was sent before: it may not have seen all of that yet.
            let number = EngineHarness.server(place)
            #expect(
                Wait.until(5) {
                    arrivals[place].connections.load(ordering: .sequentiallyConsistent)
                        == Int(harness.traffic(number)[.connections])
                        && arrivals[place].open.load(ordering: .sequentiallyConsistent) == 0
                }, "round \(round)")
            let before = arrivals[place].connections.load(ordering: .relaxed)
            usleep(3_000)
            #expect(
                origins[place].connectionCount == before
                    && harness.traffic(number)[.connections] == UInt64(before), "round \(round)")
        }
    }
}

/// A server whose queue is full: no connection to it is ever made.
private final class DeafServer {
    let port: UInt16
    private let listener: FileDescriptor
    private var fillers: [EngineSocket] = []

    init() throws {
        let socket = try TCPSocket.bind(.loopback(port: 0))
        try TCPSocket.listen(socket.rawValue, backlog: 0)
        port = try TCPSocket.localAddress(socket.rawValue).port
        listener = socket
        // One more than it takes, listen(2).
        for _ in 0..<3 { fillers.append(try EngineSocket.connect(port: port)) }
    }
}

/// What the log says of sessions that were ended.
private final class LogCount: Sendable {
    struct Counts: Sendable {
        /// By place.
        var killed = [Int](repeating: 0, count: 6)
        var killedElsewhere = 0
        var phases: [String: Int] = [:]
        /// Lines of whoever waited in line, and was sent again.
        var queued = 0
        var retried = 0
    }
    private let state = Guarded(Counts())
    private let isOver = Atomic(false)
    private let hasEnded = Atomic(false)

    init(_ sink: AccessLogSink) throws {
        try Thread.start(name: "log") { [self] in
            while true {
                // In this order: what was there before the end is seen.
                let last = isOver.load(ordering: .acquiring)
                while let buffer = sink.next() {
                    for index in 0..<buffer.recordCount { note(text(buffer.record(index))) }
                    sink.give(buffer, lost: 0)
                }
                if last { break }
                usleep(1_000)
            }
            hasEnded.store(true, ordering: .releasing)
        }
    }

    var counts: Counts { state.withLock { $0 } }

    /// The loops have ended, so all lines are there.
    func finish() {
        isOver.store(true, ordering: .releasing)
        #expect(Wait.until(10) { hasEnded.load(ordering: .acquiring) })
    }

    /// Of most lines only the ends are looked for, or lines would be lost for want of time.
    private func note(_ line: String) {
        func has(_ word: String) -> Bool { unsafe strstr(line, word) != nil }
        func value(_ name: String) -> Substring {
            guard let start = line.firstRange(of: "\"\(name)\":")?.upperBound else { return "" }
            return line[start...].drop { $0 == "\"" }.prefix { $0 != "\"" && $0 != "," }
        }
        state.withLock { counts in
            if has("\"queue_ms\":"), !has("\"queue_ms\":0.0"), !has("\"queue_ms\":null") {
                counts.queued += 1
            }
            if has("\"retries\":"), !has("\"retries\":0") { counts.retried += 1 }
            guard has("session-killed") else { return }
            counts.phases[String(value("phase")), default: 0] += 1
            if let place = value("server").last?.wholeNumberValue {
                counts.killed[place] += 1
            } else {
                counts.killedElsewhere += 1
            }
        }
    }
}

/// Clients of all kinds, each on a thread, each with the server that its cookie names.
private final class SessionCrowd: Sendable {
    struct Verdict: Sendable {
        /// Requests of those whose server is never touched, that went well.
        var bystanders = 0
        /// Sessions that clients saw end.
        var ended = 0
        var held = 0
        var wrong: [String] = []
    }
    /// Connections that a server has seen, and those that have not ended.
    final class Arrivals: Sendable {
        let connections = Atomic(0)
        let open = Atomic(0)
    }
    private let port: UInt16
    private let state = Guarded(Verdict())
    private let isOver = Atomic(false)
    private let started = Atomic(0)
    private let finished = Atomic(0)

    init(_ port: UInt16) throws { self.port = port }

    var verdict: Verdict { state.withLock { $0 } }
    var hasBegun: Bool { state.withLock { $0.held > 4 && $0.bystanders > 10 } }

    /// What a server of theirs does.
    static func serve(_ connection: EngineSocket, _ arrivals: Arrivals) {
        // In this order: who sees both sees this one open.
        arrivals.open.add(1, ordering: .sequentiallyConsistent)
        arrivals.connections.add(1, ordering: .sequentiallyConsistent)
        defer { arrivals.open.subtract(1, ordering: .sequentiallyConsistent) }
        while let request = connection.takeHead(within: 60) {
            switch request.startLine.split(separator: " ").dropFirst().first {
            case "/hang": break
            case "/half": connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
            case "/chat":
                connection.send(
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
                        + "Upgrade: x\r\n\r\nhello")
                while let bytes = connection.takeSome(within: 60) { connection.send(bytes) }
                return
            case "/sick":
                connection.send("HTTP/1.1 503 Sick\r\nX-Sick: 1\r\nContent-Length: 0\r\n\r\n")
            default:
                usleep(200)
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            }
        }
    }

    func start(victims: [Int], others: [Int], deaf: Int) throws {
        for place in victims {
            for target in ["/hang", "/half", "/chat"] { try run { $0.hold(target, place) } }
            for _ in 0..<3 { try run { $0.ask("/", place, isSafe: false) } }
        }
        for place in others { for _ in 0..<2 { try run { $0.ask("/", place, isSafe: true) } } }
        for _ in 0..<2 { try run { $0.hold("/", deaf) } }
        for _ in 0..<2 { try run { $0.ask("/sick", nil, isSafe: false) } }
    }

    func start(refusing: Int) throws { try run { $0.ask("/", refusing, isSafe: false) } }

    func stop() {
        isOver.store(true, ordering: .relaxed)
        #expect(
            Wait.until(30) {
                finished.load(ordering: .relaxed) == started.load(ordering: .relaxed)
            })
    }

    private func run(_ body: @escaping @Sendable (SessionCrowd) -> Void) throws {
        started.add(1, ordering: .relaxed)
        try Thread.start(name: "client") { [self] in
            while !isOver.load(ordering: .relaxed) { body(self) }
            finished.add(1, ordering: .relaxed)
        }
    }

    private func request(_ target: String, _ place: Int?) -> String {
        let cookie = place.map {
            "Cookie: SRV=\(StickyCookie.key(backend: "b", server: "s\($0)"))\r\n"
        }
        let upgrade = target == "/chat" ? "Connection: upgrade\r\nUpgrade: x\r\n" : ""
        return "GET \(target) HTTP/1.1\r\nHost: a\r\n\(cookie ?? "")\(upgrade)\r\n"
    }

    /// Some requests over one connection.
    private func ask(_ target: String, _ place: Int?, isSafe: Bool) {
        guard let client = try? EngineSocket.connect(port: port) else { return }
        for _ in 0..<20 where !isOver.load(ordering: .relaxed) {
            client.send(request(target, place))
            let answer = client.takeMessage(within: 60)
            let isWell = answer?.status == 200 || answer?.field("x-sick") != nil
            // Ended with a server, before a byte of the answer or behind it.
            let isKilled = answer == nil || answer?.text.contains("session-killed") == true
            state.withLock { verdict in
                if isSafe, isWell { verdict.bystanders += 1 }
                if !isSafe, isKilled { verdict.ended += 1 }
                if !isWell, isSafe || !isKilled, verdict.wrong.count < 10 {
                    verdict.wrong.append(
                        "\(target) \(place ?? -1): \(answer?.startLine ?? "-") "
                            + (answer?.text ?? ""))
                }
            }
            if !isWell { return }
        }
    }

    /// A session that does not end by itself. After a while its client leaves: it may be with another
    /// server than it wants, because its own was out.
    private func hold(_ target: String, _ place: Int) {
        guard let client = try? EngineSocket.connect(port: port) else { return }
        client.send(request(target, place))
        state.withLock { $0.held += 1 }
        let end = ContinuousClock.now + .milliseconds(200)
        while !isOver.load(ordering: .relaxed), ContinuousClock.now < end {
            _ = client.takeSome(within: 0.02)
            guard client.ended else { continue }
            state.withLock { $0.ended += 1 }
            return
        }
        // An end alone would only say that it sends no more.
        client.close(reset: true)
    }
}
