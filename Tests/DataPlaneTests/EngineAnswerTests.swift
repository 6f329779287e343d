// Answers of our own to requests that are here in full: the connection goes on behind them, and the
// next request begins where it should. Where a request is not, the connection ends.

import Model
import SharedState
import Testing

@testable import DataPlane

@Suite struct EngineAnswerTests {
    private static func match(_ path: String) -> RouteMatch {
        var match = RouteMatch()
        match.paths = [path]
        return match
    }

    /// Tells the target, or fails as that says.
    private func origin() throws -> EngineOrigin {
        try EngineOrigin { connection in
            while let request = connection.takeMessage() {
                let target = String(request.startLine.split(separator: " ")[1])
                switch target {
                case "/gone": return
                case "/nonsense": connection.send("nonsense\r\n\r\n")
                case "/silent": _ = connection.takeAll()
                default:
                    connection.send(
                        "HTTP/1.1 200 OK\r\nContent-Length: \(target.utf8.count)\r\n\r\n\(target)")
                }
            }
        }
    }

    private func harness(_ origin: EngineOrigin) throws -> EngineHarness {
        var options = EngineHarness.Options()
        options.separatesBackends = true
        options.timeouts.server = .milliseconds(300)
        options.retries.count = 0
        options.rateLimits = [
            RateLimit(
                name: "l", key: .path, rate: Rate(count: 1, period: .seconds(3_600)), burst: 1,
                entries: 1_024)
        ]
        var limited = Route(id: "limited", match: Self.match("/limited"))
        limited.rateLimit = RateLimitUse(limit: "l")
        options.routes = [
            limited,
            Route(
                id: "denied", match: Self.match("/denied"), action: .deny(Denial(status: 403))),
            Route(id: "refused", match: Self.match("/refused"), action: .backend("b1")),
            Route(id: "rest", action: .backend("b0")),
        ]
        // Nobody listens at port 1.
        return try EngineHarness(origins: [origin.port, 1], options)
    }

    private static let bodies = [
        "Content-Length: 3\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "\r\n",
    ]

    @Test(arguments: [
        ("/limited", 429), ("/denied", 403), ("/refused", 503), ("/gone", 502),
        ("/nonsense", 502), ("/silent", 504),
    ])
    func connectionGoesOn(target: String, status: Int) throws {
        let origin = try origin()
        let harness = try harness(origin)
        if target == "/limited" {
            let first = try harness.connect()
            first.send("GET /limited HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(first.takeMessage()?.status == 200)
        }
        for body in Self.bodies {
            let client = try harness.connect()
            let request = "POST \(target) HTTP/1.1\r\nHost: a\r\n" + body
            let next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
            // One behind the other's answer, and both at once.
            client.send(request)
            let answer = try #require(client.takeMessage())
            #expect(answer.status == status)
            #expect(answer.field("connection") == nil)
            client.send(next + request + next)
            #expect(client.takeMessage()?.text == "/next")
            #expect(client.takeMessage()?.status == status)
            #expect(client.takeMessage()?.text == "/next")
            client.endSending()
            #expect(client.endsSilently() && !client.wasReset)
        }
        #expect(harness.gauge(.clientConnections, becomes: 0))
        #expect(harness.gauge(.exchangesInFlight, becomes: 0))
    }

    /// A HEAD's answer has no body, whoever gives it.
    @Test func answersToHead() throws {
        let origin = try origin()
        let harness = try harness(origin)
        let client = try harness.connect()
        client.send("HEAD /denied HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.takeMessage(hasBody: false)?.status == 403)
        client.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.takeMessage()?.text == "/next")
    }

    /// Nobody knows where a next request would begin, or the client asked for it.
    @Test(arguments: [
        ("POST /denied HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc", 403),
        ("POST /denied HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", 403),
        ("POST /silent HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc0", 400),
        ("POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc", 503),
        ("GET /denied HTTP/1.0\r\n\r\n", 403),
        ("GET /denied HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 403),
    ])
    func connectionEnds(request: String, status: Int) throws {
        let origin = try origin()
        let harness = try harness(origin)
        let client = try harness.connect()
        client.send(request)
        let answer = try #require(client.takeMessage())
        #expect(answer.status == status)
        #expect(answer.field("connection") == (request.contains("HTTP/1.0") ? nil : "close"))
        #expect(client.endsSilently() && !client.wasReset)
        client.close()
        #expect(harness.gauge(.clientConnections, becomes: 0))
    }

    /// A loop that drains says so.
    @Test func drainingEndsIt() throws {
        let origin = try origin()
        let harness = try harness(origin)
        let client = try harness.connect()
        client.send("GET /silent HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(harness.gauge(.exchangesInFlight, becomes: 1))
        harness.release()
        let answer = try #require(client.takeMessage())
        #expect(answer.status == 504)
        #expect(answer.field("connection") == "close")
        #expect(client.endsSilently())
    }
}
