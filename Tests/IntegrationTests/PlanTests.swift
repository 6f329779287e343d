// Asking what a configuration would change leaves no trace, whatever the answer is.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(1))) struct PlanTests {
        private struct Trace: Equatable {
            var footprint: Footprint
            var files: [String: Int]
            var children: [Int]
            var revisions: JSONValue
            var generations: [Int?]
            var reloads: Int
            var log: Int

            init(_ apus: ApusInstance) throws {
                revisions = try apus.get("/v1/config/revisions").json
                generations = try apus.generations().map { $0["generation"].int }
                reloads = try apus.get("/v1/reloads").json["items"].list.count
                children = apus.workerPids.sorted()
                files = [:]
                let paths = try FileManager.default.subpathsOfDirectory(
                    atPath: apus.directory.path)
                for path in paths {
                    let attributes = try FileManager.default.attributesOfItem(
                        atPath: apus.directory.path(path))
                    files[path] = (attributes[.size] as? NSNumber)?.intValue
                }
                log = apus.logText.utf8.count
                footprint = try apus.steadyFootprint()
            }
        }

        @Test func validationHasNoSideEffect() throws {
            let apus = try ApusInstance(
                TestConfiguration(port: try FreePort.lease(), body: "x"))
            let path = "/v1/config/validate"
            // What the first of each kind needs once, such as buffers, is not an effect.
            for level in ["schema", "semantic", "probe"] {
                #expect(try apus.post("\(path)?level=\(level)").status == 200)
            }
            let before = try Trace(apus)
            for level in ["schema", "semantic", "probe"] {
                let valid = try apus.post("\(path)?level=\(level)", within: 30)
                #expect(valid.status == 200, "\(valid.text)")
                #expect(valid.json["base_revision"].int == 1)
                let access = "/nonexistent/\(level)/access.log"
                let document =
                    #"{"config":{"version":1,"log":{"access":{"to":"\#(access)"}},"frontends":"#
                    + #"{"f":{"bind":"127.0.0.1:1","routes":[{"respond":{"status":204}}]}}}}"#
                let other = try apus.post("\(path)?level=\(level)", body: document, within: 30)
                #expect(other.status == 200, "\(other.text)")
                if level == "probe" { #expect(other.json["probe"]["init_ms"].int != nil) }
                let bad = try apus.post(
                    "\(path)?level=\(level)", body: #"{"config":{"version":1,"proces":{}}}"#)
                #expect(bad.status == 422)
                #expect(bad.json["code"].text == "config-invalid")
                #expect(bad.json["errors"][0]["column"].int == 24)
                #expect(bad.json["errors"][0]["suggestion"].text == "process")
            }
            try eventually("no child more") { apus.workerPids.sorted() == before.children }
            #expect(try Trace(apus) == before)
        }

        @Test func theClientPlansAndCompares() throws {
            var configuration = TestConfiguration(port: try FreePort.lease(), body: "x")
            let apus = try ApusInstance(configuration)
            configuration.process["max_connections"] = "77"
            try apus.directory.write("new.yaml", configuration.text)
            let (old, new) = (apus.directory.path("apus.yaml"), apus.directory.path("new.yaml"))
            let plan = try apus.command(["config", "plan", new, "-o", "table"])
            #expect(plan.code == 0, "\(plan)")
            #expect(plan.output.contains("1 change against revision 1, at least RELOAD"))
            #expect(plan.output.contains("/process/max_connections"))
            let difference = try apus.command(["config", "diff", old, new, "-o", "json"])
            #expect(difference.code == 0)
            #expect(difference.json["change_count"].int == 1)
            #expect(try apus.command(["config", "plan"]).json["change_count"].int == 0)
            let probe = try apus.command(["config", "validate", new, "--level", "probe"])
            #expect(probe.code == 0, "\(probe)")
            #expect(probe.json["level"].text == "probe")

            try apus.directory.write("bad.yaml", "version: 1\nproces: {}\n")
            let bad = try apus.command(["config", "plan", apus.directory.path("bad.yaml")])
            #expect(bad.code == 3)
            #expect(bad.errorOutput.contains("bad.yaml:2:1: error: unknown field"), "\(bad)")

            let text = try apus.command(["config", "get", "-o", "yaml"])
            #expect(text.output == (try String(contentsOfFile: old, encoding: .utf8)))
            let effective = try apus.command(["config", "get", "--view", "effective"])
            #expect(effective.json["process"]["kill_after"] != .missing)
            let history = try apus.command(["config", "history", "-o", "table"])
            #expect(history.output.contains("applied"))
            #expect(history.output.contains("master"))
        }
    }
}
