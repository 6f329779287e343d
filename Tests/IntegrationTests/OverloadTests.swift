// More to do than servers to do it: what they can do is done, the rest is told at once to come
// again, and whoever waits costs nothing. Service times make the capacity, not this machine. Times
// are reported; the design's figures are asserted in the long form.

internal import Foundation
internal import Synchronization
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(5))) struct OverloadTests {
        private static let limit = 8
        private static let serviceMilliseconds = 50

        private struct Setting {
            let server: EchoServer
            let port: Int
            let apus: ApusInstance

            /// - Parameter queue: of the backend, in flow style.
            init(queue: String, limit: Int = OverloadTests.limit, check: String? = nil) throws {
                server = try EchoServer(port: FreePort.lease())
                port = try FreePort.lease()
                var configuration = TestConfiguration(port: port, serverPort: server.port)
                configuration.backends["echo"] = """
                    {\(check.map { "check: \($0), " } ?? "")queue: \(queue), servers: {one:
                    {address: "127.0.0.1:\(server.port)", max_connections: \(limit)}}}
                    """.replacing("\n", with: " ")
                apus = try ApusInstance(configuration)
            }

            var worker: ProcessInspection {
                get throws {
                    ProcessInspection(pid: try #require(try apus.servingPids.first))
                }
            }

            /// How much of a second the worker computes meanwhile, in percent.
            func load(over seconds: Double) throws -> Double {
                let worker = try worker
                let before = worker.cpuTicks
                Thread.sleep(forTimeInterval: seconds)
                return Double(worker.cpuTicks - before) / seconds
            }
        }

        /// What clients got.
        private final class Tally: Sendable {
            private let state = Mutex((times: [Double](), shed: 0, wrong: [String]()))

            func note(_ answer: HTTPResponse?, _ milliseconds: Double) {
                state.withLock { state in
                    if answer?.status == 200 {
                        state.times.append(milliseconds)
                    } else if answer?.status == 503, answer?["retry-after"] == "1" {
                        state.shed += 1
                    } else {
                        state.wrong.append(answer?.description ?? "no answer")
                    }
                }
            }

            /// Of those that were served, sorted.
            var times: [Double] { state.withLock { $0.times.sorted() } }
            var shed: Int { state.withLock { $0.shed } }
            var wrong: [String] { state.withLock { $0.wrong } }
        }

        /// Clients that ask each so many milliseconds, or at once if they are late.
        private func play(
            clients: Int, eachMilliseconds: Double, seconds: Double, at setting: Setting
        ) throws -> Tally {
            let tally = Tally()
            let threads = Threads()
            for number in 0..<clients {
                threads.start {
                    let start = Elapsed()
                    var due = eachMilliseconds * Double(number) / Double(clients)
                    var client: HTTPClient?
                    while due < seconds * 1_000 {
                        Thread.sleep(forTimeInterval: max(0, due - start.milliseconds) / 1_000)
                        due = max(due + eachMilliseconds, start.milliseconds)
                        let request = Elapsed()
                        client = try? client ?? HTTPClient(port: setting.port)
                        let answer = try? client?.exchange(
                            "GET", "/delay/\(OverloadTests.serviceMilliseconds)", within: 20)
                        tally.note(answer, request.milliseconds)
                        if answer?["connection"] == "close" { client = nil }
                    }
                }
            }
            // Nobody is stuck.
            try threads.join(within: seconds + 25)
            return tally
        }

        /// Q6: five times what the server can do.
        @Test func whatCanBeDoneIsDone() throws {
            let seconds = isLongRun ? 30.0 : 2
            let setting = try Setting(queue: "{max: 8, timeout: 100ms}")
            let peak = try play(
                clients: 12, eachMilliseconds: 0, seconds: seconds / 2, at: setting)
            let capacity = Double(Self.limit * 1_000 / Self.serviceMilliseconds)
            let each = 150.0
            let clients = Int(capacity * 5 * each / 1_000)
            let loaded = try play(
                clients: clients, eachMilliseconds: each, seconds: seconds, at: setting)
            #expect(peak.wrong.isEmpty && loaded.wrong.isEmpty, "\(loaded.wrong.first ?? "")")
            let (most, good) = (
                Double(peak.times.count) / seconds * 2, Double(loaded.times.count) / seconds
            )
            let p99 = loaded.times[loaded.times.count * 99 / 100]
            report(
                "\(most) requests a second at most, \(good) of "
                    + "\(Double(loaded.times.count + loaded.shed) / seconds) when too many come, "
                    + "p99 \(p99) ms; the others got 503")
            #expect(good > most * (isLongRun ? 0.9 : 0.75))
            #expect(loaded.shed > loaded.times.count)
            #expect(setting.server.mostDelayed == Self.limit)
        }

        /// Q3: everybody waits, then everybody is told so; the worker sleeps meanwhile.
        @Test func waitingCostsNothing() throws {
            let setting = try Setting(queue: "{max: 1000, timeout: 1500ms}", limit: 1)
            let holder = try HTTPClient(port: setting.port)
            try holder.send("GET", "/delay/2600")
            try eventually("a full server") { setting.server.mostDelayed == 1 }
            let start = Elapsed()
            let clients = try (0..<200).map { _ in
                let client = try HTTPClient(port: setting.port)
                let sent = start.milliseconds
                try client.send("GET", "/x")
                return (client, sent: sent)
            }
            let load = try setting.load(over: 1)
            let answers = try clients.map { client, sent in
                (try client.response(within: 10), late: start.milliseconds - sent - 1_500)
            }
            #expect(answers.allSatisfy { $0.0.status == 503 && $0.0["retry-after"] == "1" })
            let late = answers.map(\.late).sorted()
            report(
                "200 clients wait at \(load) % of a core; 503 comes \(late[100]) ms late (median), "
                    + "at most \(late[199])")
            #expect(load < 20)
            // The worker's clock has milliseconds, and stands still while it looks at others.
            #expect(late[0] > -10)
            #expect(late[199] < 1_000)
            if isLongRun { #expect(late[100] <= 50) }
            #expect(try holder.response(within: 10).status == 200)
        }

        /// Q3: no server is there, and when it is again.
        @Test func aServerComesBack() throws {
            let setting = try Setting(
                queue: "{max: 10}",
                check: "{http: {path: /health}, interval: 300ms, fast_interval: 300ms, "
                    + "down_interval: 300ms, rise: 1, fall: 1}")
            try eventually("the server to be up") {
                try HTTPClient(port: setting.port).exchange().status == 200
            }
            setting.server.stop()
            func answer() throws -> String {
                let answer = try HTTPClient(port: setting.port).exchange(within: 20)
                return "\(answer.status) \(answer.text)"
            }
            try eventually("the server to be down") { try answer().contains("no-server") }
            let load = try setting.load(over: 1)
            let refused = Elapsed()
            for _ in 0..<20 { #expect(try answer().contains("no-server")) }
            let each = refused.milliseconds / 20
            let again = try EchoServer(port: setting.server.port)
            let start = Elapsed()
            try eventually("the server to serve again") { try answer().hasPrefix("200") }
            let took = start.milliseconds
            report(
                "\(load) % of a core while no server is there, 503 in \(each) ms, "
                    + "served \(took) ms after it was back")
            #expect(load < 20)
            #expect(took < 3_000)
            // An interval, and what its check and the next look of ours take.
            if isLongRun { #expect(took < 300 + 50) }
            again.stop()
        }
    }
}
