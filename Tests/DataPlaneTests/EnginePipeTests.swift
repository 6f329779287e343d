// Bulk through pipes: the same bytes, ends and counts as through a buffer.

import Glibc
import Model
import SharedState
import Synchronization
import Syscalls
import Testing

@testable import DataPlane

@Suite struct EnginePipeTests {
    /// Large answers on one connection, one behind the other: each ends where its length says.
    @Test func answersEndExactly() throws {
        let sizes = [1_000_000, 10, 3_000_001, 262_144, 65_536, 98_303, 2_000_000, 0]
        let origin = try EngineOrigin { connection in
            while let request = connection.takeHead() {
                let size =
                    Int(request.startLine.split(separator: "/")[1].split(separator: " ")[0]) ?? 0
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
                connection.send(EngineBodyTests.pattern(size), within: 30)
            }
        }
        var options = EngineHarness.Options()
        options.log = true
        let harness = try EngineHarness(origins: [origin.port], options)
        let client = try harness.connect()
        for size in sizes {
            client.send("GET /\(size) HTTP/1.1\r\nHost: a\r\n\r\n")
            let isWhole = client.takeMessage(within: 30)?.body == EngineBodyTests.pattern(size)
            #expect(isWhole, "\(size)")
        }
        // The server's connection was reused throughout.
        #expect(origin.connectionCount == 1)
        let lines = harness.logLines(sizes.count)
        for (size, line) in zip(sizes, lines) {
            let sent = line.split(separator: "\"bytes_out\":")[1].split(separator: ",")[0]
            let head = (Int(sent) ?? -1) - size
            #expect((30...200).contains(head), "\(size) \(line)")
        }
        #expect(
            harness.traffic(EngineHarness.frontend) { totals in
                totals[.bytesOut] >= UInt64(sizes.reduce(0, +))
            })
    }

    /// Requests with large bodies, and the answer while one is on its way.
    @Test func uploadsEndExactly() throws {
        let origin = try EngineOrigin { connection in
            while let request = connection.takeMessage(within: 30) {
                let body = "\(request.body == EngineBodyTests.pattern(request.body.count))"
                connection.send(
                    "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            }
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        for size in [2_000_000, 65_536, 3_000_001, 5] {
            client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n")
            client.send(EngineBodyTests.pattern(size), within: 30)
            #expect(client.takeMessage(within: 30)?.text == "true")
        }
        #expect(origin.connectionCount == 1)
    }

    @Test func answerInTheMiddleOfAnUpload() throws {
        let origin = try EngineOrigin { connection in
            _ = connection.take(500_000, within: 30)
            connection.send("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno")
            _ = connection.takeAll(within: 5)
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n")
        client.send([UInt8](repeating: 1, count: 4_000_000), within: 5)
        #expect(client.takeMessage()?.status == 403)
        client.close()
        #expect(harness.gauge(.clientConnections, becomes: 0))
    }

    /// A server that is cut off in the middle: the client never sees a clean end.
    @Test(arguments: [true, false])
    func cutAnswerIsAnAbort(_ reset: Bool) throws {
        let origin = try EngineOrigin { connection in
            guard connection.takeHead() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n")
            connection.send(EngineBodyTests.pattern(2_000_000), within: 30)
            connection.close(reset: reset)
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        let head = try #require(client.takeHead())
        #expect(head.field("content-length") == "5000000")
        let body = client.takeAll(within: 30)
        #expect(body.count < 5_000_000)
        let isBeginning = body == Array(EngineBodyTests.pattern(2_000_000).prefix(body.count))
        #expect(isBeginning)
        if !reset { #expect(body.count == 2_000_000) }
        #expect(harness.gauge(.clientConnections, becomes: 0))
    }

    /// A slow client holds the server back, and gets everything.
    @Test func backPressure() throws {
        let sent = Atomic<Int>(0)
        let whole = EngineBodyTests.pattern(20_000_000)
        let origin = try EngineOrigin { connection in
            for start in stride(from: 0, to: whole.count, by: 100_000) {
                guard connection.send(Array(whole[start..<start + 100_000]), within: 60) else {
                    return
                }
                sent.add(100_000, ordering: .relaxed)
            }
            connection.endSending()
        }
        var options = EngineHarness.Options()
        options.mode = .tcp
        options.timeouts.client = .seconds(30)
        let harness = try EngineHarness(origins: [origin.port], options)
        let client = try harness.connect(receiveBytes: 16_384)
        var last = -1
        // The server stands still.
        #expect(
            Wait.until(20) {
                let now = sent.load(ordering: .relaxed)
                defer { last = now }
                if now == last { return true }
                usleep(200_000)
                return false
            })
        #expect(sent.load(ordering: .relaxed) < 19_000_000)
        let isWhole = client.takeAll(within: 60) == whole
        #expect(isWhole)
        #expect(!client.wasReset)
    }

    /// More transfers at once than there are pipes.
    @Test func manyTransfers() throws {
        let body = EngineBodyTests.pattern(600_000)
        let origin = try EngineOrigin { connection in
            connection.send(body, within: 60)
            connection.endSending()
        }
        var options = EngineHarness.Options()
        options.mode = .tcp
        options.timeouts.client = .seconds(100)
        options.timeouts.server = .seconds(100)
        let harness = try EngineHarness(origins: [origin.port], options)
        let clients = try (0..<150).map { _ in try harness.connect(receiveBytes: 32_768) }
        for client in clients {
            client.endSending()
            // The arrays are no arguments of `expect`, which would tell them apart item by item.
            let isWhole = client.takeAll(within: 60) == body
            #expect(isWhole)
            client.close()
        }
        #expect(harness.gauge(.clientConnections, becomes: 0))
    }
}
