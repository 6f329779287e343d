// Rate limits, denials and tarpits in a running loop.

import Model
import SharedState
import Synchronization
import Testing

@testable import DataPlane

@Suite struct EngineRateLimitTests {
    private static func options(_ limit: RateLimit, loopCount: Int = 1) -> EngineHarness.Options {
        var options = EngineHarness.Options()
        options.loopCount = loopCount
        options.rateLimits = [limit]
        var filter = Route(id: "limit")
        filter.match.pathPrefixes = ["/api"]
        filter.rateLimit = RateLimitUse(limit: limit.name)
        options.routes = [filter, Route(id: "r", action: .backend("b"))]
        return options
    }

    private static func limit(_ key: RequestKey, burst: Int) -> RateLimit {
        RateLimit(
            name: "l", key: key, rate: Rate(count: 1, period: .seconds(3_600)), burst: burst,
            entries: 1_024)
    }

    /// Exactly the burst passes, over all connections and loops; other paths are free.
    @Test(arguments: [1, 3]) func byClient(loopCount: Int) throws {
        let origin = try EngineOrigin.echo()
        let harness = try EngineHarness(
            origins: [origin.port],
            Self.options(Self.limit(.clientIP, burst: 10), loopCount: loopCount))
        var passed = 0
        for _ in 0..<20 {
            let client = try harness.connect()
            client.send("GET /api/x HTTP/1.1\r\nHost: a\r\n\r\n")
            let response = try #require(client.takeMessage())
            if response.status == 200 {
                passed += 1
                continue
            }
            #expect(response.status == 429)
            let wait = Int(response.field("retry-after") ?? "") ?? 0
            #expect((3_500...3_600).contains(wait))
            #expect(response.text.contains("rate-limited"))
        }
        #expect(passed == 10)
        let free = try harness.connect()
        free.send("GET /other HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(free.takeMessage()?.status == 200)
        #expect(Wait.until(5) { harness.worker[.rateLimited] == 10 })
    }

    /// The burst and what the rate gives meanwhile, when clients of all loops come at once: the loops'
    /// times differ.
    @Test func byAFlood() throws {
        let origin = try EngineOrigin.echo()
        var limit = Self.limit(.clientIP, burst: 50)
        limit.rate = Rate(count: 100, period: .seconds(1))
        var options = Self.options(limit, loopCount: 4)
        options.routes?[0].match.pathPrefixes = ["/"]
        let harness = try EngineHarness(origins: [origin.port], options)
        let passed = Atomic<Int>(0)
        let start = ContinuousClock.now
        try Crowd.run(
            clients: 16, requests: 100, at: harness.port,
            { if $0 == 200 { passed.add(1, ordering: .relaxed) } })
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let count = passed.load(ordering: .relaxed)
        #expect(count >= 50 && Double(count) <= 51 + 100 * seconds)
    }

    /// Keys are apart; those without one count together, so leaving it out is no way around.
    @Test func byHeader() throws {
        let origin = try EngineOrigin.echo()
        let harness = try EngineHarness(
            origins: [origin.port], Self.options(Self.limit(.header("x-key"), burst: 2)))
        func ask(_ field: String) throws -> Int? {
            let client = try harness.connect()
            client.send("GET /api HTTP/1.1\r\nHost: a\r\n\(field)\r\n")
            return client.takeMessage()?.status
        }
        let one = try (0..<3).map { _ in try ask("X-Key: one\r\n") }
        let two = try (0..<3).map { _ in try ask("x-KEY:two\r\n") }
        let none = try (0..<3).map { _ in try ask("") }
        #expect([one, two, none] == Array(repeating: [200, 200, 429], count: 3))
    }

    /// What an application sees as one value is one: an escape is no way around a limit.
    @Test(arguments: [
        (RequestKey.query("k"), ["?k=A", "?k=%41", "?%6b=A", "?x=1&k=A", "?k=A&k=B"]),
        (.path, ["/x", "/%78", "/y/../x", "/./x"]), (.host, ["", "", "", ""]),
    ])
    func spelledOtherwise(key: RequestKey, tails: [String]) throws {
        let origin = try EngineOrigin.echo()
        let harness = try EngineHarness(
            origins: [origin.port], Self.options(Self.limit(key, burst: 1)))
        let hosts = ["a.example", "A.example", "a.EXAMPLE.", "a.example:80", "a.example"]
        for (place, tail) in tails.enumerated() {
            let client = try harness.connect()
            let host = key == .host ? hosts[place] : "a"
            client.send("GET /api\(tail) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
            #expect(client.takeMessage()?.status == (place == 0 ? 200 : 429), "\(tail) \(host)")
        }
    }

    @Test func denyAndTarpit() throws {
        var options = EngineHarness.Options()
        var deny = Route(id: "d", action: .deny(Denial(status: 404)))
        deny.match.pathPrefixes = ["/no"]
        let tarpit = Route(
            id: "t", action: .deny(Denial(status: 429, delay: .milliseconds(300))))
        options.routes = [deny, tarpit]
        let harness = try EngineHarness(origins: [1], options)
        let client = try harness.connect()
        client.send("GET /no HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.takeMessage()?.status == 404)
        let slow = try harness.connect()
        slow.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
        #expect(slow.staysSilent(for: 0.2))
        #expect(slow.takeMessage()?.status == 429)
        // The request was whole: its connection goes on.
        slow.send("GET /no HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(slow.takeMessage()?.status == 404)
        slow.close()
        client.close()
        // Who does not wait is gone at once.
        let gone = try harness.connect()
        gone.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(harness.gauge(.exchangesInFlight, becomes: 1))
        gone.close(reset: true)
        #expect(harness.gauge(.exchangesInFlight, becomes: 0))
        #expect(harness.gauge(.clientConnections, becomes: 0))
    }

    /// Who goes on talking waits as long, as does who has ended its side, and who resets is gone:
    /// nobody is kept, and no loop is kept busy by it.
    @Test func talkersInATarpit() throws {
        var options = EngineHarness.Options()
        options.routes = [
            Route(id: "t", action: .deny(Denial(status: 429, delay: .milliseconds(400))))
        ]
        let harness = try EngineHarness(origins: [1], options)
        let talker = try harness.connect()
        talker.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
        #expect(harness.gauge(.exchangesInFlight, becomes: 1))
        talker.send([UInt8](repeating: 7, count: 90_000))
        #expect(talker.takeMessage(within: 5)?.status == 429)
        let pipeliner = try harness.connect()
        pipeliner.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(harness.gauge(.exchangesInFlight, becomes: 1))
        pipeliner.send("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
        for _ in 0..<2 { #expect(pipeliner.takeMessage(within: 5)?.status == 429) }
        pipeliner.close()
        talker.close()
        let leaver = try harness.connect()
        leaver.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(harness.gauge(.exchangesInFlight, becomes: 1))
        leaver.close(reset: true)
        #expect(harness.gauge(.exchangesInFlight, becomes: 0, within: 0.3))
        let half = try harness.connect()
        half.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        half.endSending()
        #expect(half.takeMessage(within: 5)?.status == 429)
        #expect(half.endsSilently() && !half.wasReset)
        #expect(harness.gauge(.clientConnections, becomes: 0))
    }
}
