// Upgrades and TCP frontends: bytes both ways, each half ending by itself.

import Glibc
import Model
import SharedState
import Synchronization
import Syscalls
import Testing

@testable import DataPlane

@Suite struct EngineTunnelTests {
    private static let upgrade =
        "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"

    /// Answers 101 after `delay`, then echoes bytes until the client's half ends, then says bye.
    private func echoOrigin() throws -> EngineOrigin {
        try EngineOrigin { connection in
            guard connection.takeHead() != nil else { return }
            usleepTenth()
            // Bytes that the proxy must not forward before the switch would be here by now.
            if !connection.staysSilent(for: 0.05) { connection.send("EARLY") }
            connection.send(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
                    + "\r\nwelcome")
            while true {
                let bytes = connection.take(1, within: 5)
                if bytes.isEmpty { break }
                connection.send(bytes)
            }
            connection.send("bye")
        }
    }

    @Test func upgradeAndHalfClose() throws {
        let origin = try echoOrigin()
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send(Self.upgrade + "sent before the switch")
        let head = try #require(client.takeHead())
        #expect(head.status == 101)
        #expect(head.field("upgrade") == "websocket")
        #expect(client.take(7) == Array("welcome".utf8))
        #expect(client.take(22) == Array("sent before the switch".utf8))
        #expect(harness.gauge(.tunnels, becomes: 1))
        client.send("more")
        #expect(client.take(4) == Array("more".utf8))
        client.endSending()
        #expect(String(decoding: client.takeAll(), as: UTF8.self) == "bye")
        #expect(!client.wasReset)
        #expect(harness.gauge(.tunnels, becomes: 0))
        #expect(harness.gauge(.clientConnections, becomes: 0))
    }

    /// H4: without a 101 it stays HTTP.
    @Test func upgradeRefused() throws {
        let origin = try EngineOrigin.echo()
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send(Self.upgrade + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.takeMessage()?.text == "/chat ")
        #expect(client.takeMessage()?.text == "/next ")
    }

    /// H4: neither a tunnel that nobody offers nor HTTP/2 behind a plain request: nothing that stands
    /// behind them goes to the server as it is.
    @Test(arguments: [
        ("CONNECT b:80 HTTP/1.1\r\nHost: b:80\r\nContent-Length: 4\r\n\r\nbody", [501], []),
        ("CONNECT b:80 HTTP/1.1\r\nHost: b:80\r\n\r\n", [501], []),
        (
            "GET /h2c HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                + "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
                + "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [200, 400],
            ["GET /h2c HTTP/1.1"]
        ),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400], []),
    ])
    func noOtherProtocol(request: String, statuses: [Int], seen: [String]) throws {
        let lines = Guarded<[String]>([])
        let origin = try EngineOrigin { connection in
            while let head = connection.takeMessage() {
                let offers = head.field("upgrade") ?? head.field("http2-settings")
                lines.withLock { $0.append(head.startLine + (offers ?? "")) }
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            }
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send(request + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(statuses == statuses.map { _ in client.takeMessage()?.status ?? -1 })
        #expect(client.endsSilently())
        #expect(lines.withLock { $0 } == seen)
    }

    @Test func silentTunnelEnds() throws {
        let origin = try echoOrigin()
        var options = EngineHarness.Options()
        options.timeouts.tunnel = .milliseconds(300)
        let harness = try EngineHarness(origins: [origin.port], options)
        let client = try harness.connect()
        client.send(Self.upgrade)
        #expect(client.takeHead()?.status == 101)
        _ = client.take(7)
        for _ in 0..<4 {
            usleepTenth()
            client.send("x")
            #expect(client.take(1) == [120])
        }
        #expect(client.endsSilently(within: 3))
        #expect(harness.gauge(.tunnels, becomes: 0))
    }

    /// One side has ended: the other may be silent for a shorter time, and not while it speaks.
    @Test(arguments: [false, true]) func silenceAfterAnEnd(serverEnds: Bool) throws {
        let origin = try EngineOrigin { connection in
            if serverEnds {
                connection.endSending()
                _ = connection.takeAll(within: 20)
            } else {
                _ = connection.takeAll(within: 20)
                for _ in 0..<4 {
                    usleepTenth()
                    connection.send("x")
                }
                _ = connection.endsSilently(within: 20)
            }
        }
        var options = EngineHarness.Options()
        options.mode = .tcp
        options.timeouts.client = .seconds(60)
        options.timeouts.server = .seconds(60)
        options.timeouts.clientFin = serverEnds ? .seconds(60) : .milliseconds(300)
        options.timeouts.serverFin = serverEnds ? .milliseconds(300) : .seconds(60)
        let harness = try EngineHarness(origins: [origin.port], options)
        let client = try harness.connect()
        if serverEnds {
            for _ in 0..<4 {
                usleepTenth()
                client.send("x")
            }
        } else {
            client.endSending()
            #expect(client.take(4) == Array("xxxx".utf8))
        }
        #expect(harness.gauge(.clientConnections, becomes: 0))
    }

    private func tcp(_ origins: [UInt16]) throws -> EngineHarness {
        var options = EngineHarness.Options()
        options.mode = .tcp
        options.timeouts.client = .seconds(5)
        return try EngineHarness(origins: origins, options)
    }

    @Test func tcpBothWays() throws {
        let origin = try EngineOrigin { connection in
            connection.send("hello ")
            let bytes = connection.takeAll(within: 30)
            connection.send(bytes.reversed(), within: 30)
        }
        let harness = try tcp([origin.port])
        let body = EngineBodyTests.pattern(3_000_000)
        let client = try harness.connect()
        #expect(client.take(6) == Array("hello ".utf8))
        client.send(body, within: 30)
        client.endSending()
        #expect(client.takeAll(within: 30) == body.reversed())
        #expect(!client.wasReset)
        #expect(harness.gauge(.clientConnections, becomes: 0))
    }

    /// The server's half may end first.
    @Test func tcpServerEndsFirst() throws {
        let received = Sent()
        let origin = try EngineOrigin { connection in
            connection.send("bye")
            connection.endSending()
            let bytes = connection.takeAll()
            received.bytes.store(bytes.count, ordering: .relaxed)
        }
        let harness = try tcp([origin.port])
        let client = try harness.connect()
        #expect(client.takeAll() == Array("bye".utf8))
        client.send("still here")
        client.endSending()
        #expect(Wait.until(5) { received.bytes.load(ordering: .relaxed) == 10 })
        #expect(harness.gauge(.clientConnections, becomes: 0))
    }

    @Test func tcpResets() throws {
        let origin = try EngineOrigin { connection in
            _ = connection.take(1)
            connection.close(reset: true)
        }
        let harness = try tcp([origin.port])
        let client = try harness.connect()
        client.send("x")
        _ = client.takeAll()
        #expect(client.wasReset)
        // Nobody there at all.
        let alone = try tcp([1])
        let other = try alone.connect()
        #expect(other.endsSilently())
        #expect(alone.gauge(.clientConnections, becomes: 0))
    }

    @Test func tcpServerIsReplaced() throws {
        let origin = try EngineOrigin { $0.send("here") }
        let harness = try tcp([1, origin.port])
        for _ in 0..<4 {
            let client = try harness.connect()
            #expect(client.take(4) == Array("here".utf8))
        }
    }

    @Test func tcpIsLogged() throws {
        let origin = try EngineOrigin { $0.send("here") }
        var options = EngineHarness.Options()
        options.mode = .tcp
        options.log = true
        let harness = try EngineHarness(origins: [origin.port], options)
        let client = try harness.connect()
        client.send("abc")
        client.endSending()
        #expect(client.takeAll() == Array("here".utf8))
        client.close()
        let line = try #require(harness.logLines(1).first)
        #expect(line.contains("\"method\":\"TCP\""))
        #expect(line.contains("\"bytes_out\":4"))
        #expect(line.contains("\"server\":\"s0\""))
    }
}
