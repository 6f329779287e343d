import Supervisor
import TestKit
import Testing

@testable import AdminAPI
@testable import Master

struct GenerationTests {
    /// Names, order and nulls of the contract.
    @Test func aLeaverReadsAsInTheContract() async throws {
        let admin = try await AdminInstance()
        admin.master.change { snapshot in
            var gauges = WorkerGauges()
            gauges.clientConnections = 17
            gauges.oldestSessionAgeSeconds = 4211
            gauges.rssBytes = 73_400_320
            gauges.counters = ["responses2xx": 5, "bytesIn": 7]
            snapshot.workers[WorkerID(generation: 12, index: 0)] = gauges
        }
        let answer = try await admin.get("/v1/generations/12")
        #expect(answer.status == 200)
        let expected = """
            {"generation":12,"status":"READY","phase":"LEAVING","pid":28012,"version":"1.4.0",\
            "config_revision":41,"config_sha256":"9f2c61",\
            "created_at":"2026-11-21T00:10:03.412Z","ready_at":"2026-11-21T00:10:03.594Z",\
            "init_ms":182,"leaving_at":"2026-11-21T00:10:08.412Z","reloads":3,"max_reloads":5,\
            "reloads_left":2,"sigterm_sent":false,"sigterm_at":null,"sigterm_reason":null,\
            "sigkill_sent":false,"hard_stop_at":null,\
            "sessions":{"current":17,"oldest_age_s":4211},"rss_bytes":73400320,"waiting_for":[],\
            "exit":null,"workers":[{"index":0,"pid":28012,"status":"READY",\
            "sessions":{"current":17,"oldest_age_s":4211},"rss_bytes":73400320,"exit":null}],\
            "counters":{"bytes_in":7,"responses_2xx":5}}

            """
        #expect(answer.text == expected)
        await admin.stop()
    }

    @Test func anExitedOneTellsItsEnd() async throws {
        let admin = try await AdminInstance()
        let record = try await admin.get("/v1/generations/7").json
        #expect(record["exit"]["code"] == .null)
        #expect(record["exit"]["signal"].int == 15)
        #expect(record["exit"]["expected"].bool == true)
        #expect(record["exit"]["at"].text == "2026-11-21T00:10:12.412Z")
        #expect(record["sigterm_reason"].text == "MAX_RELOADS")
        #expect(record["reloads_left"].int == 0)
        #expect(record["sessions"]["current"].int == 0)
        await admin.stop()
    }

    @Test func aStartingOneSaysWhatItWaitsFor() async throws {
        let admin = try await AdminInstance()
        admin.master.change {
            $0.generations.insert(.example(14, .starting, status: .initializing), at: 0)
            $0.maxReloads = nil
        }
        let record = try await admin.get("/v1/generations/14").json
        #expect(record["waiting_for"][0].text == "worker 0")
        #expect(record["ready_at"] == .null)
        #expect(record["max_reloads"] == .null)
        #expect(record["reloads_left"] == .null)
        await admin.stop()
    }

    @Test(arguments: [
        ("", [13, 12, 7]), ("phase=LEAVING", [12]), ("phase=STARTING", []),
        ("status=READY", [13, 12, 7]),
        ("status=INIT", []), ("sigterm_sent=true", [7]), ("sigterm_sent=false", [13, 12]),
        ("phase=EXITED&sigterm_sent=true", [7]), ("limit=2", [13, 12]),
    ])
    func filters(_ query: String, _ expected: [Int]) async throws {
        let admin = try await AdminInstance()
        let answer = try await admin.get("/v1/generations?\(query)")
        #expect(answer.status == 200)
        #expect(answer.json["items"].list.compactMap { $0["generation"].int } == expected)
        await admin.stop()
    }

    @Test(arguments: [
        ("phase=leaving", "invalid-parameter", "LEAVING"),
        ("phaze=LEAVING", "unknown-parameter", "phase"),
        ("sigterm_sent=maybe", "invalid-parameter", nil), ("limit=0", "invalid-parameter", nil),
        ("limit=1001", "invalid-parameter", nil), ("limit=x", "invalid-parameter", nil),
        ("cursor=99", "invalid-parameter", nil), ("limit=1&limit=2", "invalid-parameter", nil),
        ("status=%49NIT%", "invalid-parameter", "INIT"),
    ])
    func badQueries(_ query: String, _ code: String, _ suggestion: String?) async throws {
        let admin = try await AdminInstance()
        let answer = try await admin.get("/v1/generations?\(query)")
        #expect(answer.status == 400)
        #expect(answer.json["code"].text == code)
        #expect(answer.json["errors"][0]["suggestion"].text == suggestion)
        await admin.stop()
    }

    @Test func pagesCoverEverythingOnce() async throws {
        let admin = try await AdminInstance()
        admin.master.change { snapshot in
            snapshot.generations = (1...25).reversed().map { .example($0, .exited) }
        }
        var seen: [Int] = []
        var cursor = ""
        repeat {
            let page = try await admin.get("/v1/generations?limit=10\(cursor)").json
            seen += page["items"].list.compactMap { $0["generation"].int }
            cursor = page["next_cursor"].text.map { "&cursor=\($0)" } ?? ""
            admin.master.change {
                $0.generations.insert(.example(100 + seen.count, .exited), at: 0)
            }
        } while !cursor.isEmpty
        #expect(seen == Array((1...25).reversed()))
        await admin.stop()
    }

    @Test func currentIsTheServingOneOrNotReady() async throws {
        let admin = try await AdminInstance()
        #expect(try await admin.get("/v1/generations/current").json["generation"].int == 13)
        admin.master.change { $0.generations = [] }
        let none = try await admin.get("/v1/generations/current")
        #expect(none.status == 503)
        #expect(none.json["code"].text == "not-ready")
        await admin.stop()
    }

    @Test(arguments: [
        ("12", 202, nil), ("13", 409, "generation-serving"), ("7", 409, "generation-exited"),
        ("99", 404, "not-found"), ("x", 404, "not-found"),
        ("99999999999999999999", 404, "not-found"),
    ])
    func terminate(_ number: String, _ status: Int, _ code: String?) async throws {
        let admin = try await AdminInstance()
        let answer = try await admin.post("/v1/generations/\(number)/terminate", nil)
        #expect(answer.status == status)
        #expect(answer.json["code"].text == code)
        #expect(admin.master.terminated == (status == 202 ? [12] : []))
        if status == 202 { #expect(answer.json["sigterm_reason"].text == "API") }
        await admin.stop()
    }
}
