// Many connections at once: none is refused, and all loops have their part of them.

internal import Foundation
internal import Synchronization
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(5))) struct BurstTests {
        /// N1. In the long form as many as 20,000 descriptors allow.
        @Test(arguments: [(1, 4), (2, 2)])
        func aBurstIsTakenAndShared(workerCount: Int, threadCount: Int) throws {
            let count = isLongRun ? 18_000 : 2_000
            let port = try FreePort.lease()
            var configuration = TestConfiguration(port: port, body: "here")
            configuration.process["workers"] = "\(workerCount)"
            configuration.process["threads"] = "\(threadCount)"
            // None of them needs a server.
            configuration.process["max_connections"] = "20000"
            configuration.timeouts = ["http_keep_alive": "5m", "http_request": "5m"]
            let apus = try ApusInstance(configuration)
            let workers = try apus.servingPids.map { ProcessInspection(pid: $0) }
            #expect(workers.count == workerCount)
            func shares() -> [Int] { workers.flatMap(\.polledCounts).sorted().reversed() }
            let before = shares()

            let clients = Mutex<[HTTPClient]>([])
            let (refused, wrong) = (Counter(), Counter())
            let start = Elapsed()
            let threads = Threads()
            for _ in 0..<10 {
                threads.start {
                    for _ in 0..<(count / 10) {
                        guard let client = try? HTTPClient(port: port) else {
                            refused.add()
                            continue
                        }
                        try? client.send("GET", "/")
                        clients.withLock { $0.append(client) }
                    }
                }
            }
            try threads.join(within: 120)
            let connected = start.milliseconds
            for client in clients.withLock({ $0 }) {
                if (try? client.response(within: 20))?.text != "here" { wrong.add() }
            }
            #expect(refused.value == 0 && wrong.value == 0)
            // What a loop watches besides clients, each has.
            let own = before.min() ?? 0
            let counts = shares().prefix(workerCount * threadCount).map { $0 - own }
            report(
                "\(count) connections in \(connected) ms, answered after \(start.milliseconds) ms; "
                    + "\(workerCount) workers of \(threadCount) loops have \(Array(counts))")
            let (most, least) = (counts.max() ?? 0, counts.min() ?? 0)
            #expect(counts.reduce(0, +) >= count)
            // They look at each other's counts, which move on meanwhile.
            #expect(least > 0 && most <= least * 2)
            clients.withLock { $0.removeAll() }
            withExtendedLifetime(apus) {}
        }

        /// Clients that come one after the other and stay: the kernel would give nearly all of them to
        /// whichever worker it wakes first.
        @Test func thoseThatStayAreShared() throws {
            let count = 1_000
            let port = try FreePort.lease()
            var configuration = TestConfiguration(port: port, body: "here")
            configuration.process["workers"] = "3"
            configuration.process["threads"] = "1"
            configuration.timeouts = ["http_keep_alive": "5m"]
            let apus = try ApusInstance(configuration)
            let workers = try apus.servingPids.map { ProcessInspection(pid: $0) }
            let before = workers.map(\.descriptors.count)
            let clients = try (0..<count).map { _ in
                let client = try HTTPClient(port: port)
                #expect(try client.exchange("GET", "/").text == "here")
                return client
            }
            let shares = zip(workers, before).map { $0.descriptors.count - $1 }
            report("\(count) clients, who come one by one, are shared as \(shares.sorted())")
            #expect(shares.reduce(0, +) >= count)
            #expect(Double(shares.max() ?? 0) <= 1.5 * Double(shares.min() ?? 0))
            withExtendedLifetime(clients) {}
        }
    }
}
