// Bodies through a loop: both framings, both ways, slow readers, bounded memory, cuts.

import Model
import SharedState
import Synchronization
import Testing

@testable import DataPlane

@Suite struct EngineBodyTests {
    static func pattern(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) }
    }

    static func chunked(_ body: [UInt8], _ size: Int) -> [UInt8] {
        var out: [UInt8] = []
        var rest = body[...]
        while !rest.isEmpty {
            let piece = rest.prefix(size)
            out += Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + [13, 10]
            rest = rest.dropFirst(piece.count)
        }
        return out + Array("0\r\n\r\n".utf8)
    }

    /// Answers with the body it got, in the framing it got.
    static func mirror() throws -> EngineOrigin {
        try EngineOrigin { connection in
            while let request = connection.takeMessage(within: 30) {
                if request.field("transfer-encoding") != nil {
                    connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                    connection.send(chunked(request.body, 5_000), within: 30)
                } else {
                    connection.send(
                        "HTTP/1.1 200 OK\r\nContent-Length: \(request.body.count)\r\n\r\n")
                    connection.send(request.body, within: 30)
                }
            }
        }
    }

    @Test(arguments: [1, 14_000, 16_384, 65_537, 1_000_000], [false, true])
    func bothWays(count: Int, isChunked: Bool) throws {
        let origin = try Self.mirror()
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        let body = Self.pattern(count)
        for _ in 0..<2 {
            if isChunked {
                client.send("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
                client.send(Self.chunked(body, 777), within: 30)
            } else {
                client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: \(count)\r\n\r\n")
                client.send(body, within: 30)
            }
            let response = try #require(client.takeMessage(within: 30))
            #expect(response.body == body)
        }
        #expect(origin.connectionCount == 1)
        #expect(
            harness.traffic(EngineHarness.server(0)) { $0[.requests] == 2 && $0[.desyncs] == 0 })
    }

    /// Flow control: a client that reads nothing stops the server, and the loop serves others.
    @Test func slowReader() throws {
        let sent = Sent()
        let size = 48 << 20
        let origin = try EngineOrigin { connection in
            guard connection.takeHead() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
            let piece = [UInt8](repeating: 7, count: 65_536)
            for _ in 0..<(size / piece.count) {
                guard connection.send(piece, within: 20) else { return }
                sent.bytes.add(piece.count, ordering: .relaxed)
            }
        }
        let harness = try EngineHarness(origins: [origin.port])
        let slow = try harness.connect()
        slow.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(slow.takeHead()?.status == 200)
        // Until the server's side stands still: then all is in the kernel's buffers and one of
        // ours.
        var last = -1
        Wait.until(10) {
            let now = sent.bytes.load(ordering: .relaxed)
            defer { last = now }
            usleepTenth()
            return now == last && now > 0
        }
        #expect(last < 24 << 20)
        let received = slow.take(size, within: 30)
        #expect(received.count == size)
        #expect(received.allSatisfy { $0 == 7 })
    }

    /// The same the other way: a server that reads nothing stops the client.
    @Test func slowServer() throws {
        let mayRead = Flag()
        let size = 48 << 20
        let origin = try EngineOrigin { connection in
            guard connection.takeHead() != nil else { return }
            Wait.until(20) { mayRead.isSet }
            _ = connection.take(size, within: 30)
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n")
        #expect(!client.send([UInt8](repeating: 1, count: size), within: 1))
        #expect(harness.worker[.bytesIn] < 24 << 20)
        mayRead.set()
    }

    /// RFC 9112 §8: an incomplete message is never passed off as a whole one.
    @Test(arguments: [
        ["HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nha", "lf"],
        ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha", "l"],
        ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe", "llo\r\nzz\r\n"],
    ])
    func serverCuts(pieces: [String]) throws {
        let origin = try EngineOrigin { connection in
            guard connection.takeHead() != nil else { return }
            for piece in pieces {
                connection.send(piece)
                usleepTenth()
            }
            connection.close()
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.takeHead()?.status == 200)
        let rest = String(decoding: client.takeAll(), as: UTF8.self)
        #expect(client.ended)
        #expect(!rest.contains("0\r\n\r\n"))
        #expect(rest.utf8.count < 100)
        #expect(harness.gauge(.clientConnections, becomes: 0))
        #expect(harness.gauge(.upstreamIdle, becomes: 0))
    }

    /// A response that ends with its connection has no other sign of a cut than a reset.
    @Test func serverResetsUntilClose() throws {
        let origin = try EngineOrigin { connection in
            guard connection.takeHead() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\n\r\nhalf")
            usleepTenth()
            connection.close(reset: true)
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.takeHead()?.status == 200)
        _ = client.takeAll()
        #expect(client.wasReset)
    }

    @Test func clientCutsItsBody() throws {
        let origin = try Self.mirror()
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
        usleepTenth()
        client.endSending()
        #expect(client.takeMessage()?.status == 400)
        let other = try harness.connect()
        other.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
        usleepTenth()
        other.close(reset: true)
        #expect(harness.gauge(.clientConnections, becomes: 0))
        #expect(harness.gauge(.exchangesInFlight, becomes: 0))
    }

    /// RFC 9112 §9.6: who has ended its half after the request still gets the response.
    @Test func clientEndsItsHalf() throws {
        let origin = try EngineOrigin { connection in
            guard connection.takeHead() != nil else { return }
            usleepTenth()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        client.endSending()
        #expect(client.takeMessage()?.text == "late")
        #expect(client.endsSilently())
        #expect(harness.gauge(.clientConnections, becomes: 0))
    }

    /// An answer before the request is there in full passes, and neither connection is used again.
    @Test func earlyResponse() throws {
        let origin = try EngineOrigin { connection in
            guard connection.takeHead() != nil else { return }
            connection.send("HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno")
            _ = connection.takeAll(within: 2)
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nstart")
        let response = try #require(client.takeMessage())
        #expect(response.status == 401)
        #expect(response.field("connection") == "close")
        client.send([UInt8](repeating: 1, count: 30_000))
        #expect(harness.gauge(.clientConnections, becomes: 0))
        #expect(harness.gauge(.upstreamIdle, becomes: 0))
    }

    /// Bytes behind a response belong to nobody: the next client must not get them.
    @Test func serverSaysTooMuch() throws {
        let origin = try EngineOrigin { connection in
            while connection.takeHead() != nil {
                connection.send(
                    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n"
                        + "Content-Length: 6\r\n\r\npoison")
            }
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        for _ in 0..<5 {
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(client.takeMessage()?.text == "ok")
        }
        #expect(origin.connectionCount == 5)
    }

    /// The same, but later: a parked connection that becomes readable is of no use.
    @Test func parkedServerSpeaks() throws {
        let origin = try EngineOrigin { connection in
            guard connection.takeHead() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            usleepTenth()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
            _ = connection.takeAll(within: 3)
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.takeMessage()?.text == "ok")
        #expect(harness.gauge(.upstreamIdle, becomes: 1))
        #expect(harness.gauge(.upstreamIdle, becomes: 0))
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.takeMessage()?.text == "ok")
    }
}

/// Something that became true, between threads.
final class Flag: Sendable {
    private let value = Atomic<Bool>(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
}

/// A number of bytes, between threads.
final class Sent: Sendable {
    let bytes = Atomic<Int>(0)
}
