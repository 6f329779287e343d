// The contract of the admin API and of the client, against a live master.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(2))) struct AdminAPITests {
        @Test func generationsAndReloadsReadAsTheContractSays() throws {
            let apus = try ApusInstance(
                TestConfiguration(port: try FreePort.lease(), body: "x"))
            let first = try apus.get("/v1/generations/current").json
            #expect(first["generation"].int == 1)
            #expect(first["status"].text == "READY")
            #expect(first["phase"].text == "SERVING")
            #expect(first["reloads"].int == 0)
            #expect(first["max_reloads"].int == 5)
            #expect(first["reloads_left"].int == 5)
            #expect(first["sigterm_sent"].bool == false)
            for name in ["sigterm_at", "sigterm_reason", "leaving_at", "exit"] {
                #expect(first[name] == .null, "\(name) is \(first[name])")
            }
            #expect(first["workers"][0]["pid"].int == first["pid"].int)
            #expect(first["sessions"]["current"].int == 0)

            let answer = try apus.reload(reason: "deploy 7781")
            #expect(answer.status == 200)
            let reload = answer.json
            #expect(reload["status"].text == "SUCCEEDED")
            #expect(reload["id"].text?.hasPrefix("rl_") == true)
            #expect(reload["trigger"]["source"].text == "api")
            #expect(reload["trigger"]["principal"].text == "uid:\(getuid())")
            #expect(reload["trigger"]["reason"].text == "deploy 7781")
            #expect(reload["from_generation"].int == 1)
            #expect(reload["to_generation"].int == 2)
            #expect(
                reload["steps"].list.map { $0["name"].text }
                    == ["VALIDATE", "SPAWN", "WAIT_READY", "SWITCH", "RETIRE"])
            #expect(reload["steps"].list.allSatisfy { $0["status"].text == "SUCCEEDED" })
            #expect(reload["error"] == .null)

            let status = try apus.status
            #expect(status["serving_generation"].int == 2)
            #expect(status["generations"]["serving"].int == 1)
            #expect(status["reloads"]["last"]["id"] == reload["id"])
            let id = try #require(reload["id"].text)
            #expect(try apus.get("/v1/reloads/\(id)").json == reload)
            #expect(try apus.get("/v1/reloads").json["items"][0]["id"].text == id)
        }

        @Test func waitingAndNotWaiting() throws {
            let worker = try ExchangeableWorker()
            let apus = try ApusInstance(
                TestConfiguration(port: try FreePort.lease(), body: "x"), worker: worker.path)
            try worker.set("sleep 1; \(ExchangeableWorker.good)")
            let queued = try apus.post("/v1/reloads")
            #expect(queued.status == 202)
            #expect(queued["Location"]?.hasPrefix("/v1/reloads/rl_") == true)
            let id = try #require(queued.json["id"].text)
            let short = try apus.get("/v1/reloads/\(id)?wait=50ms").json
            #expect(["QUEUED", "RUNNING"].contains(short["status"].text))
            let end = try apus.get("/v1/reloads/\(id)?wait=20s", within: 25).json
            #expect(end["status"].text == "SUCCEEDED")
            let over = try apus.post("/v1/reloads?wait=100ms")
            #expect(over.status == 202, "\(over)")
        }

        @Test func filtersAndTerminate() throws {
            let server = try EchoServer()
            let port = try FreePort.lease()
            let apus = try ApusInstance(TestConfiguration(port: port, serverPort: server.port))
            let pin = try PinnedTransfer(port: port)
            try #require(try apus.reload().status == 200)
            #expect(try apus.generations("phase=LEAVING").map { $0["generation"].int } == [1])
            #expect(try apus.generations("phase=SERVING").map { $0["generation"].int } == [2])
            #expect(try apus.generations("status=INIT").isEmpty)
            #expect(try apus.generations("sigterm_sent=true").isEmpty)
            #expect(try apus.get("/v1/generations?phase=NOWHERE").status == 400)
            #expect(pin.isRunning)

            let refused = try apus.post("/v1/generations/2/terminate")
            #expect(refused.status == 409)
            #expect(refused.json["code"].text == "generation-serving")
            let taken = try apus.post("/v1/generations/1/terminate")
            #expect(taken.status == 202)
            let gone = try eventually("the end of generation 1") {
                let record = try apus.generation(1)
                return record["phase"].text == "EXITED" ? record : nil
            }
            #expect(gone["sigterm_sent"].bool == true)
            #expect(gone["sigterm_reason"].text == "API")
            #expect(gone["exit"]["expected"].bool == true)
            #expect(gone["status"].text == "READY")
            #expect(try apus.post("/v1/generations/99/terminate").status == 404)
            server.stop()
        }

        @Test func problemsAreProblems() throws {
            let apus = try ApusInstance(
                TestConfiguration(port: try FreePort.lease(), body: "x"))
            let missing = try apus.get("/v1/nothing")
            #expect(missing.status == 404)
            #expect(missing["Content-Type"] == "application/problem+json")
            #expect(missing.json["type"].text == "urn:apus:problem:not-found")
            #expect(missing.json["status"].int == 404)
            #expect(missing["X-Request-Id"] != nil)
            #expect(try apus.get("/v1/generations/none").status == 404)
            let typed = try HTTPClient(path: apus.socketPath).exchange(
                "POST", "/v1/reloads", host: "localhost", body: Array("{}".utf8))
            #expect(typed.status == 415)
            let unknown = try apus.post("/v1/reloads", body: "{\"resaon\":\"x\"}")
            #expect(unknown.status == 422)
            #expect(unknown.text.contains("reason"), "no suggestion: \(unknown)")
            #expect(try apus.servingGeneration == 1)
            let wrongMethod = try HTTPClient(path: apus.socketPath).exchange(
                "PUT", "/v1/status", host: "localhost",
                fields: ["Content-Type: application/json"], body: Array("{}".utf8))
            #expect(wrongMethod.status == 405)
        }

        @Test func clientShowsTablesAndPassesJSON() throws {
            let apus = try ApusInstance(
                TestConfiguration(port: try FreePort.lease(), body: "x"))
            let reload = try apus.command(["reload", "--wait", "60s", "--reason", "by hand"])
            #expect(reload.code == 0, "\(reload)")
            #expect(reload.json["status"].text == "SUCCEEDED")
            let list = try apus.command(["generations", "list"])
            #expect(list.code == 0)
            #expect(list.json["items"].list.count == 2, "\(list)")
            let table = try apus.command(["-o", "table", "generations", "list"])
            #expect(table.output.hasPrefix("GEN"), "\(table)")
            #expect(table.output.contains("SERVING"))
            #expect(try apus.command(["status"]).json == apus.status)
            #expect(try apus.command(["generations", "show", "1"]).json["generation"].int == 1)
        }

        @Test func clientExitCodes() throws {
            let apus = try ApusInstance(
                TestConfiguration(port: try FreePort.lease(), body: "x"))
            #expect(try apus.command(["reload", "--nonsense"]).code == 2)
            #expect(try apus.command(["generations", "terminate", "1"]).code == 5)
            let bad = try apus.directory.write("bad.yaml", "version: 1\nfrontend: {}\n")
            let invalid = try apus.command(["config", "validate", bad])
            #expect(invalid.code == 3)
            #expect(invalid.errorOutput.contains("bad.yaml:2:1: error:"), "\(invalid)")
            #expect(try apus.command(["config", "validate", apus.configurationPath]).code == 0)
            try apus.write("version: 1\nfrontends: {x: {bind: \"127.0.0.1:1\"}}\n")
            let refused = try apus.command(["reload", "--wait", "60s"])
            #expect(refused.code == 3, "\(refused)")
            #expect(refused.errorOutput.contains("apus.yaml:2:"), "\(refused)")
            #expect(try apus.servingGeneration == 1)
            try apus.stop()
            #expect(try apus.command(["status"]).code == 7)
        }
    }
}
