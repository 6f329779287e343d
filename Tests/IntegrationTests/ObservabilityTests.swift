// What is told of a live master: metrics that never fall, events as they happen.

internal import Foundation
internal import Synchronization
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(2))) struct ObservabilityTests {
        @Test func totalsNeverFallOverReloadsAndCrashes() throws {
            let setting = try Setting()
            let watch = Watch(setting.apus)
            let requests = 20
            for _ in 0..<3 {
                try Self.ask(setting.port, times: requests)
                try #require(try setting.apus.reload().status == 200)
                try Self.ask(setting.port, times: requests)
                let pid = try #require(try setting.apus.servingPids.first)
                kill(Int32(pid), SIGKILL)
                try eventually("a replacement") {
                    let current = try? setting.apus.servingPids.first
                    return current != nil && current != pid
                }
            }
            let falls = try watch.stop()
            #expect(falls == [])
            let metrics = try Self.metrics(setting.apus)
            // Every request of the six generations that are gone, to the last one.
            #expect(metrics["apus_worker_requests_total"] == Double(6 * requests))
            #expect(
                metrics[#"apus_worker_responses_total{code_class="2xx"}"#] == Double(6 * requests))
            let byFrontend = metrics.filter { $0.key.hasPrefix("apus_http_requests_total{") }
            #expect(byFrontend.values.reduce(0, +) == Double(6 * requests))
            #expect(metrics["apus_generation_crashes_total"] == 3)
            #expect(metrics[#"apus_worker_exits_total{expected="false"}"#] == 3)
            #expect(metrics[#"apus_reload_step_duration_seconds_count{step="RETIRE"}"#] == 7)
            let stats = try setting.apus.get("/v1/stats").json
            #expect(stats["totals"]["requests"].int == 6 * requests)
        }

        @Test func theCommandShowsEventsUntilTheMasterEnds() throws {
            let apus = try ApusInstance(
                TestConfiguration(port: try FreePort.lease(), body: "x"))
            let events = try ChildProcess(
                Programs.apus,
                [
                    "--socket", apus.socketPath, "events", "--type", "reload.*,generation.crashed",
                    "-o", "ndjson",
                ], name: "events", directory: apus.directory)
            try eventually("the watcher") {
                try Self.metrics(apus)["apus_event_watchers"] == 1
            }
            let record = try apus.reload().json
            let pid = try #require(try apus.servingPids.first)
            kill(Int32(pid), SIGKILL)
            try eventually("the crash") { events.output.contains("generation.crashed") }
            let lines = try events.output.split(separator: "\n").map {
                try JSONValue(parsing: Array($0.utf8))
            }
            let types = lines.compactMap { $0["type"].text }
            #expect(
                types.prefix(8) == [
                    "reload.queued", "reload.started", "reload.step", "reload.step",
                    "reload.step", "reload.step", "reload.step", "reload.succeeded",
                ])
            #expect(lines[7]["reload"] == record["id"])
            let steps = lines.compactMap { $0["step"].text }.prefix(5)
            #expect(steps == ["VALIDATE", "SPAWN", "WAIT_READY", "SWITCH", "RETIRE"])
            let ids = lines.compactMap { $0["id"].int }
            #expect(zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 })
            try apus.stop()
            #expect(try events.waitForEnd(within: 10) == .code(7))
        }

        @Test func aScrapeAtAThousandServers() throws {
            var configuration = TestConfiguration(port: try FreePort.lease(), serverPort: 1)
            let servers = (0..<1000).map { "s\($0): {address: \"127.0.0.1:\(20_000 + $0)\"}" }
            configuration.backends["echo"] = "{servers: {\(servers.joined(separator: ", "))}}"
            let apus = try ApusInstance(configuration)
            var times: [Double] = []
            for _ in 0..<50 {
                let elapsed = Elapsed()
                #expect(try apus.get("/metrics").status == 200)
                times.append(elapsed.milliseconds)
            }
            times.sort()
            report("a scrape at 1,000 servers took \(times[25]) ms, at most \(times[49]) ms")
        }

        /// A new master begins with higher ids, so who comes back knows of the gap.
        @Test func aRestartIsAGap() throws {
            let first = try ApusInstance(
                TestConfiguration(port: try FreePort.lease(), body: "x"))
            let before = try #require(try Self.firstEvent(first, after: "0")["id"].int)
            try first.stop()
            let second = try ApusInstance(
                TestConfiguration(port: try FreePort.lease(), body: "x"),
                directory: first.directory)
            let gap = try Self.firstEvent(second, after: "\(before)")
            #expect(gap["type"].text == "stream.gap")
            #expect(gap["next"].int ?? 0 > before + 1)
        }

        private static func ask(_ port: Int, times count: Int) throws {
            let client = try HTTPClient(port: port)
            for _ in 0..<count { #expect(try client.exchange().status == 200) }
        }

        static func metrics(_ apus: ApusInstance) throws -> [String: Double] {
            let text = String(decoding: try apus.get("/metrics").body, as: UTF8.self)
            var values: [String: Double] = [:]
            for line in text.split(separator: "\n") where !line.hasPrefix("#") {
                let parts = line.split(separator: " ")
                if let last = parts.last, let value = Double(last) {
                    values[String(line.dropLast(last.count + 1))] = value
                }
            }
            return values
        }

        private static func firstEvent(
            _ apus: ApusInstance, after position: String
        ) throws -> JSONValue {
            let socket = try TestSocket.connect(path: apus.socketPath)
            try socket.send(
                HTTPClient.request(
                    "GET", "/v1/events", host: "localhost",
                    fields: ["Accept: application/x-ndjson", "Last-Event-ID: \(position)"]))
            var text = ""
            while true {
                text += String(decoding: try socket.receive(within: 5), as: UTF8.self)
                let lines = text.split(
                    omittingEmptySubsequences: false, whereSeparator: \.isNewline)
                if let line = lines.dropLast().first(where: { $0.hasPrefix("{") }) {
                    return try JSONValue(parsing: Array(line.utf8))
                }
            }
        }
    }

    /// Scrapes all the time and notes every count that is less than before.
    private final class Watch: Sendable {
        private let threads = Threads()
        private let isOver = Mutex(false)
        private let falls = Mutex<[String]>([])

        init(_ apus: ApusInstance) {
            threads.start { [self] in
                var last: [String: Double] = [:]
                while !isOver.withLock({ $0 }) {
                    guard let next = try? ObservabilityTests.metrics(apus) else { continue }
                    for (name, value) in last where name.contains("_total") {
                        let now = next[name] ?? -1
                        if now < value { falls.withLock { $0.append("\(name) \(value) \(now)") } }
                    }
                    last = next
                    Thread.sleep(forTimeInterval: 0.002)
                }
            }
        }

        func stop() throws -> [String] {
            isOver.withLock { $0 = true }
            try threads.join()
            return falls.withLock { $0 }
        }
    }
}
