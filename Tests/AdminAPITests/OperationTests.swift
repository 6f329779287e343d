// Reloads as operations: what a caller may ask for besides, keys, and waiting for a change.

import Store
import Supervisor
import TestKit
import Testing

@testable import AdminAPI
@testable import Master

struct OperationTests {
    @Test func optionsReachTheMaster() async throws {
        let admin = try await AdminInstance()
        _ = try await admin.post("/v1/reloads", #"{"if_changed":true,"on_busy":"reject"}"#)
        _ = try await admin.post("/v1/reloads", "{}")
        #expect(
            admin.master.options == [
                ReloadOptions(ifChanged: true, onBusy: .reject), ReloadOptions(),
            ])
        await admin.stop()
    }

    @Test func unchangedIsASuccessThatSaysSo() async throws {
        let admin = try await AdminInstance()
        admin.master.script {
            $0.succeed()
            $0.isUnchanged = true
        }
        let answer = try await admin.post("/v1/reloads?wait=5s", #"{"if_changed":true}"#)
        #expect(answer.status == 200)
        #expect(answer.json["unchanged"].bool == true)
        await admin.stop()
    }

    @Test func rejectionsAreVerdicts() async throws {
        let admin = try await AdminInstance()
        admin.master.reject(.inProgress(reload: "rl_7"))
        let busy = try await admin.post("/v1/reloads", #"{"on_busy":"reject"}"#)
        #expect(busy.status == 409)
        #expect(busy.json["code"].text == "reload-in-progress")
        #expect(busy.json["reload"].text == "rl_7")
        admin.master.reject(.tooMany(retryAfter: .milliseconds(1200)))
        let many = try await admin.post("/v1/reloads")
        #expect(many.status == 429)
        #expect(many["Retry-After"] == "2")
        #expect(many.json["retry_after_s"].int == 2)
        await admin.stop()
    }

    // MARK: Durability

    @Test func aSuccessIsToldWhenItIsOnDisk() async throws {
        let admin = try await AdminInstance()
        admin.master.script { $0.succeed() }
        admin.master.change { $0.unstored["rl_1"] = .pending }
        let early = try await admin.post("/v1/reloads?wait=50ms")
        #expect(early.status == 202)
        #expect(early.json["status"].text == "SUCCEEDED")
        async let waiting = admin.get("/v1/reloads/rl_1?wait=20s")
        admin.master.change { $0.unstored["rl_1"] = nil }
        #expect(try await waiting.status == 200)
        await admin.stop()
    }

    @Test func aSuccessThatCannotBeStoredIs503() async throws {
        let admin = try await AdminInstance()
        admin.master.script { $0.succeed() }
        admin.master.change { $0.unstored["rl_1"] = .failed("disk full") }
        let answer = try await admin.post("/v1/reloads?wait=5s")
        #expect(answer.status == 503)
        #expect(answer.json["code"].text == "store-failed")
        #expect(answer.json["detail"].text?.contains("SUCCEEDED") == true)
        #expect(answer.json["operation"]["status"].text == "SUCCEEDED")
        await admin.stop()
    }

    /// Also for somebody who does not wait.
    @Test func aReloadThatCannotBeRecordedIs503() async throws {
        let admin = try await AdminInstance()
        admin.master.script {
            $0.fail(ReloadFailure(code: "store-failed", detail: "disk full"))
            $0.steps = []
        }
        let answer = try await admin.post("/v1/reloads")
        #expect(answer.status == 503)
        #expect(answer.json["operation"]["status"].text == "FAILED")
        await admin.stop()
    }

    // MARK: Drained

    @Test func drainedWaitsForTheLeavers() async throws {
        let admin = try await AdminInstance()
        admin.master.script { $0.succeed() }
        let early = try await admin.post("/v1/reloads?wait=50ms&wait_for=drained")
        #expect(early.status == 202)
        #expect(early.json["status"].text == "SUCCEEDED")
        async let waiting = admin.post("/v1/reloads?wait=20s&wait_for=drained")
        while admin.master.snapshot().reloads.count < 2 {
            try await Task.sleep(for: .milliseconds(2))
        }
        admin.master.change { $0.generations[1].phase = .exited }
        #expect(try await waiting.status == 200)
        await admin.stop()
    }

    @Test func aFailureIsNotWaitedFor() async throws {
        let admin = try await AdminInstance()
        admin.master.script { $0.fail(ReloadFailure(code: "ready-timeout", detail: "late")) }
        let answer = try await admin.post("/v1/reloads?wait=60s&wait_for=drained")
        #expect(answer.status == 422)
        #expect(try await admin.post("/v1/reloads?wait_for=drained").status == 400, "for how long?")
        #expect(try await admin.post("/v1/reloads?wait=1s&wait_for=never").status == 400)
        await admin.stop()
    }

    // MARK: Idempotency keys

    @Test func aKeyIsAnsweredAlike() async throws {
        let admin = try await AdminInstance()
        admin.master.script { $0.succeed() }
        let key = ["Idempotency-Key: d-7781"]
        let first = try await admin.post("/v1/reloads?wait=5s", "{}", fields: key)
        #expect(first.status == 200)
        #expect(first["Idempotency-Replayed"] == nil)
        #expect(first.json["trigger"]["idempotency_key"].text == "d-7781")
        // The same request, though its text is another and nobody waits.
        let again = try await admin.post("/v1/reloads", #"{"mode":"SOFT"}"#, fields: key)
        #expect(again.status == 200)
        #expect(again.body == first.body)
        #expect(again["Idempotency-Replayed"] == "true")
        #expect(admin.master.triggers.count == 1)
        let other = try await admin.post("/v1/reloads", #"{"mode":"HARD"}"#, fields: key)
        #expect(other.status == 422)
        #expect(other.json["code"].text == "idempotency-key-reused")
        let fresh = try await admin.post("/v1/reloads", "{}", fields: ["Idempotency-Key: d-7782"])
        #expect(fresh.json["id"].text == "rl_2")
        await admin.stop()
    }

    @Test func aFailureAndAnAcceptanceAreReplayedToo() async throws {
        let admin = try await AdminInstance()
        let accepted = try await admin.post("/v1/reloads", "{}", fields: ["Idempotency-Key: a"])
        let again = try await admin.post("/v1/reloads", "{}", fields: ["Idempotency-Key: a"])
        #expect(accepted.status == 202 && again.status == 202)
        #expect(again["Location"] == "/v1/reloads/rl_1")
        admin.master.script { $0.fail(ReloadFailure(code: "ready-timeout", detail: "late")) }
        let failed = try await admin.post(
            "/v1/reloads?wait=5s", "{}", fields: ["Idempotency-Key: b"])
        let replayed = try await admin.post("/v1/reloads", "{}", fields: ["Idempotency-Key: b"])
        #expect(failed.status == 422 && replayed.status == 422)
        #expect(replayed["Content-Type"] == "application/problem+json")
        #expect(replayed.body == failed.body)
        #expect(admin.master.triggers.count == 2)
        await admin.stop()
    }

    @Test func aKeyInFlightIsAConflict() async throws {
        let admin = try await AdminInstance()
        let key = ["Idempotency-Key: d"]
        async let first = admin.post("/v1/reloads?wait=20s", "{}", fields: key)
        while admin.master.snapshot().reloads.isEmpty {
            try await Task.sleep(for: .milliseconds(2))
        }
        let second = try await admin.post("/v1/reloads?wait=20s", "{}", fields: key)
        #expect(second.status == 409)
        #expect(second.json["code"].text == "idempotency-in-flight")
        let other = try await admin.post("/v1/reloads", #"{"mode":"HARD"}"#, fields: key)
        #expect(other.status == 422)
        admin.master.change { $0.reloads[0].succeed() }
        #expect(try await first.status == 200)
        #expect(admin.master.triggers.count == 1)
        await admin.stop()
    }

    /// The master died between record and answer: the record answers.
    @Test func aKeyWithoutAnAnswerIsAnsweredFromTheRecord() async throws {
        let admin = try await AdminInstance()
        let key = ["Idempotency-Key: d"]
        _ = try await admin.post("/v1/reloads", "{}", fields: key)
        admin.master.forgetAnswers()
        admin.master.change {
            $0.reloads[0].fail(ReloadFailure(code: "master-restarted", detail: "it ended"))
        }
        let again = try await admin.post("/v1/reloads?wait=1s", "{}", fields: key)
        #expect(again.status == 422)
        #expect(again.json["code"].text == "master-restarted")
        #expect(again.json["operation"]["id"].text == "rl_1")
        #expect(admin.master.triggers.count == 1)
        await admin.stop()
    }

    /// A refusal is no effect, so the key is free.
    @Test func aRefusedRequestDoesNotUseItsKey() async throws {
        let admin = try await AdminInstance()
        let key = ["Idempotency-Key: d"]
        admin.master.reject(.tooMany(retryAfter: .seconds(1)))
        #expect(try await admin.post("/v1/reloads", "{}", fields: key).status == 429)
        admin.master.reject(nil)
        #expect(try await admin.post("/v1/reloads", "{}", fields: key).status == 202)
        await admin.stop()
    }

    @Test(arguments: ["", "a b", "é", String(repeating: "x", count: 256)])
    func badKeys(_ key: String) async throws {
        let admin = try await AdminInstance()
        let answer = try await admin.post(
            "/v1/reloads", "{}", fields: ["Idempotency-Key: \(key)"])
        #expect(answer.status == 400, "\(answer)")
        #expect(admin.master.triggers.isEmpty)
        await admin.stop()
    }

    // MARK: Long polls

    @Test(arguments: ["reloads", "generations"])
    func aCollectionWakesForItsOwnChangesOnly(_ name: String) async throws {
        let admin = try await AdminInstance()
        let sequence = try await admin.get("/v1/\(name)").json["seq"].int ?? 0
        #expect(sequence > 1_000_000)
        let over = try await admin.get("/v1/\(name)?since=\(sequence)&wait=50ms")
        #expect(over.json["seq"].int == sequence)
        async let waiting = admin.get("/v1/\(name)?since=\(sequence)&wait=20s")
        for _ in 0..<5 {
            admin.master.change { snapshot in
                if name == "reloads" {
                    snapshot.collections.generations += 1
                } else {
                    snapshot.collections.reloads += 1
                }
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        admin.master.change { snapshot in
            snapshot.collections.reloads += 7
            snapshot.collections.generations += 7
        }
        #expect(try await waiting.json["seq"].int ?? 0 >= sequence + 7)
        await admin.stop()
    }

    /// Of another life, or none.
    @Test(arguments: ["0", "17", "9223372036854775807"])
    func anotherSequenceIsAnsweredAtOnce(_ since: String) async throws {
        let admin = try await AdminInstance()
        let answer = try await admin.get("/v1/reloads?since=\(since)&wait=300s")
        #expect(answer.status == 200)
        #expect(try await admin.get("/v1/reloads?wait=1s").status == 400)
        #expect(try await admin.get("/v1/reloads?since=-1&wait=1s").status == 400)
        await admin.stop()
    }
}
