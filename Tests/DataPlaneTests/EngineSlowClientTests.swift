// Clients that keep a connection with a byte now and then, beside clients that are slow and lawful
// (reliability: slow POST, slow read).

import Clock
import Model
import SharedState
import Testing

@testable import DataPlane

@Suite struct EngineSlowClientTests {
    private static func harness(
        minRate: Int, _ origin: EngineOrigin, wait: Duration = .milliseconds(500)
    ) throws -> EngineHarness {
        var options = EngineHarness.Options()
        options.timeouts.client = wait
        options.limits.minRateBytes = minRate
        options.log = true
        return try EngineHarness(origins: [origin.port], options)
    }

    /// Sends a body in pieces with 50 ms between two, until there is an answer.
    private static func upload(
        _ client: EngineSocket, pieces: Int, of bytes: Int
    ) -> EngineMessage? {
        client.send("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: \(pieces * bytes)\r\n\r\n")
        for _ in 0..<pieces {
            client.send([UInt8](repeating: 120, count: bytes))
            if !client.staysSilent(for: 0.05) { break }
        }
        return client.takeMessage(within: 5)
    }

    @Test func drippedBodyEnds() throws {
        let origin = try EngineOrigin.echo()
        let harness = try Self.harness(minRate: 1_000, origin)
        let client = try harness.connect()
        // 20 bytes a second: a minute long.
        let answer = try #require(Self.upload(client, pieces: 1_200, of: 1))
        #expect(answer.status == 408)
        let line = harness.logLines(1).first
        #expect(line?.contains("client-slow") == true, "\(line ?? "")")
    }

    /// Slow, but not slower than it may be: three times as long as the client may be silent.
    @Test func slowBodyPasses() throws {
        let origin = try EngineOrigin.echo()
        let harness = try Self.harness(minRate: 1_000, origin)
        let client = try harness.connect()
        let answer = try #require(Self.upload(client, pieces: 30, of: 200))
        #expect(answer.status == 200)
        #expect(answer.body.count == 6_000 + "/up ".utf8.count)
    }

    @Test func withoutLeastRateAByteIsEnough() throws {
        let origin = try EngineOrigin.echo()
        let harness = try Self.harness(minRate: 0, origin)
        let client = try harness.connect()
        let answer = try #require(Self.upload(client, pieces: 30, of: 1))
        #expect(answer.status == 200)
    }

    /// The server takes its time: that is not the client's fault.
    @Test func slowServerIsNotTheClient() throws {
        let size = 12_000_000
        let origin = try EngineOrigin { connection in
            _ = connection.takeHead()
            Wait.until(1.5) { false }
            _ = connection.take(size, within: 30)
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        }
        let harness = try Self.harness(minRate: 1_000_000, origin)
        let client = try harness.connect()
        client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n")
        client.send([UInt8](repeating: 1, count: size), within: 30)
        #expect(client.takeMessage(within: 30)?.text == "ok")
    }

    /// A client that waits for `100 (Continue)` has its whole time when that has come.
    @Test func waitingToBeAskedIsNotSlow() throws {
        let origin = try EngineOrigin { connection in
            _ = connection.takeHead()
            Wait.until(1.5) { false }
            connection.send("HTTP/1.1 100 Continue\r\n\r\n")
            _ = connection.take(2, within: 10)
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        }
        let harness = try Self.harness(minRate: 500, origin, wait: .seconds(2))
        let client = try harness.connect()
        client.send(
            "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        #expect(client.takeHead()?.status == 100)
        #expect(client.staysSilent(for: 1))
        client.send("hi")
        #expect(client.takeMessage()?.text == "ok")
    }

    /// Takes a large response a few bytes at a time.
    @Test func slowReaderEnds() throws {
        let origin = try EngineOrigin { connection in
            _ = connection.takeHead()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
            connection.send([UInt8](repeating: 1, count: 100_000_000), within: 30)
        }
        let harness = try Self.harness(minRate: 1_000_000, origin)
        let client = try harness.connect(receiveBytes: 4_096)
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        for _ in 0..<600 {
            guard !harness.gauge(.clientConnections, becomes: 0, within: 0) else { break }
            _ = client.take(2_000, within: 0.05)
            usleepTenth()
        }
        #expect(harness.gauge(.clientConnections, becomes: 0, within: 0))
        // Whichever is known first: the kernel holds megabytes, and says little of a slow reader.
        let line = harness.logLines(1).first
        #expect(line?.contains("\"termination\":\"client-timeout\"") == true, "\(line ?? "")")
    }
}
