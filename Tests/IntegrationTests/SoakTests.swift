// Half an hour of everything at once, with `make soak`: nothing that is kept may grow, neither in a
// worker that serves all the time nor in a master that reloads all the time.

internal import Foundation
internal import Synchronization
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(60))) struct SoakTests {
        private static var seconds: Double { isLongRun ? 1_800 : 8 }
        /// Of half a phase. What a start-up leaves behind weighs more in a short run.
        private static var growthKiB: Int { isLongRun ? 1_024 : 6_144 }

        private let directory: TemporaryDirectory
        private let servers: [EchoServer]
        private let port: Int
        private let apus: ApusInstance

        init() throws {
            directory = try TemporaryDirectory()
            servers = [try EchoServer(), try EchoServer()]
            port = try FreePort.lease()
            var configuration = TestConfiguration(port: port, serverPort: servers[0].port)
            configuration.accessLog = directory.path("access.log")
            configuration.frontends["main"] = """
                {bind: "127.0.0.1:\(port)", headers: {response: {set: {X-Served-By: apus}}},
                routes: [{rate_limit: {use: client}}, {backend: echo}]}
                """.replacing("\n", with: " ")
            let members = zip(["a", "b"], servers).map {
                "\($0): {address: \"127.0.0.1:\($1.port)\", max_connections: 4}"
            }
            configuration.backends["echo"] = """
                {balance: peak_ewma, reuse: {max_idle: 8},
                stickiness: {table: {key: "header:X-User", entries: 1k}},
                check: {tcp: {}, interval: 1s}, queue: {max: 100},
                servers: {\(members.joined(separator: ", "))}}
                """.replacing("\n", with: " ")
            configuration.more = "rate_limits: {client: {rate: 100000/s, burst: 1000}}"
            apus = try ApusInstance(configuration)
        }

        @Test func nothingGrows() throws {
            let (good, others) = (Counter(), Failures())
            let stopped = OnceFlag()
            let threads = Threads()
            for number in 0..<12 {
                threads.start { play(number, until: stopped, good: good, others: others) }
            }
            let worker = try #require(try apus.servingPids.first)
            let served = try watch(ProcessInspection(pid: worker), for: Self.seconds * 0.6)
            let reloaded = try watch(apus.inspection, for: Self.seconds * 0.4) { round in
                guard round % 5 == 0 else { return }
                let answer = try apus.reload()
                #expect(answer.status == 200)
            }
            stopped.set()
            try threads.join(within: 40)
            report(
                "\(good.value) answers, others \(others); worker \(served), "
                    + "master over reloads \(reloaded)"
            )
            #expect(others.isEmpty && good.value > 100, "\(lostLines())")
            #expect(served.growthKiB < Self.growthKiB && served.moreDescriptors < 20)
            #expect(reloaded.growthKiB < 4 * Self.growthKiB && reloaded.moreDescriptors < 20)
        }

        /// What the access log says of answers that were no 200.
        private func lostLines() -> String {
            let log =
                (try? String(contentsOfFile: directory.path("access.log"), encoding: .utf8)) ?? ""
            return log.split(separator: "\n").lazy.filter { !$0.contains("\"status\":200") }
                .prefix(20).joined(separator: "\n")
        }

        /// Connections of a few requests and of many, GET and POST, never in a hurry.
        private func play(
            _ number: Int, until stopped: OnceFlag, good: Counter, others: Failures
        ) {
            var round = number
            while !stopped.isSet {
                guard let client = try? HTTPClient(port: port) else {
                    others.note("connect")
                    continue
                }
                for _ in 0..<(1 + number * 4) where !stopped.isSet {
                    round += 1
                    let body = round % 3 == 0 ? Array(repeating: UInt8(65), count: 2_000) : nil
                    do {
                        let answer = try client.exchange(
                            body == nil ? "GET" : "POST", "/echo",
                            fields: ["X-User: \(number)-\(round % 5_000)"], body: body, within: 20)
                        guard answer.status == 200 else {
                            others.note("\(answer.status)")
                            break
                        }
                        good.add()
                        if answer["connection"] == "close" { break }
                    } catch {
                        others.note("\(body == nil ? "GET" : "POST"): \(error)")
                        break
                    }
                    Thread.sleep(forTimeInterval: 0.01)
                }
            }
        }

        /// A sample each second.
        private func watch(
            _ process: ProcessInspection, for seconds: Double,
            _ step: (Int) throws -> Void = { _ in }
        ) throws -> Growth {
            var growth = Growth()
            let deadline = Deadline(seconds: seconds)
            var round = 0
            while !deadline.isOver {
                Thread.sleep(forTimeInterval: min(1, seconds / 8))
                round += 1
                try step(round)
                growth.note(process.residentKiB, process.descriptors.count)
            }
            return growth
        }
    }
}

/// What went wrong, each kind with its count.
private final class Failures: Sendable, CustomStringConvertible {
    private let kinds = Mutex<[String: Int]>([:])

    var isEmpty: Bool { kinds.withLock(\.isEmpty) }
    var description: String { "\(kinds.withLock { $0 })" }

    func note(_ kind: String) {
        kinds.withLock { if $0.count < 50 || $0[kind] != nil { $0[kind, default: 0] += 1 } }
    }
}

/// From the first half of a time to the second, a warm-up left aside.
private struct Growth: CustomStringConvertible {
    private var memory: [Int] = []
    private var descriptors: [Int] = []

    mutating func note(_ kibibytes: Int, _ count: Int) {
        memory.append(kibibytes)
        descriptors.append(count)
    }

    var growthKiB: Int { Self.growth(memory) }
    var moreDescriptors: Int { Self.growth(descriptors) }
    var description: String {
        "\(memory.first ?? 0) to \(memory.last ?? 0) KiB (\(growthKiB)), "
            + "\(moreDescriptors) descriptors more"
    }

    private static func growth(_ samples: [Int]) -> Int {
        let settled = samples.dropFirst(samples.count / 5)
        let middle = settled.count / 2
        return median(settled.suffix(settled.count - middle)) - median(settled.prefix(middle))
    }

    private static func median(_ samples: ArraySlice<Int>) -> Int {
        let sorted = samples.sorted()
        return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }
}
