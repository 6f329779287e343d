// The end of one direction is passed on when everything before it was, and the other direction goes
// on: in each state, from either side.

import Glibc
import Model
import SharedState
import Synchronization
import Syscalls
import Testing

@testable import DataPlane

@Suite struct EngineHalfCloseTests {
    private func tcp(_ origins: [UInt16]) throws -> EngineHarness {
        var options = EngineHarness.Options()
        options.mode = .tcp
        options.timeouts.client = .seconds(10)
        return try EngineHarness(origins: origins, options)
    }

    /// A client that has said everything with its request still gets the answer.
    @Test func clientEndsBehindItsRequest() throws {
        let origin = try EngineOrigin { connection in
            guard let request = connection.takeMessage() else { return }
            usleepTenth()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\(request.text)")
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
        client.endSending()
        #expect(client.takeMessage()?.text == "abc")
        #expect(client.endsSilently())
        #expect(!client.wasReset)
        #expect(harness.gauge(.clientConnections, becomes: 0))
    }

    /// It has pipelined three requests, and ended.
    @Test func clientEndsBehindSeveralRequests() throws {
        let origin = try EngineOrigin.echo()
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send((1...3).map { "GET /\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
        client.endSending()
        for number in 1...3 { #expect(client.takeMessage()?.text == "/\(number) ") }
        #expect(client.endsSilently())
        #expect(!client.wasReset)
    }

    /// In the middle of a body it is an error, and the client is told.
    @Test func clientEndsInItsBody() throws {
        let origin = try EngineOrigin { _ = $0.takeAll() }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\nabc")
        client.endSending()
        #expect(client.takeMessage()?.status == 400)
        #expect(client.endsSilently())
    }

    /// Whatever is on its way arrives, whichever side ends first, also before the server is there.
    @Test(arguments: [0, 1, 70_000, 3_000_000])
    func tcpClientEndsFirst(_ count: Int) throws {
        let body = EngineBodyTests.pattern(count)
        let origin = try EngineOrigin { connection in
            let bytes = connection.takeAll(within: 30)
            usleepTenth()
            connection.send(bytes, within: 30)
        }
        let harness = try tcp([origin.port])
        let client = try harness.connect()
        client.send(body, within: 30)
        client.endSending()
        let isWhole = client.takeAll(within: 30) == body
        #expect(isWhole)
        #expect(!client.wasReset)
        #expect(harness.gauge(.clientConnections, becomes: 0))
    }

    @Test(arguments: [0, 1, 70_000, 3_000_000])
    func tcpServerEndsFirst(_ count: Int) throws {
        let body = EngineBodyTests.pattern(count)
        let received = Guarded<[UInt8]>([])
        let origin = try EngineOrigin { connection in
            connection.send(body, within: 30)
            connection.endSending()
            let bytes = connection.takeAll(within: 30)
            received.withLock { $0 = bytes }
        }
        let harness = try tcp([origin.port])
        let client = try harness.connect()
        let isWhole = client.takeAll(within: 30) == body
        #expect(isWhole)
        // The client's half is open still.
        client.send(body.reversed(), within: 30)
        client.endSending()
        #expect(Wait.until(30) { received.withLock { $0.count } == count })
        let isMirrored = received.withLock { $0 } == body.reversed()
        #expect(isMirrored)
        #expect(!client.wasReset)
        #expect(harness.gauge(.clientConnections, becomes: 0))
    }

    /// The same through a tunnel that HTTP has made.
    @Test(arguments: [true, false])
    func tunnelEndsInHalves(_ clientFirst: Bool) throws {
        let body = EngineBodyTests.pattern(300_000)
        let origin = try EngineOrigin { connection in
            guard connection.takeHead() != nil else { return }
            connection.send(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
            if clientFirst {
                connection.send(connection.takeAll(within: 30), within: 30)
            } else {
                connection.send(body, within: 30)
                connection.endSending()
                _ = connection.takeAll(within: 30)
            }
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
        #expect(client.takeHead()?.status == 101)
        if clientFirst {
            client.send(body, within: 30)
            client.endSending()
        }
        let isWhole = client.takeAll(within: 30) == body
        #expect(isWhole)
        if !clientFirst {
            client.send("more")
            client.endSending()
        }
        #expect(!client.wasReset)
        #expect(harness.gauge(.tunnels, becomes: 0))
        #expect(harness.gauge(.clientConnections, becomes: 0))
    }

    /// Both ends reset, in turns, at every number of bytes: nothing stays.
    @Test func resetsLeaveNothing() throws {
        let origin = try EngineOrigin { connection in
            let count = connection.take(1).first ?? 0
            if count % 2 == 0 {
                connection.send([UInt8](repeating: count, count: Int(count) * 1_000))
                connection.close(reset: true)
            } else {
                _ = connection.takeAll()
            }
        }
        let harness = try tcp([origin.port])
        for count in 0..<60 {
            let client = try harness.connect()
            client.send([UInt8(count)])
            if count % 2 == 0 { _ = client.takeAll() } else { client.close(reset: true) }
        }
        #expect(harness.gauge(.clientConnections, becomes: 0))
        #expect(harness.gauge(.exchangesInFlight, becomes: 0))
        #expect(harness.gauge(.tunnels, becomes: 0))
    }

    /// Peers of which nothing is heard any more, in the order in which that is noticed: nobody is
    /// kept for ever, whether or not bytes wait for it.
    @Test(arguments: [false, true])
    func silentPeersAreReaped(_ hasBytes: Bool) throws {
        let origin = try EngineOrigin { connection in
            if hasBytes { connection.send([UInt8](repeating: 1, count: 50_000_000), within: 3) }
            _ = connection.takeAll()
        }
        var options = EngineHarness.Options()
        options.mode = .tcp
        options.timeouts.client = .milliseconds(400)
        let harness = try EngineHarness(origins: [origin.port], options)
        let clients = try (0..<20).map { _ in try harness.connect(receiveBytes: 4_096) }
        #expect(harness.gauge(.clientConnections, becomes: 20))
        #expect(harness.gauge(.clientConnections, becomes: 0, within: 10))
        #expect(harness.gauge(.tunnels, becomes: 0))
        withExtendedLifetime(clients) {}
    }

    /// A client that takes nothing costs one buffer at most, and is let go in time.
    @Test func zeroWindowReader() throws {
        let origin = try EngineOrigin { connection in
            guard connection.takeHead() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
            connection.send([UInt8](repeating: 7, count: 100_000_000), within: 5)
        }
        var options = EngineHarness.Options()
        options.timeouts.client = .milliseconds(500)
        let harness = try EngineHarness(origins: [origin.port], options)
        let client = try harness.connect(receiveBytes: 4_096)
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(harness.gauge(.clientConnections, becomes: 1))
        #expect(harness.gauge(.clientConnections, becomes: 0, within: 10))
        client.close()
    }
}
