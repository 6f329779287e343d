// What is counted of frontends, backends and servers in the memory that outlives the worker.

import Model
import SharedState
import Syscalls
import Testing

@testable import DataPlane

@Suite struct EngineTrafficTests {
    @Test func answersAreCountedOfAllThree() throws {
        let origin = try EngineOrigin { connection in
            while let request = connection.takeMessage() {
                let status = request.startLine.contains("/missing") ? "404 Not Found" : "200 OK"
                connection.send("HTTP/1.1 \(status)\r\nContent-Length: 5\r\n\r\nhello")
            }
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        for target in ["/", "/", "/missing"] {
            client.send("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(client.takeMessage()?.text == "hello")
        }
        for record in [EngineHarness.frontend, EngineHarness.backend, EngineHarness.server(0)] {
            #expect(harness.traffic(record, becomes: { $0[.requests] == 3 }), "record \(record)")
            let totals = harness.traffic(record)
            #expect(totals[.responses2xx] == 2)
            #expect(totals[.responses4xx] == 1)
            #expect(totals.durationBuckets.reduce(0, +) == 3)
            #expect(totals[.bytesOut] > 15)
        }
        #expect(harness.traffic(EngineHarness.frontend)[.connections] == 1)
        #expect(harness.traffic(EngineHarness.server(0))[.connections] == 1)
        #expect(harness.traffic(EngineHarness.server(0))[.reuses] == 2)
    }

    /// An answer of ours in a server's place is not the server's.
    @Test func failuresAreTheServers() throws {
        let socket = try TCPSocket.bind(.loopback(port: 0))
        let refusing = try TCPSocket.localAddress(socket.rawValue).port
        let harness = try EngineHarness(origins: [refusing])
        let client = try harness.connect()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.takeMessage()?.status == 503)
        #expect(harness.traffic(EngineHarness.backend, becomes: { $0[.responses5xx] == 1 }))
        let server = harness.traffic(EngineHarness.server(0))
        #expect(server[.failures] > 0)
        #expect(server[.connections] == server[.failures])
        #expect(server[.responses5xx] == 0)
    }

    /// The comparisons of the writer and the bounds of the reader are the same.
    @Test func durationsHaveABucket() {
        let bounds = TrafficHistogram.boundsMicroseconds
        for (place, bound) in bounds.enumerated() {
            #expect(bucket(bound) == place)
            #expect(bucket(bound + 1) == place + 1)
        }
        #expect(bucket(0) == 0)
        #expect(bucket(.max) == bounds.count)
        #expect(TrafficHistogram.bucketCount == bounds.count + 1)
    }

    private func bucket(_ microseconds: Int64) -> Int? {
        var read = [UInt64](repeating: 0, count: TrafficLayout.wordCount)
        read[TrafficLayout.bucketWord(microseconds: microseconds)] = 1
        return TrafficTotals(words: read).durationBuckets.firstIndex(of: 1)
    }
}
