import Clock
import Supervisor
import TestKit
import Testing

@testable import AdminAPI
@testable import Master

struct StatusTests {
    @Test func statusReadsAsInTheContract() async throws {
        let admin = try await AdminInstance()
        admin.master.change {
            var reload = ReloadRecord.queued("rl_01JD5K8Q")
            reload.fail(
                ReloadFailure(
                    code: "listener-bind-failed", detail: "address already in use",
                    pointer: "/frontends/db_tls/bind/0"), at: .spawn)
            reload.revision = 43
            $0.reloads = [reload]
            $0.desiredRevision = 43
            $0.counters.reloadsSucceeded = 12
            $0.counters.reloadsFailed = 1
        }
        let expected = """
            {"instance_id":"01JD5H","version":"1.4.0","desired_revision":43,\
            "applied_revision":42,"serving_generation":13,"max_reloads":5,"generations":\
            {"starting":0,"serving":1,"leaving":1},"reloads":{"succeeded":12,"failed":1,"last":\
            {"id":"rl_01JD5K8Q","status":"FAILED","finished_at":"2026-11-21T00:10:03.433Z"}},\
            "conditions":[{"type":"Serving","status":"True","reason":"GenerationReady",\
            "observed_revision":42,"message":null},{"type":"ConfigCurrent","status":"False",\
            "reason":"ListenerBindFailed","observed_revision":43,\
            "message":"/frontends/db_tls/bind/0: address already in use"},\
            {"type":"LeaversBounded","status":"True","reason":"WithinMaxReloads",\
            "observed_revision":42,"message":"1 leaving, max_reloads 5"},\
            {"type":"StateIntact","status":"True","reason":"NothingLost",\
            "observed_revision":null,"message":null}]}

            """
        #expect(try await admin.get("/v1/status").text == expected)
        await admin.stop()
    }

    private func conditions(_ change: (inout MasterSnapshot) -> Void) -> [String] {
        var snapshot = MasterSnapshot.serving()
        change(&snapshot)
        return Condition.all(of: snapshot).map { "\($0.type) \($0.holds) \($0.reason)" }
    }

    @Test func conditionsSayWhy() {
        #expect(
            conditions { _ in } == [
                "Serving true GenerationReady", "ConfigCurrent true Applied",
                "LeaversBounded true WithinMaxReloads", "StateIntact true NothingLost",
            ])
        #expect(
            conditions {
                $0.serving = nil
                $0.generations = [.example(14, .starting)]
                $0.desiredRevision = 43
                $0.maxReloads = nil
            } == [
                "Serving false GenerationStarting", "ConfigCurrent false NotApplied",
                "LeaversBounded true Unlimited", "StateIntact true NothingLost",
            ])
        #expect(
            conditions {
                $0.serving = nil
                $0.shuttingDown = true
                $0.generations = (1...3).map { .example($0, .leaving) }
                $0.maxReloads = 2
                $0.findings = ["the log is gone"]
            } == [
                "Serving false ShuttingDown", "ConfigCurrent true Applied",
                "LeaversBounded false TooManyLeavers", "StateIntact false StateDamaged",
            ])
    }

    /// A text that never became a revision: desired and applied are equal, and still it is wrong.
    @Test func aRejectedTextIsNotCurrent() {
        let after = conditions {
            var reload = ReloadRecord.queued("rl_1")
            reload.fail(ReloadFailure(code: "config-invalid", detail: "1 error"))
            var superseded = ReloadRecord.queued("rl_2")
            superseded.status = .superseded
            $0.reloads = [superseded, reload]
        }
        #expect(after[1] == "ConfigCurrent false ConfigInvalid")
    }

    @Test func aRollbackIsNotCurrent() {
        let after = conditions {
            var reload = ReloadRecord.queued(
                "rl_1", trigger: .init(source: .rollback, principal: "master"))
            reload.succeed()
            $0.reloads = [reload]
            $0.desiredRevision = 43
        }
        #expect(after[1] == "ConfigCurrent false RolledBack")
    }

    @Test func readinessFollowsTheServingGenerationOnly() async throws {
        let admin = try await AdminInstance()
        #expect(try await admin.get("/readyz").text == "{\"status\":\"ok\"}\n")
        admin.master.change {
            var reload = ReloadRecord.queued("rl_1")
            reload.fail(ReloadFailure(code: "config-invalid", detail: "1 error"))
            $0.reloads = [reload]
        }
        #expect(try await admin.get("/readyz").status == 200)
        let verbose = try await admin.get("/readyz?verbose").json
        #expect(verbose["checks"].list.map { $0["ok"].bool } == [true, true])
        admin.master.change { $0.shuttingDown = true }
        let stopping = try await admin.get("/readyz")
        #expect(stopping.status == 503)
        #expect(stopping.json["code"].text == "shutting-down")
        admin.master.change {
            $0.shuttingDown = false
            $0.generations[0].phase = .exited
        }
        let none = try await admin.get("/readyz?verbose=true")
        #expect(none.status == 503)
        #expect(none.json["code"].text == "not-ready")
        #expect(none.json["checks"][0]["ok"].bool == false)
        await admin.stop()
    }

    @Test func healthFollowsTheLoop() async throws {
        let admin = try await AdminInstance()
        #expect(try await admin.get("/healthz").status == 200)
        admin.master.change { $0.loopTick = Instant.now() - .milliseconds(2100) }
        let stuck = try await admin.get("/healthz?verbose")
        #expect(stuck.status == 503)
        #expect(stuck.json["code"].text == "master-stuck")
        #expect(stuck.json["checks"][0]["name"].text == "master-loop")
        // A stuck master may still serve, and its clients should know that.
        #expect(try await admin.get("/readyz").status == 200)
        await admin.stop()
    }
}
