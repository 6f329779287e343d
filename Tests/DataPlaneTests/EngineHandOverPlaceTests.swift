// Connections that are handed over: whose clients they are, how long they may take, what becomes of
// them in the end.

import Glibc
import Model
import SharedState
import Testing

@testable import DataPlane

@Suite struct EngineHandOverPlaceTests {
    private static let request = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
    private static let post = "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"

    /// A place in each of the two frontends, given back once, however the client ends.
    @Test func clientsThatLeave() throws {
        let door = try Door()
        let bytes = octets(Self.request)
        for count in 0...bytes.count {
            for reset in [false, true] {
                let client = try door.harness.connect()
                client.send(Array(bytes.prefix(count)))
                if count % 4 == 0 { usleep(1_000) }
                client.close(reset: reset)
            }
        }
        #expect(door.isEmpty)
    }

    /// Nobody gets around the HTTP frontend's limit; there is no queue to wait in.
    @Test func limit() throws {
        let door = try Door { _, web in web.maxConnections = 2 }
        let clients = try (0..<2).map { _ in try door.harness.connect() }
        for client in clients {
            client.send(Self.request)
            #expect(client.takeMessage()?.status == 200)
        }
        let third = try door.harness.connect()
        third.send(Self.request)
        let answer = try #require(third.takeMessage())
        #expect(answer.status == 503)
        #expect(answer.field("retry-after") == "1")
        #expect(answer.field("connection") == "close")
        third.endSending()
        #expect(third.endsSilently())
        let line = door.harness.logLines(3).last ?? ""
        #expect(line.contains("\"error\":\"frontend-full\""), "\(line)")
        #expect(line.contains("\"frontend\":\"web\",\"route\":\"\""), "\(line)")
        #expect(Wait.until(5) { door.harness.runtime.frontendGauges.map(\.current) == [2, 2] })
        #expect(door.harness.traffic(EngineHarness.otherFrontend)[.queued] == 1)
        // Others are not meant.
        let other = try door.harness.connect()
        other.send([0])
        #expect(other.take(2, within: 5) == octets("T:"))
        clients[0].close()
        #expect(Wait.until(5) { door.harness.runtime.frontendGauges[1].current == 1 })
        let fourth = try door.harness.connect()
        fourth.send(Self.request)
        #expect(fourth.takeMessage()?.status == 200)
        #expect(door.harness.runtime.processGauge.current == 3)
        for client in clients + [other, fourth] { client.close() }
        #expect(door.isEmpty)
    }

    /// The TCP frontend's place is kept.
    @Test func limitOfTheDoor() throws {
        let door = try Door { options, _ in options.maxConnections = 1 }
        let first = try door.harness.connect()
        first.send(Self.request)
        #expect(first.takeMessage()?.status == 200)
        let second = try door.harness.connect()
        second.send(Self.request)
        #expect(second.staysSilent(for: 0.2))
        first.close()
        #expect(second.takeMessage()?.status == 200)
    }

    /// Counted once a connection, before anything else.
    @Test func rateLimit() throws {
        var web = Door.web
        web.rateLimit = RateLimitUse(limit: "l")
        let door = try Door([web, Door.rest]) { options, _ in
            options.rateLimits = [
                RateLimit(
                    name: "l", key: .clientIP, rate: Rate(count: 1, period: .seconds(3_600)),
                    burst: 2, entries: 16)
            ]
        }
        for number in 0..<3 {
            let client = try door.harness.connect()
            client.send(Self.request + Self.request)
            if number < 2 {
                for _ in 0..<2 { #expect(client.takeMessage()?.status == 200) }
            } else {
                #expect(client.isRefused)
            }
        }
        #expect(Wait.until(5) { door.harness.worker[.rateLimited] == 1 })
    }

    /// The PROXY header is the TCP frontend's; it holds in the other one.
    @Test func proxyHeader() throws {
        let door = try Door { options, web in
            options.proxyInput = ProxyProtocolInput(
                from: [AddressRange("127.0.0.0/8")].compactMap { $0 }, others: .refuse)
            web.proxyProtocol = options.proxyInput
        }
        let bytes = octets("PROXY TCP4 192.0.2.7 198.51.100.2 1000 443\r\n" + Self.request)
        for pieces in [[bytes], bytes.map { [$0] }] {
            let client = try door.harness.connect()
            for piece in pieces { client.send(piece) }
            #expect(client.takeMessage()?.text == "/1 ")
        }
        for line in door.harness.logLines(2) {
            #expect(line.contains("\"client_ip\":\"192.0.2.7\""), "\(line)")
        }
    }

    // MARK: Waits

    /// The head has as long as it had come to the HTTP frontend itself: what was waited for its first
    /// line is part of it.
    @Test func slowHead() throws {
        let door = try Door { _, web in web.timeouts.httpRequest = .seconds(4) }
        let client = try door.harness.connect()
        client.send("G")
        usleep(3_000_000)
        client.send("ET / HTTP/1.1\r\n")
        // A second is left, not four.
        #expect(client.takeMessage(within: 3)?.status == 408)
        let line = door.harness.logLines(1).first ?? ""
        #expect(line.contains("\"error\":\"request-timeout\""), "\(line)")
    }

    /// A client that says nothing at all is not kept for longer because of the routes.
    @Test(arguments: [
        Door.route("all", .frontend("web")),
        Door.route("o", .frontend("web")) { $0.speaksHTTP = false },
    ])
    func silentClient(_ route: Route) throws {
        let door = try Door([route]) { options, web in
            options.timeouts.inspect = .milliseconds(200)
            web.timeouts.httpKeepAlive = .milliseconds(300)
        }
        let client = try door.harness.connect()
        #expect(client.endsSilently(within: 5))
        #expect(door.isEmpty)
    }

    // MARK: The end

    /// Who is handed over, who is just about to be and who comes late are answered.
    @Test func drain() throws {
        let door = try Door()
        let idle = try door.harness.connect()
        idle.send(Self.request)
        #expect(idle.takeMessage()?.status == 200)
        let silent = try door.harness.connect()
        silent.send(Self.request)
        #expect(silent.takeMessage()?.status == 200)
        let late = try door.harness.connect()
        late.send("GET /l")
        #expect(Wait.until(5) { door.harness.worker[.clientConnections] == 3 })
        usleepTenth()
        door.harness.release(idleAfter: .milliseconds(600), idleSpread: .milliseconds(100))
        for (client, rest, text) in [
            (idle, Self.post, "/2 hi"), (late, " HTTP/1.1\r\nHost: a\r\n\r\n", "/l "),
        ] {
            client.send(rest)
            let response = client.takeMessage()
            #expect(response?.text == text)
            #expect(response?.field("connection") == "close")
            client.close()
        }
        #expect(silent.endsSilently(within: 5))
        #expect(door.harness.awaitReport { $0 == .drained })
        #expect(door.isEmpty)
    }

    /// Connections of all loops, with ends of all kinds.
    @Test func severalLoops() throws {
        let door = try Door { options, _ in options.loopCount = 3 }
        let clients = try (0..<60).map { _ in try door.harness.connect() }
        for (number, client) in clients.enumerated() {
            client.send(number % 3 == 0 ? octets("x\r\n") : octets(Self.request + Self.post))
        }
        for (number, client) in clients.enumerated() {
            if number % 3 == 0 {
                client.endSending()
                #expect(client.takeAll() == octets("T:x\r\n"))
            } else {
                for text in ["/1 ", "/2 hi"] { #expect(client.takeMessage()?.text == text) }
            }
            client.close(reset: number % 2 == 0)
        }
        #expect(door.isEmpty)
    }
}
