// The limit of a server over processes: two generations overlap, a worker dies, and the server never
// has more than its limit, nor does anybody who waits stay behind.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(30))) struct QueueTests {
        private static let limit = 8

        private struct Setting {
            let server: EchoServer
            let port: Int
            let apus: ApusInstance

            init() throws {
                server = try EchoServer()
                port = try FreePort.lease()
                var configuration = TestConfiguration(port: port, serverPort: server.port)
                configuration.process["threads"] = "2"
                configuration.process["max_reloads"] = "50"
                configuration.timeouts["queue"] = "20s"
                configuration.backends["echo"] = """
                    {queue: {max: 2000}, servers: {one: {address: "127.0.0.1:\(server.port)",
                    max_connections: \(QueueTests.limit)}}}
                    """.replacing("\n", with: " ")
                apus = try ApusInstance(configuration)
            }

            /// Clients that ask without a pause, until told to stop.
            func crowd(
                _ count: Int, until stopped: OnceFlag, good: Counter, bad: Counter
            ) -> Threads {
                let threads = Threads()
                for number in 0..<count {
                    threads.start {
                        while !stopped.isSet {
                            let client = try? HTTPClient(port: port)
                            for _ in 0..<(1 + number % 4) where !stopped.isSet {
                                let answer = try? client?.exchange(
                                    "GET", "/delay/3", within: 25)
                                if answer?.status == 200 { good.add() } else { bad.add() }
                                // Of a worker that leaves.
                                if answer?["connection"] == "close" { break }
                            }
                        }
                    }
                }
                return threads
            }

            func metric(_ name: String) throws -> Double? {
                let text = String(decoding: try apus.get("/metrics").body, as: UTF8.self)
                return text.split(separator: "\n").first { $0.hasPrefix(name + "{") }
                    .flatMap { $0.split(separator: " ").last }.flatMap { Double($0) }
            }

            func expectNothingHeld() throws {
                try eventually("all permits free and no one in line", within: 10) {
                    try metric("apus_server_permits_in_use") == 0
                        && metric("apus_queue_length") == 0
                }
                let answer = try HTTPClient(port: port).exchange("GET", "/delay/1")
                #expect(answer.status == 200)
            }
        }

        /// Q1: a reload each second for a minute, and 500 clients, with `make soak`.
        @Test func theLimitHoldsWhileGenerationsOverlap() throws {
            let setting = try Setting()
            let (good, bad) = (Counter(), Counter())
            let stopped = OnceFlag()
            let threads = setting.crowd(
                isLongRun ? 500 : 60, until: stopped, good: good, bad: bad)
            for _ in 0..<(isLongRun ? 60 : 6) {
                #expect(try setting.apus.reload().status == 200)
                Thread.sleep(forTimeInterval: isLongRun ? 1 : 0.3)
            }
            stopped.set()
            try threads.join(within: 60)
            #expect(bad.value == 0 && good.value > 0)
            #expect(setting.server.mostDelayed == Self.limit)
            try setting.expectNothingHeld()
            report("\(good.value) requests, \(setting.server.mostDelayed) at once at most")
        }

        /// What a worker held that is killed comes back, each time: to those who wait elsewhere and
        /// to those who come.
        @Test func aKilledWorkerHoldsNothing() throws {
            let setting = try Setting()
            for round in 0..<(isLongRun ? 50 : 4) {
                let (good, bad) = (Counter(), Counter())
                let stopped = OnceFlag()
                let threads = setting.crowd(40, until: stopped, good: good, bad: bad)
                // Another generation waits for the same permits.
                if round % 2 == 1 { #expect(try setting.apus.reload().status == 200) }
                try eventually("a queue") { good.value > 40 }
                let pid = try #require(try setting.apus.servingPids.first)
                kill(Int32(pid), SIGKILL)
                try eventually("another worker", within: 20) {
                    try setting.apus.servingPids.first.map { $0 != pid } == true
                }
                let before = good.value
                try eventually("requests to be answered on", within: 20) {
                    good.value > before + 40
                }
                stopped.set()
                try threads.join(within: 60)
                try setting.expectNothingHeld()
            }
        }
    }
}
