// /v1/backends and the servers in it.

import SharedState
import TestKit
import Testing

@testable import AdminAPI
@testable import Master

extension BackendView {
    /// Two servers: one is down, one is out for a while.
    static let example: BackendView = {
        var down = ServerView(
            backend: "web", name: "web-1", address: "10.0.0.11:8080", configuredWeight: 100)
        var check = ServerView.Check()
        check.health = .down
        check.finding = ServerCheckFinding(.wrongStatus, status: 503)
        check.lastAt = .example()
        check.changedAt = .example()
        check.lastMicroseconds = 3_141
        down.check = check
        down.counts.checksPassed = 4
        down.counts.checksFailed = 3
        down.counts.checkMicroseconds = 7_000_001
        down.counts.timesDown = 1
        var out = ServerView(
            backend: "web", name: "web-2", address: "10.0.0.12:8080", configuredWeight: 50)
        out.adminState = .drain
        out.weightOverride = 20
        out.ejectedForMilliseconds = 9_000
        out.counts.ejections = 2
        return BackendView(
            name: "web", mode: "http", balance: "round_robin", servers: [down, out])
    }()
}

struct BackendTests {
    @Test func backendsAndServers() async throws {
        let admin = try await AdminInstance()
        let list = try await admin.get("/v1/backends")
        #expect(list.status == 200)
        let first = list.json["items"][0]
        #expect(first["name"].text == "web" && first["servers"]["total"].int == 2)
        #expect(first["servers"]["up"].int == 0)
        let one = try await admin.get("/v1/backends/web").json
        #expect(one["balance"].text == "round_robin")
        let servers = try await admin.get("/v1/backends/web/servers?limit=1").json
        #expect(servers["items"][0]["operational_state"].text == "DOWN")
        #expect(servers["next_cursor"].text == "web-1")
        let rest = try await admin.get("/v1/backends/web/servers?cursor=web-1").json
        #expect(rest["items"][0]["name"].text == "web-2")
        let down = try await admin.get("/v1/backends/web/servers/web-1").json
        #expect(down["check"]["result"].text == "L7STS" && down["check"]["code"].int == 503)
        #expect(down["check"]["latency_ms"].int == 3)
        #expect(down["weight"]["configured"].int == 100 && down["weight"]["effective"].int == 0)
        #expect(down["admin_state"].text == "READY" && down["ejection"]["left_ms"] == .null)
        let out = try await admin.get("/v1/backends/web/servers/web-2").json
        #expect(out["operational_state"].text == "EJECTED" && out["check"] == .null)
        #expect(out["admin_state"].text == "DRAIN" && out["weight"]["override"].int == 20)
        #expect(out["ejection"]["left_ms"].int == 9_000 && out["ejection"]["count"].int == 2)
        await admin.stop()
    }

    @Test(arguments: ["/v1/backends/wep", "/v1/backends/web/servers/web-3", "/v1/backends/web/x"])
    func whatIsNotThere(path: String) async throws {
        let admin = try await AdminInstance()
        let answer = try await admin.get(path)
        #expect(answer.status == 404 && answer.json["code"].text == "not-found")
        await admin.stop()
    }

    @Test func nobodyServes() async throws {
        let admin = try await AdminInstance()
        admin.master.have(nil)
        for path in ["/v1/backends", "/v1/backends/web", "/v1/backends/web/servers/web-1"] {
            let answer = try await admin.get(path)
            #expect(answer.status == 503 && answer.json["code"].text == "not-ready")
        }
        await admin.stop()
    }

    @Test func metrics() throws {
        var out = PrometheusText()
        ServerMetrics.write(BackendView.example.servers, to: &out)
        let metrics = try MetricsText(out.text)
        let expected = [
            #"apus_server_up{backend="web",server="web-1"}"#: "0",
            #"apus_server_up{backend="web",server="web-2"}"#: "0",
            #"apus_server_checks_total{backend="web",server="web-1",result="failed"}"#: "3",
            #"apus_server_check_seconds_total{backend="web",server="web-1"}"#: "7.000001",
            #"apus_server_downs_total{backend="web",server="web-1"}"#: "1",
            #"apus_server_ejections_total{backend="web",server="web-2"}"#: "2",
        ]
        for (series, value) in expected { #expect(metrics.values[series] == value, "\(series)") }
    }
}
