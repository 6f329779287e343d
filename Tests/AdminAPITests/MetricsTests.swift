// The text of /metrics, read by the letter of the exposition format, and its names.

import Foundation
import SharedState
import Supervisor
import TestKit
import Testing

@testable import AdminAPI
@testable import Master

struct MetricsTests {
    private static func text(_ snapshot: MasterSnapshot, tally: AdminTally = AdminTally()) -> String
    {
        MetricsResource(
            port: ScriptedMaster(), tally: tally, places: WatcherPlaces(),
            rosters: [], certificates: CertificateRoster()
        ).text(of: snapshot)
    }

    @Test func everyFamilyOfTheCatalogueOnce() throws {
        let metrics = try MetricsText(Self.text(.serving()))
        #expect(metrics.families.map(\.name) == metrics.families.map(\.name).uniqued)
        #expect(
            Set(metrics.families.map(\.name)) == Set(MetricCatalogue.all.map(\.name)))
        for family in MetricCatalogue.all {
            let written = try #require(metrics.families.first { $0.name == family.name })
            #expect(written.kind == family.kind.rawValue)
            #expect(written.help == family.help)
            #expect(family.name.hasSuffix("_total") == (family.kind == .counter), "\(family.name)")
            for sample in written.samples {
                let labels = sample.labels.map(\.name).filter { $0 != "le" }
                #expect(labels == family.labels, "\(sample.name)")
            }
        }
    }

    @Test func valuesOfASnapshot() throws {
        var snapshot = MasterSnapshot.serving()
        snapshot.totals = ["requests": .max, "responses5xx": 3]
        snapshot.counters.reloadsFailed = 2
        snapshot.tally.sigterms[.maxReloads] = 4
        var failed = ReloadRecord.queued("rl_2")
        failed.fail(ReloadFailure(code: "config-invalid", detail: "x"))
        var good = ReloadRecord.queued("rl_1")
        good.succeed()
        var restart = ReloadRecord.queued(
            "rs_1", trigger: .init(source: .restart, principal: "master"))
        restart.succeed()
        snapshot.reloads = [restart, failed, good]
        snapshot.tally.note(good)
        let metrics = try MetricsText(Self.text(snapshot))
        let expected = [
            #"apus_build_info{version="1.4.0"}"#: "1",
            #"apus_config_revision{kind="applied"}"#: "42",
            // A restart is not what somebody asked for.
            "apus_config_last_reload_successful": "0",
            "apus_config_last_reload_success_timestamp_seconds": "1795219804.053",
            #"apus_reloads_total{result="failed"}"#: "2",
            #"apus_generations{phase="LEAVING"}"#: "1",
            #"apus_generation_reloads{generation="12"}"#: "3",
            #"apus_generation_sessions{generation="13"}"#: "0",
            #"apus_generation_sigterm_total{reason="MAX_RELOADS"}"#: "4",
            #"apus_worker_exits_total{expected="false"}"#: "0",
            "apus_worker_requests_total": "18446744073709551615",
            #"apus_worker_responses_total{code_class="5xx"}"#: "3",
            #"apus_reload_step_duration_seconds_bucket{step="VALIDATE",le="0.01"}"#: "0",
            #"apus_reload_step_duration_seconds_bucket{step="VALIDATE",le="0.025"}"#: "1",
            #"apus_reload_step_duration_seconds_bucket{step="VALIDATE",le="+Inf"}"#: "1",
            #"apus_reload_step_duration_seconds_sum{step="VALIDATE"}"#: "0.021",
            #"apus_reload_step_duration_seconds_count{step="SPAWN"}"#: "0",
        ]
        for (series, value) in expected { #expect(metrics.values[series] == value, "\(series)") }
        // Exited generations are no series: they would grow without end.
        #expect(metrics.values[#"apus_generation_reloads{generation="7"}"#] == nil)
    }

    @Test func nothingIsServedYet() throws {
        let metrics = try MetricsText(Self.text(.empty))
        #expect(metrics.values["apus_config_last_reload_successful"] == nil)
        #expect(metrics.values[#"apus_config_revision{kind="applied"}"#] == nil)
    }

    /// Whatever is in a label, the text stays readable and the value comes back.
    @Test(arguments: ["a\"b", "a\\", "line\nfeed", "ü\u{1F600}", "\\n", ""])
    func labelsAreEscaped(_ value: String) throws {
        var out = PrometheusText()
        let family = MetricFamily(
            name: "x_total", kind: .counter, help: "a\\b\n\"c\"", labels: ["l"])
        out.write(family, [([value], "1")])
        let read = try #require(try MetricsText(out.text).families.first)
        #expect(read.samples.first?.labels.first?.value == value)
        #expect(read.help == family.help)
    }

    @Test(arguments: [
        (0, "0"), (5, "0.005"), (1250, "1.25"), (60_000, "60"), (-1500, "-1.5"), (10, "0.01"),
    ])
    func seconds(_ milliseconds: Int, _ text: String) {
        #expect(PrometheusText.seconds(milliseconds: milliseconds) == text)
    }

    @Test func requestsAreCounted() async throws {
        let admin = try await AdminInstance()
        for target in ["/v1/status", "/v1/status", "/v1/generations/77", "/nowhere/\"x"] {
            _ = try await admin.get(target)
        }
        let answer = try await admin.get("/metrics")
        #expect(answer.status == 200)
        #expect(answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
        let metrics = try MetricsText(String(decoding: answer.body, as: UTF8.self))
        let name = "apus_admin_requests_total"
        #expect(metrics.values["\(name){route=\"GET /v1/status\",code=\"200\"}"] == "2")
        #expect(metrics.values["\(name){route=\"GET /v1/generations/{n}\",code=\"404\"}"] == "1")
        #expect(metrics.values["\(name){route=\"none\",code=\"404\"}"] == "1")
        await admin.stop()
    }

    /// A thousand generations would be far too many, and are still told in time.
    @Test func aScrapeIsQuick() throws {
        var snapshot = MasterSnapshot.serving()
        for number in 100..<1100 { snapshot.generations.append(.example(number, .leaving)) }
        let start = Elapsed()
        let text = Self.text(snapshot)
        #expect(start.milliseconds < 5_000)
        #expect(text.utf8.count > 50_000)
    }

    @Test func trafficByName() throws {
        var words = [UInt64](repeating: 0, count: TrafficLayout.wordCount)
        words[TrafficCounter.requests.rawValue] = 9
        words[TrafficCounter.responses2xx.rawValue] = 8
        words[TrafficCounter.durationMicroseconds.rawValue] = 1_000_250
        words[TrafficLayout.bucketWord(microseconds: 500)] = 5
        words[TrafficLayout.bucketWord(microseconds: .max)] = 3
        let totals = TrafficTotals(words: words)
        let master = ScriptedMaster()
        master.carry([
            NamedTraffic(name: .server(backend: "api", name: "b\"1"), totals: totals),
            NamedTraffic(name: .backend("api"), totals: totals),
            NamedTraffic(name: .frontend("web"), totals: totals),
        ])
        let metrics = try MetricsText(
            MetricsResource(
                port: master, tally: AdminTally(), places: WatcherPlaces(),
                rosters: [], certificates: CertificateRoster()
            )
            .text(of: .serving()))
        let expected = [
            #"apus_http_requests_total{frontend="web",code_class="2xx"}"#: "8",
            #"apus_backend_requests_total{backend="api"}"#: "9",
            #"apus_server_requests_total{backend="api",server="b\"1"}"#: "9",
            #"apus_request_duration_seconds_bucket{frontend="web",le="0.0005"}"#: "5",
            #"apus_request_duration_seconds_bucket{frontend="web",le="10"}"#: "5",
            #"apus_request_duration_seconds_bucket{frontend="web",le="+Inf"}"#: "8",
            #"apus_request_duration_seconds_sum{frontend="web"}"#: "1.00025",
            #"apus_request_duration_seconds_count{frontend="web"}"#: "8",
        ]
        for (series, value) in expected { #expect(metrics.values[series] == value, "\(series)") }
    }

    @Test func theDocumentListsEveryMetric() throws {
        let document = try String(
            contentsOf: Self.root.appendingPathComponent("docs/metrics.md"), encoding: .utf8)
        let rows = document.split(separator: "\n").filter { $0.hasPrefix("| `apus_") }
        let names = rows.map { String($0.split(separator: "`")[1]) }
        #expect(names == MetricCatalogue.all.map(\.name))
        for (row, family) in zip(rows, MetricCatalogue.all) {
            let labels = family.labels.map { "`\($0)`" }.joined(separator: ", ")
            #expect(
                String(row)
                    == "| `\(family.name)` | \(family.kind.rawValue) | \(labels) | \(family.help) |"
            )
        }
    }

    /// Alerts and the dashboard are about metrics that there are.
    @Test(arguments: ["prometheus/apus-alerts.yaml", "grafana/apus.json"])
    func whatIsShippedKnowsTheNames(_ name: String) throws {
        let text = try String(
            contentsOf: Self.root.appendingPathComponent("deploy/\(name)"), encoding: .utf8)
        let known = MetricCatalogue.all.flatMap { family in
            family.kind == .histogram
                ? ["_bucket", "_sum", "_count"].map { family.name + $0 } : [family.name]
        }
        let used = Set(text.matches(of: /\bapus_[a-z_]+/).map { String($0.output) })
        #expect(used.subtracting(known) == [])
        #expect(used.count > 8)
    }

    private static var root: URL {
        URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    }
}

extension Array where Element: Hashable {
    fileprivate var uniqued: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
