import Supervisor
import TestKit
import Testing

@testable import AdminAPI
@testable import Master

struct ReloadTests {
    @Test func withoutWaitItIsAcceptedAtOnce() async throws {
        let admin = try await AdminInstance()
        let answer = try await admin.post("/v1/reloads", #"{"mode":"HARD","reason":"deploy 7781"}"#)
        #expect(answer.status == 202)
        #expect(answer["Location"] == "/v1/reloads/rl_1")
        let expected = """
            {"id":"rl_1","kind":"reload","status":"QUEUED","mode":"HARD","trigger":\
            {"source":"api","principal":"\(admin.master.triggers[0].principal)",\
            "reason":"deploy 7781","idempotency_key":null},"config_revision":null,\
            "from_generation":13,"to_generation":null,"created_at":"2026-11-21T00:10:03.412Z",\
            "finished_at":null,"duration_ms":null,"steps":[],"sigterm_sent_to":[],\
            "unchanged":false,"superseded_by":null,"error":null,"log_tail":[]}

            """
        #expect(answer.text == expected)
        #expect(admin.master.modes == [.hard])
        #expect(admin.master.triggers[0].principal.hasPrefix("uid:"))
        await admin.stop()
    }

    /// An empty body is an empty object, but it still says what it is.
    @Test func anEmptyBodyNeedsItsType() async throws {
        let admin = try await AdminInstance()
        #expect(try await admin.exchange("POST", "/v1/reloads").status == 415)
        #expect(try await admin.exchange("DELETE", "/v1/reloads/rl_1").status == 415)
        let typed = ["Content-Type: application/json; charset=utf-8"]
        #expect(try await admin.exchange("POST", "/v1/reloads", fields: typed).status == 202)
        #expect(
            try await admin.exchange(
                "POST", "/v1/reloads", fields: ["Content-Type: text/plain"], body: "{}"
            ).status == 415)
        #expect(admin.master.triggers.count == 1)
        await admin.stop()
    }

    @Test func waitingForSuccessIs200() async throws {
        let admin = try await AdminInstance()
        admin.master.script { $0.succeed() }
        let answer = try await admin.post("/v1/reloads?wait=5s")
        #expect(answer.status == 200)
        #expect(answer.json["status"].text == "SUCCEEDED")
        #expect(answer.json["steps"][0]["ms"].int == 21)
        await admin.stop()
    }

    /// A preference that is too long is cut.
    @Test(arguments: [("30", "30"), ("301", "300"), ("99999999999999999999", "300")])
    func aLaterEndWakesTheWaiter(_ preference: String, _ applied: String) async throws {
        let admin = try await AdminInstance()
        async let answer = admin.post("/v1/reloads", "{}", fields: ["Prefer: wait=\(preference)"])
        while admin.master.snapshot().reloads.isEmpty {
            try await Task.sleep(for: .milliseconds(2))
        }
        admin.master.change { $0.shuttingDown = false }  // Something else changes first.
        admin.master.change { $0.reloads[0].succeed() }
        #expect(try await answer.status == 200)
        #expect(try await answer["Preference-Applied"] == "wait=\(applied)")
        await admin.stop()
    }

    @Test func timeOverIs202WithTheRecord() async throws {
        let admin = try await AdminInstance()
        let answer = try await admin.post("/v1/reloads?wait=50ms")
        #expect(answer.status == 202)
        #expect(answer.json["status"].text == "QUEUED")
        #expect(answer["Location"] == "/v1/reloads/rl_1")
        await admin.stop()
    }

    @Test func anInvalidConfigurationIsTheWholeTruth() async throws {
        let admin = try await AdminInstance()
        let problem = ReloadFailure.Problem(
            code: "unknown-field", severity: "error", file: "conf.d/api.yaml", line: 14, column: 9,
            pointer: "/backends/api/servers/api-1/wieght", message: "unknown field",
            suggestion: "weight", owner: "team-api")
        admin.master.script {
            $0.fail(
                ReloadFailure(code: "config-invalid", detail: "1 error", problems: [problem]))
        }
        let answer = try await admin.post("/v1/reloads?wait=5s")
        #expect(answer.status == 422)
        #expect(answer["Content-Type"] == "application/problem+json")
        let start = """
            {"type":"urn:apus:problem:config-invalid","title":"Configuration rejected",\
            "status":422,"detail":"1 error; generation 13 keeps serving revision 42",\
            "code":"config-invalid","request_id":"\(answer["X-Request-Id"] ?? "none")",\
            "errors":[{"code":"unknown-field","severity":"error","file":"conf.d/api.yaml",\
            "line":14,"column":9,"pointer":"/backends/api/servers/api-1/wieght",\
            "message":"unknown field","suggestion":"weight","owner":"team-api"}],
            """
        #expect(answer.text.hasPrefix(start.dropLast(0)), "\(answer.text)")
        #expect(answer.json["operation"]["status"].text == "FAILED")
        #expect(answer.json["operation"]["error"]["code"].text == "config-invalid")
        // The record itself is always 200.
        let record = try await admin.get("/v1/reloads/rl_1?wait=10s")
        #expect(record.status == 200)
        #expect(record.json["error"]["errors"][0]["line"].int == 14)
        await admin.stop()
    }

    @Test(arguments: [
        ("listener-bind-failed", 422), ("worker-exited-in-init", 422), ("ready-timeout", 422),
        ("switch-failed", 422), ("spawn-failed", 503), ("shutting-down", 503),
        ("file-missing", 422), ("worker-refused", 422), ("worker-protocol-error", 422),
    ])
    func failuresHaveTheirCodes(_ code: String, _ status: Int) async throws {
        let admin = try await AdminInstance()
        admin.master.script {
            $0.fail(ReloadFailure(code: code, detail: "it did", pointer: "/frontends/x"))
        }
        let answer = try await admin.post("/v1/reloads?wait=5s")
        #expect(answer.status == status)
        #expect(answer.json["code"].text == code)
        #expect(
            answer.json["detail"].text
                == "/frontends/x: it did; generation 13 keeps serving revision 42")
        await admin.stop()
    }

    @Test func supersededAndCancelledAreFailures() async throws {
        let admin = try await AdminInstance()
        admin.master.script {
            $0.status = .superseded
            $0.supersededBy = "rl_9"
        }
        let superseded = try await admin.post("/v1/reloads?wait=5s")
        #expect(superseded.status == 422)
        #expect(superseded.json["code"].text == "superseded")
        #expect(superseded.json["operation"]["superseded_by"].text == "rl_9")
        admin.master.script { $0.status = .cancelled }
        let cancelled = try await admin.post("/v1/reloads?wait=5s")
        #expect(cancelled.status == 422)
        #expect(cancelled.json["code"].text == "cancelled")
        await admin.stop()
    }

    @Test func aStoppedMasterTakesNone() async throws {
        let admin = try await AdminInstance()
        admin.master.stop()
        let answer = try await admin.post("/v1/reloads")
        #expect(answer.status == 503)
        #expect(answer.json["code"].text == "shutting-down")
        await admin.stop()
    }

    @Test(arguments: ["wait=30", "wait=301s", "wait=-1s", "wait=1d", "wait=", "wait=s"])
    func badWaits(_ query: String) async throws {
        let admin = try await AdminInstance()
        let answer = try await admin.post("/v1/reloads?\(query)")
        #expect(answer.status == 400)
        #expect(admin.master.triggers.isEmpty)
        await admin.stop()
    }

    @Test(arguments: [
        (#"{"resaon":"x"}"#, "unknown-field", "/resaon", "reason"),
        (#"{"reason":7}"#, "wrong-type", "/reason", nil),
        (#"{"mode":"soft"}"#, "invalid-value", "/mode", "SOFT"),
        (#"{"mode":null}"#, "wrong-type", "/mode", nil),
        (#"{"if_changed":"yes"}"#, "wrong-type", "/if_changed", nil),
        (#"{"on_busy":"QUEUE"}"#, "invalid-value", "/on_busy", nil),
        (#"[1]"#, "wrong-type", "", nil),
        (#"{"a/b~":1}"#, "unknown-field", "/a~1b~0", nil),
    ])
    func badFields(
        _ body: String, _ code: String, _ pointer: String, _ suggestion: String?
    ) async throws {
        let admin = try await AdminInstance()
        let answer = try await admin.post("/v1/reloads", body)
        #expect(answer.status == 422)
        #expect(answer.json["code"].text == "request-invalid")
        let error = answer.json["errors"][0]
        #expect(error["code"].text == code)
        #expect(error["pointer"].text == pointer)
        #expect(error["suggestion"].text == suggestion)
        #expect(admin.master.triggers.isEmpty)
        await admin.stop()
    }

    @Test func allWrongFieldsAreToldAtOnce() async throws {
        let admin = try await AdminInstance()
        let answer = try await admin.post("/v1/reloads", #"{"mode":1,"reason":2,"x":3}"#)
        #expect(answer.json["errors"].list.count == 3)
        await admin.stop()
    }

    @Test func cancelling() async throws {
        let admin = try await AdminInstance()
        _ = try await admin.post("/v1/reloads")
        let typed = ["Content-Type: application/json"]
        let cancelled = try await admin.exchange("DELETE", "/v1/reloads/rl_1", fields: typed)
        #expect(cancelled.status == 202)
        #expect(cancelled.json["status"].text == "CANCELLED")
        let again = try await admin.exchange("DELETE", "/v1/reloads/rl_1", fields: typed)
        #expect(again.status == 409)
        #expect(again.json["code"].text == "reload-finished")
        _ = try await admin.post("/v1/reloads")
        admin.master.change {
            $0.reloads[0].status = .running
            $0.reloads[0].steps = [
                .init(name: .switchListeners, status: .running, startedAt: .example())
            ]
        }
        let late = try await admin.exchange("DELETE", "/v1/reloads/rl_2", fields: typed)
        #expect(late.status == 409)
        #expect(late.json["code"].text == "reload-switching")
        #expect(
            try await admin.exchange("DELETE", "/v1/reloads/rl_3", fields: typed).status == 404)
        #expect(admin.master.cancelled == ["rl_1"])
        await admin.stop()
    }

    @Test func listIsNewestFirst() async throws {
        let admin = try await AdminInstance()
        for _ in 0..<3 { _ = try await admin.post("/v1/reloads") }
        admin.master.change { $0.reloads[1].succeed() }
        let all = try await admin.get("/v1/reloads").json
        #expect(all["items"].list.compactMap { $0["id"].text } == ["rl_3", "rl_2", "rl_1"])
        #expect(all["next_cursor"] == .null)
        let some = try await admin.get("/v1/reloads?status=SUCCEEDED").json
        #expect(some["items"].list.compactMap { $0["id"].text } == ["rl_2"])
        let page = try await admin.get("/v1/reloads?limit=1&cursor=rl_3").json
        #expect(page["items"][0]["id"].text == "rl_2")
        #expect(page["next_cursor"].text == "rl_2")
        await admin.stop()
    }
}
