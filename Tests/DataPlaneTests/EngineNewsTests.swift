// What one worker finds out about a server, in another worker at once: its loops sleep longer than the
// tests last, so nothing but being told can help.

import Clock
import Model
import SharedState
import Testing

@testable import DataPlane

@Suite struct EngineNewsTests {
    /// Milliseconds.
    private static let idleWait: Int64 = 60_000

    /// Seconds: shorter than any timer that could wake a loop up.
    private static let patience = 12.0

    /// Without a timer that ends sooner than the tests' patience.
    private static func slowTimeouts() -> Timeouts {
        var timeouts = Timeouts()
        timeouts.connect = .seconds(60)
        timeouts.httpRequest = .seconds(60)
        timeouts.httpKeepAlive = .seconds(60)
        timeouts.queue = .seconds(60)
        return timeouts
    }

    private static func options() -> EngineHarness.Options {
        var options = EngineHarness.Options()
        options.check = .quick()
        options.check?.rise = 1
        options.check?.fall = 1
        options.timeouts = slowTimeouts()
        return options
    }

    /// A worker of the same generation, or of one that leaves: it checks nothing.
    private func other(
        _ origins: [MoodyOrigin], _ options: EngineHarness.Options, beside first: EngineHarness
    ) throws -> EngineHarness {
        var options = options
        options.worker = 1
        options.idleWait = Self.idleWait
        options.shared = first.place
        return try EngineHarness(origins: origins.map(\.port), options)
    }

    private func hold(_ harness: EngineHarness) throws -> EngineSocket {
        let client = try harness.connect()
        client.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
        return client
    }

    /// The one server that takes requests is full; another one comes up.
    @Test(arguments: [1, 3]) func waitersOfAnotherWorker(loopCount: Int) throws {
        let origins = try [MoodyOrigin(), MoodyOrigin(isHealthy: false)]
        var options = Self.options()
        options.limit = 1
        options.loopCount = loopCount
        let checker = try EngineHarness(origins: origins.map(\.port), options)
        #expect(checker.health(0, becomes: .up) && checker.health(1, becomes: .down))
        let harness = try other(origins, options, beside: checker)
        let holding = try hold(harness)
        #expect(Wait.until(5) { origins[0].requestCount == 1 })
        let waiting = try harness.connect()
        waiting.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(Wait.until(5) { harness.queueLength == 1 })
        origins[1].setHealthy(true)
        #expect(waiting.takeMessage(within: Self.patience)?.status == 200)
        #expect(origins[1].requestCount == 1)
        holding.close()
    }

    /// The last server goes down: who waits for it is told that there is none.
    @Test func goneForAnotherWorker() throws {
        let origin = try MoodyOrigin()
        var options = Self.options()
        options.limit = 1
        let checker = try EngineHarness(origins: [origin.port], options)
        #expect(checker.health(becomes: .up))
        let harness = try other([origin], options, beside: checker)
        let holding = try hold(harness)
        #expect(Wait.until(5) { origin.requestCount == 1 })
        let waiting = try harness.connect()
        waiting.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(Wait.until(5) { harness.queueLength == 1 })
        origin.setHealthy(false)
        #expect(waiting.takeMessage(within: Self.patience)?.status == 503)
        holding.close()
    }

    /// Without any limit or queue: sessions of a server that was marked down.
    @Test func sessionsOfAnotherWorker() throws {
        let origin = try MoodyOrigin()
        var options = Self.options()
        options.check?.onMarkedDown = .endSessions
        let checker = try EngineHarness(origins: [origin.port], options)
        #expect(checker.health(becomes: .up))
        let harness = try other([origin], options, beside: checker)
        let client = try hold(harness)
        #expect(Wait.until(5) { origin.requestCount == 1 })
        origin.setHealthy(false)
        #expect(client.takeHead(within: Self.patience)?.status == 503)
    }

    /// A limit that grows by time alone.
    @Test func slowStartGrowsInASleepingLoop() throws {
        let origin = try CountingOrigin(work: nil)
        var options = EngineHarness.Options()
        options.limit = 10
        options.slowStart = .seconds(2)
        options.timeouts = Self.slowTimeouts()
        options.idleWait = Self.idleWait
        options.shared = try SharedPlace()
        let record = options.shared.flatMap {
            ServerRecord($0.region, number: EngineHarness.server(0))
        }
        record?.note(.cameUpAt, UInt64(WallTime.now().milliseconds))
        let harness = try EngineHarness(origins: [origin.port], options)
        let clients = try (0..<10).map { _ in try harness.connect() }
        for client in clients { client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n") }
        #expect(Wait.until(Self.patience) { origin.present == 10 })
        origin.letGo(10)
        for client in clients { #expect(client.takeMessage()?.status == 200) }
    }
}
