// Bytes where none belong, and buffers that are exactly full: what an attacker would arrange.

import Glibc
import Model
import SharedState
import Syscalls
import Testing

@testable import DataPlane

@Suite struct EngineExcessTests {
    private static let poison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON"

    /// A response that fills the buffer to its last byte hides what comes behind it: it must not
    /// become the answer of the next client.
    @Test(arguments: [15_360, 15_361, 16_384, 15_360 + 65_536])
    func responseBehindAFullBufferReachesNobody(_ responseBytes: Int) throws {
        let origin = try EngineOrigin { connection in
            while let request = connection.takeHead() {
                guard request.startLine.contains("/poison") else {
                    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmine")
                    continue
                }
                // Five digits whatever the length is.
                var head = ""
                var bodyBytes = responseBytes
                for _ in 0..<2 {
                    head = "HTTP/1.1 200 OK\r\nContent-Length: \(bodyBytes)\r\n\r\n"
                    bodyBytes = responseBytes - head.utf8.count
                }
                head = "HTTP/1.1 200 OK\r\nContent-Length: \(bodyBytes)\r\n\r\n"
                connection.send(head + String(repeating: "b", count: bodyBytes) + Self.poison)
            }
        }
        let harness = try EngineHarness(origins: [origin.port])
        let attacker = try harness.connect()
        attacker.send("GET /poison HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = attacker.takeMessage()
        let victim = try harness.connect()
        victim.send("GET /victim HTTP/1.1\r\nHost: a\r\n\r\n")
        let answer = try #require(victim.takeMessage())
        #expect(String(decoding: answer.body, as: UTF8.self) == "mine")
    }

    /// Two interim responses that fill the client's output leave room for the final one.
    @Test func longInterimResponsesArePassedOn() throws {
        let hint =
            "HTTP/1.1 103 Early Hints\r\nLink: " + String(repeating: "l", count: 10_000)
            + "\r\n\r\n"
        let origin = try EngineOrigin { connection in
            guard connection.takeHead() != nil else { return }
            connection.send(hint + hint + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.takeHead()?.status == 103)
        #expect(client.takeHead()?.status == 103)
        #expect(client.takeMessage()?.status == 200)
    }

    /// The server is gone in both directions; the client's bytes have nowhere to go.
    @Test func tunnelEndsWhenTheServerIsGone() throws {
        let origin = try EngineOrigin { connection in
            guard connection.takeHead() != nil else { return }
            connection.send(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
                    + "Upgrade: websocket\r\n\r\n")
            connection.close()
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send(
            "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        #expect(client.takeHead()?.status == 101)
        #expect(client.endsSilently())
        for _ in 0..<3 {
            client.send("nobody hears this")
            usleepTenth()
        }
        #expect(harness.gauge(.tunnels, becomes: 0))
        client.close()
        #expect(harness.gauge(.clientConnections, becomes: 0))
    }

    /// The tail of a long body fills the buffer but for the next request's head, which grows.
    @Test(arguments: [1, 17, 30, 60])
    func requestBehindALongBodyIsForwarded(_ tailBytes: Int) throws {
        let origin = try EngineOrigin.echo()
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        let bodyBytes = 65_536 * 2 + tailBytes
        var requests = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(bodyBytes)\r\n\r\n"
        requests += String(repeating: "b", count: bodyBytes)
        let count = 3_000
        for _ in 0..<count { requests += "GET /next HTTP/1.1\r\nHost: a\r\n\r\n" }
        let bytes = Array(requests.utf8)
        try Thread.start(name: "sender") { _ = client.send(bytes, within: 20) }
        #expect(client.takeMessage(within: 20)?.status == 200)
        var answered = 0
        for _ in 0..<count {
            guard client.takeMessage()?.status == 200 else { break }
            answered += 1
        }
        #expect(answered == count)
    }
}
