// Clients that hold on to what they can get, and clients that want very much, beside others that
// want little: their answers are asserted, their times are reported; the design's figures are
// asserted in the long form.

internal import Foundation
internal import Synchronization
internal import TestKit
internal import Testing

/// A server that has no end of bytes for whoever asks.
private final class EndlessServer: Sendable {
    let port: Int
    private let listener: TestSocket
    private let threads = Threads()
    private let stopped = OnceFlag()

    init() throws {
        listener = try TestSocket.listen()
        port = listener.localPort
        threads.start { [self] in
            while !stopped.isSet {
                guard let socket = listener.accept(within: 0.2) else { continue }
                threads.start { [self] in pour(socket) }
            }
        }
    }

    private func pour(_ socket: TestSocket) {
        let block = [UInt8](repeating: 7, count: 1 << 18)
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n"
        guard (try? socket.receive(within: 60)) != nil, (try? socket.send(head)) != nil else {
            return
        }
        while !stopped.isSet, (try? socket.send(block, within: 60)) != nil {}
        socket.close()
    }

    func stop() { stopped.set() }
}

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(10))) struct UnfairClientTests {
        private struct Setting {
            let server: EchoServer
            let endless: EndlessServer
            let port: Int
            let endlessPort: Int
            let apus: ApusInstance

            init() throws {
                server = try EchoServer()
                endless = try EndlessServer()
                (port, endlessPort) = (try FreePort.lease(), try FreePort.lease())
                var configuration = TestConfiguration(port: port, serverPort: server.port)
                configuration.timeouts = ["http_request": "2s", "client": "2s"]
                configuration.frontends["endless"] =
                    "{bind: \"127.0.0.1:\(endlessPort)\", backend: endless}"
                configuration.backends["endless"] =
                    "{servers: {one: {address: \"127.0.0.1:\(endless.port)\"}}}"
                apus = try ApusInstance(configuration)
            }

            /// Milliseconds of 1,000 small requests by four clients (20,000 in the long form),
            /// sorted; all were answered.
            func small() throws -> [Double] {
                let each = isLongRun ? 5_000 : 250
                let times = Mutex<[Double]>([])
                let threads = Threads()
                for _ in 0..<4 {
                    threads.start {
                        let client = try? HTTPClient(port: port)
                        for _ in 0..<each {
                            let request = Elapsed()
                            let answer = try? client?.exchange("GET", "/small", within: 20)
                            guard answer?.text == "/small" else { return }
                            times.withLock { $0.append(request.milliseconds) }
                        }
                    }
                }
                try threads.join(within: 60)
                let sorted = times.withLock { $0.sorted() }
                #expect(sorted.count == 4 * each)
                return sorted
            }
        }

        private static func p99(_ times: [Double]) -> Double {
            times.isEmpty ? 0 : times[times.count * 99 / 100]
        }

        private static func median(_ times: [Double]) -> Double {
            times.isEmpty ? 0 : times[times.count / 2]
        }

        /// H8: heads and bodies that come byte by byte, bodies and responses that stop.
        @Test func slowClientsEndByTheirDeadline() throws {
            let count = isLongRun ? 5_000 : 200
            let setting = try Setting()
            let worker = ProcessInspection(pid: try #require(try setting.apus.servingPids.first))
            let before = worker.descriptors.count
            let alone = try setting.small()
            let start = Elapsed()
            let attackers = try (0..<count).map { number in
                // Of those who take nothing, who cost the kernel megabytes, there are fewer.
                let takesNothing = number % 10 == 0
                let socket = try TestSocket.connect(
                    port: takesNothing ? setting.endlessPort : setting.port,
                    receiveBufferBytes: takesNothing ? 4_096 : nil)
                let head = "POST /upload HTTP/1.1\r\nHost: a\r\n"
                try socket.send(
                    takesNothing
                        ? "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
                        : number % 4 == 0 ? head : head + "Content-Length: 1000\r\n\r\nhalf")
                return socket
            }
            let opened = start.milliseconds
            let stopped = OnceFlag()
            let drip = Threads()
            drip.start {
                while !stopped.isSet {
                    for number in attackers.indices where number % 2 == 0 && number % 10 != 0 {
                        try? attackers[number].send("x")
                    }
                    Thread.sleep(forTimeInterval: 0.2)
                }
            }
            let during = try setting.small()
            try eventually("the slow clients to be gone", within: 20) {
                worker.descriptors.count <= before + 24
            }
            let gone = start.milliseconds
            stopped.set()
            try drip.join()
            report(
                "p99 \(Self.p99(alone)) ms alone, \(Self.p99(during)) ms beside \(count) slow clients, "
                    + "who came within \(opened) ms and were gone after \(gone) ms")
            #expect(gone > 1_900)
            if isLongRun { #expect(Self.p99(during) <= Self.p99(alone) * 2) }
            setting.endless.stop()
            withExtendedLifetime(attackers) {}
        }

        /// N8: four who take some hundred megabytes a second together. More would show who gets the
        /// machine's cores, of which the tools of this test want some, too.
        @Test func theSmallLiveBesideTheLarge() throws {
            let setting = try Setting()
            let alone = try setting.small()
            let stopped = OnceFlag()
            let taken = Counter()
            let large = Threads()
            for _ in 0..<4 {
                large.start {
                    guard let socket = try? TestSocket.connect(port: setting.endlessPort),
                        (try? socket.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")) != nil
                    else { return }
                    while !stopped.isSet, let bytes = try? socket.receive(max: 1 << 18) {
                        taken.add(bytes.count)
                        Thread.sleep(forTimeInterval: 0.003)
                    }
                }
            }
            try eventually("the large to take") { taken.value > 10_000_000 }
            let (start, before) = (Elapsed(), taken.value)
            let beside = try setting.small()
            let rate = Double(taken.value - before) / start.milliseconds / 1_000
            stopped.set()
            try large.join()
            setting.endless.stop()
            report(
                "p99 \(Self.p99(alone)) ms alone, \(Self.p99(beside)) ms beside four who take "
                    + "\(rate) MB/s; median \(Self.median(alone)) and \(Self.median(beside)) ms")
            #expect(Self.p99(beside) < 5_000)
            // The p99 is that of the tools, which have the same cores.
            if isLongRun { #expect(Self.median(beside) <= Self.median(alone) * 2) }
        }
    }
}
