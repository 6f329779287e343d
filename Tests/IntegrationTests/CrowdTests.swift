// A crowd at the admin socket: thousands who watch and hundreds who are slow. What counts is that
// the supervisor is not late, the data path does not notice, and the operator gets in.

internal import Foundation
internal import Glibc
internal import Synchronization
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(3))) struct CrowdTests {
        @Test func watchersAndSlowClientsDisturbNobody() throws {
            let room = Self.raiseDescriptorLimit() - 500
            let watcherCount = min(isLongRun ? 10_000 : 2500, room * 9 / 10)
            let slowCount = min(isLongRun ? 1000 : 250, room / 10)
            let port = try FreePort.lease()
            let apus = try ApusInstance(TestConfiguration(port: port, body: "x"))
            let before = try Load(apus)
            let traffic = Traffic(port: port)

            let connecting = Elapsed()
            let slow = try SlowClients(apus, count: slowCount)
            let watchers = try Self.watch(apus, count: watcherCount)
            report(
                "\(watcherCount) watchers and \(slowCount) slow clients came in "
                    + "\(Int(connecting.milliseconds)) ms")
            let crowded = try Load(apus)
            #expect(crowded.metrics["apus_event_watchers"] == Double(watcherCount))
            #expect(crowded.metrics[#"apus_admin_connections_closed_total{reason="refused"}"#] == 0)
            let kibibytes =
                Double(crowded.residentKiB - before.residentKiB)
                / Double(watcherCount + slowCount)
            report("a connection with a watcher costs \(Int(kibibytes)) KiB")
            #expect(kibibytes < 128)

            for round in 1...3 {
                try slow.sendAByte()
                let elapsed = Elapsed()
                #expect(try apus.reload().status == 200)
                report("reload \(round) took \(Int(elapsed.milliseconds)) ms")
                #expect(try apus.get("/healthz").status == 200)
            }
            for client in slow.patient { #expect(client.isReadable(within: 30)) }
            // Each of them is told, sooner or later.
            var bytes = 0
            for watcher in watchers {
                bytes += try Self.read(watcher, until: "\"to_generation\":4")
            }
            report("the watchers read \(bytes / 1024) KiB")
            let after = try Load(apus)
            #expect(
                Double(after.residentKiB - before.residentKiB)
                    < 128 * Double(watcherCount + slowCount))
            let verdict = try traffic.stop()
            #expect(verdict.failures == [])
            report(
                "\(verdict.count) requests meanwhile, the slowest took "
                    + "\(Int(verdict.longestMilliseconds)) ms")
            let delays = after.delays(since: before)
            report(
                "the master's loop was late by more than 50 ms \(delays.late) of "
                    + "\(delays.all) times, at most by "
                    + "\(Int((after.metrics["apus_master_tick_delay_max_seconds"] ?? 0) * 1000)) ms"
            )
            #expect(try apus.servingGeneration == 4)
            withExtendedLifetime(slow) {}
        }

        /// Connections without a request make room for one with a request.
        @Test func idleClientsCannotLockTheOperatorOut() throws {
            let apus = try ApusInstance(
                TestConfiguration(port: try FreePort.lease(), body: "x"),
                descriptorLimit: 600)
            let idle = try (0..<700).map { _ in try TestSocket.connect(path: apus.socketPath) }
            #expect(try apus.reload().status == 200)
            #expect(try apus.get("/healthz").status == 200)
            let metrics = try ObservabilityTests.metrics(apus)
            #expect(metrics[#"apus_admin_connections_closed_total{reason="shed"}"#] ?? 0 >= 300)
            #expect(metrics[#"apus_admin_connections_closed_total{reason="refused"}"#] == 0)
            withExtendedLifetime(idle) {}
        }

        private static func watch(_ apus: ApusInstance, count: Int) throws -> [TestSocket] {
            let request = HTTPClient.request(
                "GET", "/v1/events?type=reload.succeeded", host: "localhost",
                fields: ["Accept: application/x-ndjson"])
            let watchers = try (0..<count).map { _ in
                let socket = try TestSocket.connect(path: apus.socketPath, within: 30)
                try socket.send(request)
                return socket
            }
            for watcher in watchers { _ = try read(watcher, until: "\r\n\r\n") }
            return watchers
        }

        /// How much came up to that text.
        private static func read(_ socket: TestSocket, until wanted: String) throws -> Int {
            var text = ""
            var count = 0
            while !text.contains(wanted) {
                let bytes = try socket.receive(within: 30)
                if bytes.isEmpty { throw ResponseFailure.endedInside(wasReset: false) }
                count += bytes.count
                text += String(decoding: bytes, as: UTF8.self)
            }
            return count
        }

        private static func raiseDescriptorLimit() -> Int {
            var limit = rlimit()
            // SAFETY: both calls use the struct during the call only.
            guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
                return 1024
            }
            limit.rlim_cur = limit.rlim_max
            _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            return Int(clamping: limit.rlim_cur)
        }
    }

    /// What the master says of itself at one moment.
    private struct Load {
        var metrics: [String: Double]
        var residentKiB: Int

        init(_ apus: ApusInstance) throws {
            metrics = try ObservabilityTests.metrics(apus)
            residentKiB = apus.inspection.residentKiB
        }

        func delays(since earlier: Load) -> (all: Int, late: Int) {
            let name = "apus_master_tick_delay_seconds"
            let count = { (key: String) in
                Int((metrics[key] ?? 0) - (earlier.metrics[key] ?? 0))
            }
            let all = count("\(name)_count")
            return (all, all - count(#"\#(name)_bucket{le="0.05"}"#))
        }
    }

    /// Clients that say nothing, half a request, or much without reading an answer, and some that
    /// wait for a change.
    private final class SlowClients {
        private let silent: [TestSocket]
        private let halting: [TestSocket]
        private let deaf: [TestSocket]
        let patient: [TestSocket]
        private var sentBytes = 0

        init(_ apus: ApusInstance, count: Int) throws {
            let connect = { (_: Int) in try TestSocket.connect(path: apus.socketPath, within: 30) }
            silent = try (0..<count / 4).map(connect)
            halting = try (0..<count / 4).map(connect)
            deaf = try (0..<count / 4).map(connect)
            patient = try (0..<(count - count / 4 * 3)).map(connect)
            let sequence = try apus.get("/v1/generations").json["seq"].int ?? 0
            let poll = HTTPClient.request(
                "GET", "/v1/generations?limit=1&wait=60s&since=\(sequence)", host: "localhost")
            for socket in patient { try socket.send(poll) }
            let index = HTTPClient.request("GET", "/v1/openapi.json", host: "localhost")
            for socket in deaf { try socket.send((0..<20).flatMap { _ in index }) }
            try sendAByte()
        }

        func sendAByte() throws {
            let request = Array("GET /v1/status HTTP/1.1\r\nHost: localhost\r\n".utf8)
            for socket in halting { try socket.send([request[sentBytes]]) }
            sentBytes += 1
        }
    }

    /// A client of the data path that asks all the time.
    private final class Traffic: Sendable {
        struct Verdict: Sendable {
            var count = 0
            var longestMilliseconds = 0.0
            var failures: [String] = []
        }
        private let threads = Threads()
        private let isOver = Mutex(false)
        private let verdict = Mutex(Verdict())

        init(port: Int) {
            threads.start { [self] in
                while !isOver.withLock({ $0 }) {
                    let elapsed = Elapsed()
                    var failure: String?
                    do {
                        let answer = try HTTPClient(port: port).exchange()
                        if answer.status != 200 { failure = "\(answer)" }
                    } catch {
                        failure = "\(error)"
                    }
                    verdict.withLock { verdict in
                        verdict.count += 1
                        verdict.longestMilliseconds = max(
                            verdict.longestMilliseconds, elapsed.milliseconds)
                        if let failure { verdict.failures.append(failure) }
                    }
                    Thread.sleep(forTimeInterval: 0.005)
                }
            }
        }

        func stop() throws -> Verdict {
            isOver.withLock { $0 = true }
            try threads.join()
            return verdict.withLock { $0 }
        }
    }
}
