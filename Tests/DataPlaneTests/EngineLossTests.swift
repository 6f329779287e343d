// Networks that lose and delay. Loss is a filter of the receiving sockets (socket(7),
// SO_ATTACH_FILTER) that drops packets at random, so that the kernel has to send them again; delay is
// a proxy that keeps everything for a while. TCP hides the order in which packets come.

import Glibc
import Model
import SharedState
import Synchronization
import Syscalls
import Testing

@testable import DataPlane

@Suite struct EngineLossTests {
    private static let lossPercent: UInt32 = 5
    private static var bodyBytes: Int { EngineLoad.isLong ? 24 << 20 : 8 << 20 }
    /// More than all buffers on the way take.
    private static let block = [UInt8](repeating: 7, count: 24 << 20)

    /// Answers with the body that it got, over a connection that loses, too.
    private static func mirror(losing: Bool) throws -> EngineOrigin {
        try EngineOrigin { connection in
            if losing { lose(lossPercent, of: connection.fd) }
            while let request = connection.takeMessage(within: 120) {
                connection.send(
                    "HTTP/1.1 200 OK\r\nContent-Length: \(request.body.count)\r\n\r\n")
                connection.send(request.body, within: 120)
            }
        }
    }

    /// The body that comes back is the one that was sent.
    private func exchange(_ client: EngineSocket, _ body: [UInt8]) throws {
        client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n\r\n")
        // Nobody wants to read so many bytes in a failure.
        let isSent = client.send(body, within: 120)
        #expect(isSent)
        let answer = client.takeMessage(within: 120)
        #expect(answer?.status == 200)
        let isSame = answer?.body == body
        #expect(isSame, "\(answer?.body.count ?? -1) of \(body.count) bytes")
    }

    /// N4: the client, the loop's side of the client and the server lose one packet in twenty.
    @Test(arguments: [1, 2]) func loss(loopCount: Int) throws {
        let origin = try Self.mirror(losing: true)
        var options = EngineHarness.Options()
        options.loopCount = loopCount
        let harness = try EngineHarness(origins: [origin.port], options)
        harness.lose(Self.lossPercent)
        // Before a client is there: it has ten seconds to begin, and a sanitizer is slow.
        let bodies = (EngineBodyTests.pattern(Self.bodyBytes), EngineBodyTests.pattern(50_000))
        let before = Self.sentAgain
        let start = ContinuousClock.now
        let client = try harness.connect()
        Self.lose(Self.lossPercent, of: client.fd)
        try exchange(client, bodies.0)
        // What comes over a connection that is used again.
        for _ in 0..<10 { try exchange(client, bodies.1) }
        let again = Self.sentAgain - before
        #expect(again > 0)
        #expect(origin.connectionCount == 1)
        print(
            "figure: \(Self.bodyBytes >> 20) MB each way in \(ContinuousClock.now - start), "
                + "\(again) packets sent again")
    }

    /// N4: 200 ms each way on both sides.
    @Test func delay() throws {
        let origin = try Self.mirror(losing: false)
        let far = try DelayingProxy(to: origin.port, milliseconds: 200)
        let harness = try EngineHarness(origins: [far.port])
        let near = try DelayingProxy(to: harness.port, milliseconds: 200)
        let body = EngineBodyTests.pattern(Self.bodyBytes / 4)
        let client = try EngineSocket.connect(port: near.port)
        let start = ContinuousClock.now
        try exchange(client, body)
        try exchange(client, EngineBodyTests.pattern(10))
        let took = ContinuousClock.now - start
        print("figure: \(Self.bodyBytes >> 22) MB and 10 bytes each way in \(took)")
        #expect(took > .milliseconds(1_600))
        #expect(origin.connectionCount == 1)
    }

    /// N2: peers of which nothing is heard and that hear nothing, as if the cable had been cut: before
    /// a request, in its head, in its body, and in a response. What they leave in memory is looked at in
    /// `ConnectionStateTests`.
    @Test func peersThatAreGone() throws {
        let origin = try EngineOrigin { connection in
            guard connection.takeHead() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(Self.block.count)\r\n\r\n")
            connection.send(Self.block, within: 5)
        }
        var options = EngineHarness.Options()
        options.timeouts.client = .milliseconds(600)
        options.timeouts.httpRequest = .milliseconds(600)
        options.timeouts.httpKeepAlive = .milliseconds(600)
        let harness = try EngineHarness(origins: [origin.port], options)
        let count = EngineLoad.isLong ? 2_000 : 40
        let clients = try (0..<count).map { number in
            let client = try harness.connect(receiveBytes: 4_096)
            switch number % 4 {
            case 0: break
            case 1: client.send("GET / HTTP/1.1\r\nHo")
            case 2: client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf")
            default:
                client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(client.takeHead()?.status == 200)
            }
            return client
        }
        for client in clients { Self.lose(100, of: client.fd) }
        for gauge in [LoopGauge.clientConnections, .exchangesInFlight, .upstreamIdle] {
            #expect(harness.gauge(gauge, becomes: 0, within: 20))
        }
        #expect(harness.connections(of: 0) { $0.open == 0 })
        withExtendedLifetime(clients) {}
    }

    /// N2: whoever does not acknowledge what it was sent is gone by the bind's `user_timeout`, long
    /// before any timeout of ours; of who was sent nothing nobody knows.
    @Test func peersThatAcknowledgeNothing() throws {
        let origin = try EngineOrigin { connection in
            while let request = connection.takeHead() {
                let isLong = request.startLine.contains("/long")
                // Long enough for the peer to be gone.
                if !isLong { usleep(300_000) }
                let body = isLong ? Self.block : [1]
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n")
                connection.send(body, within: 5)
            }
        }
        var options = EngineHarness.Options()
        options.timeouts.client = .seconds(300)
        options.timeouts.httpRequest = .seconds(300)
        options.timeouts.httpKeepAlive = .seconds(300)
        options.userTimeout = .milliseconds(500)
        let harness = try EngineHarness(origins: [origin.port], options)
        let targets = ["/long", "/short", nil]
        let clients = try (0..<12).map { number in
            let client = try harness.connect(receiveBytes: 4_096)
            guard let target = targets[number % 3] else { return client }
            client.send("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
            if target == "/long" { #expect(client.takeHead()?.status == 200) }
            return client
        }
        for client in clients { Self.lose(100, of: client.fd) }
        #expect(harness.gauge(.clientConnections, becomes: 4, within: 20))
        #expect(harness.gauge(.exchangesInFlight, becomes: 0))
        withExtendedLifetime(clients) {}
    }

    /// Segments that were sent again on this machine (proc(5), net/snmp).
    private static var sentAgain: Int {
        guard let file = unsafe fopen("/proc/self/net/snmp", "r") else { return 0 }
        defer { unsafe fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { unsafe free(line) }
        var names: [Substring] = []
        while unsafe getline(&line, &capacity, file) > 0 {
            guard let text = unsafe line.map({ unsafe String(cString: $0) }),
                text.hasPrefix("Tcp: ")
            else { continue }
            let words = text.split { $0 == " " || $0 == "\n" }
            if names.isEmpty {
                names = words
            } else if let place = names.firstIndex(of: "RetransSegs") {
                return Int(words[place]) ?? 0
            }
        }
        return 0
    }

    /// From now on the socket, or what it accepts, loses that share of the packets that it gets.
    static func lose(_ percent: UInt32, of fd: Int32) {
        // Linux's struct sock_filter: code, jt, jf, k, as one word each; linux/filter.h.
        let random: UInt64 = 0x20 | 0xFFFF_F038 << 32
        let isBelow: UInt64 =
            0x35 | 0 << 16 | 1 << 24 | UInt64(UInt32.max / 100 * min(percent, 100)) << 32
        let take: UInt64 = 0x06 | 0xFFFF_FFFF << 32
        let drop: UInt64 = 0x06
        var program = [random, isBelow, take, drop]
        let result = unsafe program.withUnsafeMutableBytes { filter in
            // SAFETY: struct sock_fprog is a length and a pointer; the callee copies both during
            // the call.
            unsafe withUnsafeTemporaryAllocation(byteCount: 16, alignment: 8) { header in
                unsafe header.storeBytes(of: 4, toByteOffset: 0, as: UInt64.self)
                unsafe header.storeBytes(
                    of: UInt64(UInt(bitPattern: filter.baseAddress)), toByteOffset: 8,
                    as: UInt64.self)
                return unsafe setsockopt(
                    fd, SOL_SOCKET, SO_ATTACH_FILTER, header.baseAddress, 16)
            }
        }
        #expect(result == 0)
    }
}

extension EngineHarness {
    /// Connections that are accepted from now on lose that share of the packets that they get.
    func lose(_ percent: UInt32) { EngineLossTests.lose(percent, of: listener) }
}

/// Passes everything on so much later.
final class DelayingProxy: Sendable {
    private let origin: EngineOrigin
    var port: UInt16 { origin.port }

    init(to port: UInt16, milliseconds: UInt32) throws {
        origin = try EngineOrigin { client in
            guard let server = try? EngineSocket.connect(port: port) else { return }
            let isOver = Flag()
            try? Thread.start(name: "back") {
                Self.pass(server, client, milliseconds)
                isOver.set()
            }
            Self.pass(client, server, milliseconds)
            Wait.until(60) { isOver.isSet }
        }
    }

    private static func pass(_ from: EngineSocket, _ to: EngineSocket, _ milliseconds: UInt32) {
        while let bytes = from.takeSome(within: 60) {
            usleep(milliseconds * 1_000)
            // What came meanwhile waits as long.
            guard to.send(bytes, within: 60) else { break }
        }
        to.endSending()
    }
}
