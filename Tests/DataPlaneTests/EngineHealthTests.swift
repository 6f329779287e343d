// Health checks of real loops against origins that fail in every way.

import Glibc
import Model
import SharedState
import Synchronization
import Syscalls
import Testing

@testable import DataPlane

/// An origin whose answer to checks (`/health`) can be changed; everything else is answered well.
final class CheckedOrigin: Sendable {
    enum Mode: Int, Sendable, CaseIterable {
        case well, sick, silent, garbage, closing, half, slowly, alternating
    }
    let origin: EngineOrigin
    private let state: State
    private final class State: Sendable {
        let mode = Atomic<Int>(0)
        let checkCount = Atomic<Int>(0)
        let requestCount = Atomic<Int>(0)
        let running = Atomic<Int>(0)
        let runningMax = Atomic<Int>(0)
    }

    init(_ mode: Mode = .well, holdsMilliseconds: UInt32 = 0) throws {
        let state = State()
        state.mode.store(mode.rawValue, ordering: .relaxed)
        self.state = state
        origin = try EngineOrigin { connection in
            while let request = connection.takeMessage(hasBody: false) {
                guard request.startLine.hasPrefix("GET /health ") else {
                    state.requestCount.add(1, ordering: .relaxed)
                    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                    continue
                }
                let count = state.checkCount.add(1, ordering: .relaxed).newValue
                let now = state.running.add(1, ordering: .relaxed).newValue
                state.runningMax.max(now, ordering: .relaxed)
                if holdsMilliseconds > 0 { usleep(holdsMilliseconds * 1_000) }
                state.running.subtract(1, ordering: .relaxed)
                let mode = Mode(rawValue: state.mode.load(ordering: .relaxed)) ?? .well
                Self.answer(connection, mode, count)
                return
            }
        }
    }

    private static func answer(_ connection: EngineSocket, _ mode: Mode, _ count: Int) {
        let good = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nall well"
        let bad = "HTTP/1.1 503 Sick\r\nContent-Length: 0\r\n\r\n"
        switch mode {
        case .well: connection.send(good)
        case .sick: connection.send(bad)
        case .silent: _ = connection.takeAll(within: 5)
        case .garbage: connection.send("220 mail.example.com ESMTP\r\n")
        case .closing: break
        case .half: connection.send("HTTP/1.1 200 OK\r\nContent-Le")
        case .slowly:
            for byte in good.utf8 {
                connection.send([byte])
                usleep(300)
            }
        case .alternating: connection.send(count % 2 == 0 ? good : bad)
        }
        connection.endSending()
        _ = connection.takeAll(within: 2)
    }

    func set(_ mode: Mode) { state.mode.store(mode.rawValue, ordering: .relaxed) }
    var port: UInt16 { origin.port }
    var checkCount: Int { state.checkCount.load(ordering: .relaxed) }
    var requestCount: Int { state.requestCount.load(ordering: .relaxed) }
    var runningMax: Int { state.runningMax.load(ordering: .relaxed) }
}

extension HealthCheck {
    /// A quick HTTP check of `/health`.
    static func quick(contains text: String? = nil, timeout: Duration = .seconds(2)) -> HealthCheck
    {
        var probe = HTTPProbe()
        probe.path = "/health"
        probe.bodyContains = text
        var check = HealthCheck(.http(probe))
        check.interval = .milliseconds(100)
        check.fastInterval = .milliseconds(50)
        check.timeout = timeout
        return check
    }
}

extension EngineHarness {
    func health(_ place: Int = 0) -> ServerHealthState {
        serverRecord(place)?.healthState ?? .unchecked
    }

    func health(_ place: Int = 0, becomes state: ServerHealthState) -> Bool {
        Wait.until(10) { health(place) == state }
    }

    func finding(_ place: Int = 0) -> ServerCheckFinding {
        ServerCheckFinding(word: serverRecord(place)?[.lastCheckResult] ?? 0)
    }

    /// The status of one request on a connection of its own.
    func ask() throws -> Int {
        let client = try connect()
        client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return client.takeMessage()?.status ?? -1
    }
}

@Suite struct EngineHealthTests {
    @Test(
        arguments: [
            (CheckedOrigin.Mode.well, ServerCheckFinding(.passed, status: 200)),
            (.slowly, ServerCheckFinding(.passed, status: 200)),
            (.sick, ServerCheckFinding(.wrongStatus, status: 503)),
            (.silent, ServerCheckFinding(.answerTimeout)),
            (.garbage, ServerCheckFinding(.invalidAnswer)),
            (.closing, ServerCheckFinding(.invalidAnswer)),
            (.half, ServerCheckFinding(.invalidAnswer)),
        ])
    func verdicts(mode: CheckedOrigin.Mode, expected: ServerCheckFinding) throws {
        let origin = try CheckedOrigin(mode)
        var options = EngineHarness.Options()
        options.check = .quick(
            contains: "all well", timeout: mode == .silent ? .milliseconds(200) : .seconds(5))
        let harness = try EngineHarness(origins: [origin.port], options)
        #expect(harness.health(becomes: expected.result.isPass ? .up : .down))
        #expect(harness.finding() == expected)
        #expect(try harness.ask() == (expected.result.isPass ? 200 : 503))
        let record = try #require(harness.serverRecord(0))
        #expect(record[.healthChangedAt] > 0 && record[.lastCheckAt] > 0)
        #expect(record[expected.result.isPass ? .checksPassed : .checksFailed] > 0)
        #expect(record[expected.result.isPass ? .checksFailed : .checksPassed] == 0)
    }

    /// The header of a connection without a client comes before the request.
    @Test(arguments: [ProxyProtocolVersion.v1, .v2]) func proxyProtocol(
        version: ProxyProtocolVersion
    ) throws {
        let origin = try EngineOrigin { connection in
            let line = version == .v1 ? "PROXY UNKNOWN\r\n" : "\r\n\r\n\0\r\nQUIT\n \0\0\0"
            let header = connection.take(line.utf8.count, within: 5)
            let request = connection.takeHead()
            guard header == Array(line.utf8), request?.startLine == "GET /health HTTP/1.1" else {
                return
            }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            _ = connection.takeAll(within: 2)
        }
        var options = EngineHarness.Options()
        options.check = .quick()
        options.proxyOutput = version
        let harness = try EngineHarness(origins: [origin.port], options)
        #expect(harness.health(becomes: .up))
    }

    @Test func tcp() throws {
        let origin = try EngineOrigin { _ = $0.takeAll(within: 5) }
        let gone = try EngineOrigin { _ in }
        gone.stop()
        usleepTenth()
        var check = HealthCheck()
        check.interval = .milliseconds(100)
        var options = EngineHarness.Options()
        options.check = check
        let harness = try EngineHarness(origins: [origin.port, gone.port], options)
        #expect(harness.health(0, becomes: .up) && harness.health(1, becomes: .down))
        #expect(harness.finding(0) == ServerCheckFinding(.connected))
        #expect(harness.finding(1) == ServerCheckFinding(.notConnected))
    }

    /// Down after three, up after two; no request meanwhile; every loop knows at once.
    @Test(arguments: [1, 3]) func downAndUp(loopCount: Int) throws {
        let origins = try [CheckedOrigin(), CheckedOrigin()]
        var options = EngineHarness.Options()
        options.loopCount = loopCount
        options.check = .quick()
        let harness = try EngineHarness(origins: origins.map(\.port), options)
        #expect(harness.health(0, becomes: .up) && harness.health(1, becomes: .up))
        origins[0].set(.sick)
        #expect(harness.health(0, becomes: .down))
        #expect(harness.serverRecord(0)?[.timesDown] == 1)
        usleepTenth()
        let before = origins[0].requestCount
        for _ in 0..<12 { #expect(try harness.ask() == 200) }
        #expect(origins[0].requestCount == before)
        origins[0].set(.well)
        #expect(harness.health(0, becomes: .up))
        #expect(harness.serverRecord(0)?[.cameUpAt] ?? 0 > 0)
        usleepTenth()
        for _ in 0..<12 { #expect(try harness.ask() == 200) }
        #expect(origins[0].requestCount > before)
    }

    /// 503 without a wait, and loops that sleep; back as soon as a check says so.
    @Test func allServersAreDown() throws {
        let origin = try CheckedOrigin(.sick)
        var options = EngineHarness.Options()
        var check = HealthCheck.quick()
        check.rise = 1
        options.check = check
        let harness = try EngineHarness(origins: [origin.port], options)
        #expect(harness.health(becomes: .down))
        for _ in 0..<20 { #expect(try harness.ask() == 503) }
        let before = harness.worker.loops[0].progress
        usleep(500_000)
        // A round a check and its events, and those of the sleep's own limit.
        #expect(harness.worker.loops[0].progress - before < 100)
        origin.set(.well)
        #expect(Wait.until(5) { (try? harness.ask()) == 200 })
    }

    /// A server that flaps faster than `fall` checks stays where it is.
    @Test func flapping() throws {
        let origin = try CheckedOrigin(.well)
        var options = EngineHarness.Options()
        options.check = .quick()
        let harness = try EngineHarness(origins: [origin.port], options)
        #expect(harness.health(becomes: .up))
        let changed = harness.serverRecord(0)?[.healthChangedAt]
        origin.set(.alternating)
        let before = origin.checkCount
        #expect(Wait.until(10) { origin.checkCount >= before + 12 })
        #expect(harness.serverRecord(0)?[.healthChangedAt] == changed)
        #expect(harness.serverRecord(0)?[.timesDown] == 0)
    }

    /// 1,000 servers: never more than the places under way, and all have their turn.
    @Test func noStorm() throws {
        let origin = try CheckedOrigin(.well, holdsMilliseconds: 20)
        var options = EngineHarness.Options()
        var check = HealthCheck.quick()
        check.interval = .seconds(3)
        check.timeout = .seconds(20)
        options.check = check
        let harness = try EngineHarness(
            origins: Array(repeating: origin.port, count: 1_000), options)
        #expect(Wait.until(30) { (0..<1_000).allSatisfy { harness.health($0) == .up } })
        #expect(origin.runningMax <= ServerChecks.underWayMax)
    }

    /// Only who serves checks: neither before the first listener nor after the release.
    @Test func releaseEndsTheChecks() throws {
        let origin = try CheckedOrigin()
        var options = EngineHarness.Options()
        options.check = .quick()
        let harness = try EngineHarness(origins: [origin.port], options)
        #expect(Wait.until(10) { origin.checkCount >= 3 })
        harness.release()
        let before = origin.checkCount
        usleep(400_000)
        #expect(origin.checkCount - before <= 1)
    }

    /// A generation begins with what is known (`EngineCheckChangeTests` has more of it).
    @Test func whatIsKnownStays() throws {
        let origin = try CheckedOrigin(.sick)
        var options = EngineHarness.Options()
        options.check = .quick()
        let first = try EngineHarness(origins: [origin.port], options)
        #expect(first.health(becomes: .down))
        first.stop()
        options.shared = first.place
        options.check?.interval = .seconds(60)
        options.check?.downInterval = .seconds(50)
        let checks = origin.checkCount
        let second = try EngineHarness(origins: [origin.port], options)
        #expect(try second.ask() == 503)
        #expect(second.health() == .down && origin.checkCount == checks)
        second.stop()
        options.check = nil
        let last = try EngineHarness(origins: [origin.port], options)
        #expect(try last.ask() == 200)
        #expect(last.serverRecord(0)?[.checkDefinition] == 0)
    }

    @Test func sessionsAreToldToEnd() throws {
        let origin = try CheckedOrigin(.well)
        var options = EngineHarness.Options()
        options.check = .quick()
        options.check?.onMarkedDown = .endSessions
        let harness = try EngineHarness(origins: [origin.port], options)
        #expect(harness.health(becomes: .up))
        #expect(harness.serverRecord(0)?[.epoch] == 0)
        origin.set(.closing)
        #expect(harness.health(becomes: .down))
        #expect(harness.serverRecord(0)?[.epoch] == 1)
        let reason = SessionEndReason.markedDown.rawValue
        #expect(harness.serverRecord(0)?[.epochReason] == UInt64(reason))
    }

    /// In maintenance nobody is asked; back from there at once.
    @Test func maintenance() throws {
        let origin = try CheckedOrigin()
        var options = EngineHarness.Options()
        options.check = .quick()
        options.check?.interval = .milliseconds(300)
        let harness = try EngineHarness(origins: [origin.port], options)
        #expect(harness.health(becomes: .up))
        let record = try #require(harness.serverRecord(0))
        record.set(.adminState, UInt64(ServerAdminState.maintenance.rawValue))
        harness.attend()
        usleepTenth()
        let before = origin.checkCount
        usleep(700_000)
        #expect(origin.checkCount == before)
        record.set(.adminState, UInt64(ServerAdminState.ready.rawValue))
        harness.attend()
        #expect(Wait.until(5) { origin.checkCount > before })
    }
}
