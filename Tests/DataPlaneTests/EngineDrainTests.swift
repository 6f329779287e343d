// The end of a loop: nothing that was sent goes unanswered, and nothing is left behind.

import Glibc
import Model
import SharedState
import Synchronization
import Syscalls
import Testing

@testable import DataPlane

@Suite struct EngineDrainTests {
    /// R1: the client that speaks just when its worker leaves.
    @Test func idleClientIsAnswered() throws {
        let origin = try EngineOrigin.echo()
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.takeMessage()?.field("connection") == nil)
        let silent = try harness.connect()
        #expect(harness.gauge(.clientConnections, becomes: 2))
        harness.release(idleAfter: .milliseconds(2_000), idleSpread: .milliseconds(300))
        #expect(harness.gauge(.upstreamIdle, becomes: 0))
        usleepTenth()
        client.send("POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
        let response = try #require(client.takeMessage())
        #expect(response.text == "/2 hi")
        #expect(response.field("connection") == "close")
        #expect(client.endsSilently())
        #expect(!harness.hasReported(.drained))
        client.close()
        #expect(silent.staysSilent(for: 0.3))
        #expect(silent.endsSilently(within: 5))
        #expect(harness.awaitReport { $0 == .drained })
    }

    /// What runs is finished, at whatever speed.
    @Test func runningExchangesEnd() throws {
        let mayAnswer = Flag()
        let origin = try EngineOrigin { connection in
            guard connection.takeHead() != nil else { return }
            Wait.until(10) { mayAnswer.isSet }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(harness.gauge(.exchangesInFlight, becomes: 1))
        harness.release()
        usleepTenth()
        #expect(!harness.hasReported(.drained))
        mayAnswer.set()
        let response = try #require(client.takeMessage())
        #expect(response.text == "done")
        #expect(response.field("connection") == "close")
        client.close()
        #expect(harness.awaitReport { $0 == .drained })
    }

    /// A0.10: connections that the kernel has accepted are served although the listener goes away.
    @Test func acceptQueueIsEmptied() throws {
        let origin = try EngineOrigin.echo()
        var options = EngineHarness.Options()
        options.maxConnections = 1
        let harness = try EngineHarness(origins: [origin.port], options)
        let first = try harness.connect()
        #expect(harness.gauge(.clientConnections, becomes: 1))
        // These wait in the queue: the loop is at its limit.
        let others = try (0..<40).map { _ in try harness.connect() }
        for other in others { other.send("GET /q HTTP/1.1\r\nHost: a\r\n\r\n") }
        usleepTenth()
        #expect(harness.worker[.connectionsAccepted] == 1)
        try Thread.start(name: "later") {
            usleepTenth()
            first.close()
        }
        harness.release(draining: [1])
        for other in others {
            let response = other.takeMessage()
            #expect(response?.text == "/q ")
            #expect(response?.field("connection") == "close")
            other.close()
        }
        #expect(harness.awaitReport { $0 == .drained })
    }

    /// N1: at the limit the kernel's queue waits, and goes on when there is a place.
    @Test func limitOfConnections() throws {
        let origin = try EngineOrigin.echo()
        var options = EngineHarness.Options()
        options.maxConnections = 3
        let harness = try EngineHarness(origins: [origin.port], options)
        var clients = try (0..<6).map { _ in try harness.connect() }
        for client in clients { client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n") }
        #expect(harness.gauge(.clientConnections, becomes: 3))
        usleepTenth()
        #expect(harness.worker[.clientConnections] == 3)
        for client in clients.prefix(3) { client.close() }
        clients.removeFirst(3)
        for client in clients { #expect(client.takeMessage()?.status == 200) }
    }

    /// Several loops share the connections, and each is released.
    @Test func severalLoops() throws {
        let origin = try EngineOrigin.echo()
        var options = EngineHarness.Options()
        options.loopCount = 3
        let harness = try EngineHarness(origins: [origin.port], options)
        let clients = try (0..<60).map { _ in try harness.connect() }
        for round in 0..<3 {
            for client in clients { client.send("GET /\(round) HTTP/1.1\r\nHost: a\r\n\r\n") }
            for client in clients { #expect(client.takeMessage()?.text == "/\(round) ") }
        }
        let counts = harness.worker.loops.map { $0[.clientConnections] }
        #expect(counts.reduce(0, +) == 60)
        #expect(counts.allSatisfy { $0 >= 10 }, "\(counts)")
        harness.release(idleAfter: .milliseconds(100), idleSpread: .milliseconds(100))
        for client in clients { #expect(client.endsSilently(within: 3)) }
        #expect(harness.awaitReport { $0 == .drained })
    }

    @Test func stopEndsEverything() throws {
        let origin = try EngineOrigin { _ = $0.takeAll(within: 5) }
        let harness = try EngineHarness(origins: [origin.port])
        let idle = try harness.connect()
        let busy = try harness.connect()
        busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(harness.gauge(.exchangesInFlight, becomes: 1))
        harness.stop()
        #expect(idle.endsSilently())
        #expect(busy.endsSilently())
        #expect(harness.worker[.clientConnections] == 0)
    }

    /// The master sees that a loop lives even when nothing happens.
    @Test func idleLoopTicks() throws {
        let harness = try EngineHarness(origins: [1])
        let before = harness.worker.loops[0].progress
        #expect(Wait.until(2) { harness.worker.loops[0].progress >= before + 3 })
    }
}
