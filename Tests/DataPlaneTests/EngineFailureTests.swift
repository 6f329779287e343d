// What a loop answers when a peer misbehaves, is too slow or is not there.

import Glibc
import Model
import SharedState
import Synchronization
import Syscalls
import Testing

@testable import DataPlane

@Suite struct EngineFailureTests {
    /// The status for each kind of request that is none, and the connection's end behind it.
    @Test(arguments: [
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        ("\u{16}\u{3}\u{1}", 400),
        ("GET /" + String(repeating: "x", count: 9_000) + " HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        ("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", 413),
        ("PUT / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", 417),
        ("GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "A: b\r\n", count: 200) + "\r\n", 431),
        ("GET / HTTP/1.1\r\nHost: a\r\nA: " + String(repeating: "x", count: 20_000), 431),
        ("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        ("GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
        ("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
    ])
    func refusals(request: String, status: Int) throws {
        let origin = try EngineOrigin.echo()
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send(request)
        let response = try #require(client.takeMessage())
        #expect(response.status == status)
        #expect(response.field("connection") == "close")
        #expect(client.endsSilently())
        #expect(!client.wasReset)
        client.close()
        #expect(harness.gauge(.clientConnections, becomes: 0))
        #expect(harness.gauge(.exchangesInFlight, becomes: 0))
    }

    @Test func noRoute() throws {
        var options = EngineHarness.Options()
        var match = RouteMatch()
        match.paths = ["/only"]
        options.routes = [Route(id: "r", match: match, action: .backend("b"))]
        let harness = try EngineHarness(origins: [1], options)
        let client = try harness.connect()
        for _ in 0..<2 {
            client.send("GET /other HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(client.takeMessage()?.status == 404)
        }
    }

    @Test func slowHead() throws {
        var options = EngineHarness.Options()
        options.timeouts.httpRequest = .milliseconds(200)
        let harness = try EngineHarness(origins: [1], options)
        let client = try harness.connect()
        client.send("GET / HTTP")
        #expect(client.takeMessage()?.status == 408)
        #expect(client.endsSilently())
        #expect(harness.worker[.requestTimeouts] == 1)
    }

    /// Between requests there is nothing to answer: the connection just ends.
    @Test func idleClient() throws {
        let origin = try EngineOrigin.echo()
        var options = EngineHarness.Options()
        options.timeouts.httpKeepAlive = .milliseconds(200)
        let harness = try EngineHarness(origins: [origin.port], options)
        let silent = try harness.connect()
        let client = try harness.connect()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.takeMessage()?.status == 200)
        #expect(client.endsSilently())
        #expect(silent.endsSilently())
    }

    @Test func slowBody() throws {
        let origin = try EngineOrigin.echo()
        var options = EngineHarness.Options()
        options.timeouts.client = .milliseconds(200)
        let harness = try EngineHarness(origins: [origin.port], options)
        let client = try harness.connect()
        client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
        #expect(client.takeMessage()?.status == 408)
    }

    /// Also one that is gone before the poll set knew it: its first request came with it.
    @Test(arguments: [0, 1])
    func clientLeavesWhileTheServerThinks(requestsBefore: Int) throws {
        let origin = try EngineOrigin { connection in
            for _ in 0..<requestsBefore {
                guard connection.takeHead() != nil else { return }
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            }
            _ = connection.takeHead()
            // Until the proxy has given up.
            _ = connection.takeAll(within: 20)
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        for _ in 0..<requestsBefore {
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(client.takeMessage()?.status == 200)
        }
        client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(harness.gauge(.exchangesInFlight, becomes: 1))
        client.close(reset: true)
        #expect(harness.gauge(.clientConnections, becomes: 0))
        #expect(harness.gauge(.exchangesInFlight, becomes: 0))
    }

    @Test func slowServer() throws {
        let origin = try EngineOrigin { connection in
            _ = connection.takeHead()
            _ = connection.takeAll(within: 5)
        }
        var options = EngineHarness.Options()
        options.timeouts.server = .milliseconds(200)
        let harness = try EngineHarness(origins: [origin.port], options)
        let client = try harness.connect()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.takeMessage()?.status == 504)
        #expect(harness.worker[.upstreamTimeouts] == 1)
    }

    @Test(arguments: [
        "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "HTTP/1.1 200 O",
        "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    ])
    func badServer(response: String) throws {
        let origin = try EngineOrigin { connection in
            _ = connection.takeHead()
            connection.send(response)
            connection.close()
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.takeMessage()?.status == 502)
    }

    /// Servers that refuse are passed over, and the client is told only when all did.
    @Test func refusedConnections() throws {
        let origin = try EngineOrigin.echo()
        let harness = try EngineHarness(origins: [closedPort(), origin.port])
        let client = try harness.connect()
        for _ in 0..<6 {
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
            #expect(client.takeMessage()?.text == "/ hi")
        }
        var options = EngineHarness.Options()
        options.retries.count = 2
        let alone = try EngineHarness(origins: [closedPort()], options)
        let other = try alone.connect()
        other.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(other.takeMessage()?.status == 503)
        #expect(alone.worker[.upstreamConnects] == 3)
    }

    private func closedPort() throws -> UInt16 {
        let socket = try TCPSocket.bind(.loopback(port: 0))
        return try TCPSocket.localAddress(socket.rawValue).port
    }

    /// H14: a reused connection that the server closes as the request comes. What can be repeated
    /// is repeated, once; what may have had an effect is not.
    @Test(arguments: [("GET", 200), ("PUT", 200), ("POST", 502)])
    func reusedConnectionDies(method: String, status: Int) throws {
        let seen = Sent()
        let origin = try EngineOrigin { connection in
            var isFirst = true
            while let request = connection.takeMessage() {
                seen.bytes.add(1, ordering: .relaxed)
                if !isFirst { break }
                isFirst = false
                let text = request.text
                connection.send(
                    "HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
            }
            connection.close(reset: true)
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.takeMessage()?.status == 200)
        #expect(harness.gauge(.upstreamIdle, becomes: 1))
        client.send("\(method) / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody")
        let response = try #require(client.takeMessage())
        #expect(response.status == status)
        if status == 200 { #expect(response.text == "body") }
        #expect(seen.bytes.load(ordering: .relaxed) == (status == 200 ? 3 : 2))
    }

    /// A parked connection that ends is gone before anybody can be given it.
    @Test func parkedConnectionEnds() throws {
        let origin = try EngineOrigin { connection in
            guard connection.takeHead() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            usleepTenth()
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        for _ in 0..<3 {
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
            #expect(client.takeMessage()?.status == 200)
            usleepTenth()
            usleepTenth()
            #expect(harness.gauge(.upstreamIdle, becomes: 0))
        }
    }

    /// N3: a reset or an end in every state, and afterwards everything is as before.
    @Test func nothingLeaks() throws {
        let origin = try EngineOrigin { connection in
            while let request = connection.takeHead(within: 3) {
                usleep(2_000)
                connection.send(
                    request.startLine.hasPrefix("GET /chunked")
                        ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
                        : "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")
                usleep(2_000)
                if request.startLine.contains("cut") { connection.close(reset: true) }
            }
        }
        let harness = try EngineHarness(origins: [origin.port])
        let starts = [
            "", "GE", "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /chunked HTTP/1.1\r\nHost: a\r\n\r\n",
            "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab",
            "GET /cut HTTP/1.1\r\nHost: a\r\n\r\nGET /more HTTP/1.1\r\nHost: a\r\n\r\n",
            "x\r\n\r\n",
        ]
        for round in 0..<200 {
            let client = try harness.connect()
            client.send(starts[round % starts.count])
            usleep(UInt32(round % 5) * 1_500)
            if round % 3 == 0 { client.endSending() }
            client.close(reset: round % 2 == 0)
        }
        #expect(harness.gauge(.clientConnections, becomes: 0))
        #expect(harness.gauge(.exchangesInFlight, becomes: 0))
        #expect(harness.gauge(.upstreamIdle, becomes: 0))
    }
}
