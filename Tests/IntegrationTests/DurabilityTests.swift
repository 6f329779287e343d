// What the master remembers over its own death, and what it does when the disk refuses.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(2))) struct DurabilityTests {
        /// P3: an invalid file never keeps a master from serving what has served.
        @Test(arguments: ["invalid", "missing"])
        func aBadFileAtTheStartServesTheLastGoodRevision(_ fault: String) throws {
            let port = try FreePort.lease()
            let first = try ApusInstance(TestConfiguration(port: port, body: "good"))
            #expect(try first.stop() == .code(0))
            if fault == "invalid" {
                try first.write("version: 1\nfrontends: 7\n")
            } else {
                try FileManager.default.removeItem(atPath: first.configurationPath)
            }
            let second = try Self.again(first)
            try second.waitUntilReady()
            #expect(try HTTPClient(port: port).exchange().text == "good")
            let conditions = try second.status["conditions"].list
            let current = conditions.first { $0["type"].text == "ConfigCurrent" }
            #expect(current?["status"].text == "False", "\(conditions)")
            let log = second.logText
            #expect(log.contains("last one of this file that served"), "\(log)")
            #expect(log.contains("NOT what serves"), "\(log)")
            let startup = try second.get("/v1/reloads").json["items"].list.first {
                $0["trigger"]["source"].text == "startup" && $0["status"].text == "FAILED"
            }
            #expect(startup?["error"]["code"].text != nil)
            // Mended, it is reloaded like any other.
            try second.write(TestConfiguration(port: port, body: "mended"))
            #expect(try second.reload().status == 200)
            #expect(try HTTPClient(port: port).exchange().text == "mended")
        }

        /// What served was another file: a mistyped name must not serve it.
        @Test func aMistypedNameServesNothing() throws {
            let port = try FreePort.lease()
            let first = try ApusInstance(TestConfiguration(port: port, body: "other"))
            #expect(try first.stop() == .code(0))
            let second = try ApusInstance(
                nil, directory: first.directory,
                configurationPath: first.directory.path("mistyped.yaml"), waits: false)
            #expect(try second.master.waitForEnd(within: 20) == .code(3))
            #expect(second.logText.contains("mistyped.yaml"), "\(second.logText)")
            #expect(ProcessInspection.listeningInode(port: port) == nil)
        }

        /// An address that somebody else has: the last line says so to a person.
        @Test func anAddressInUseIsSaidInTheLastLine() throws {
            let server = try EchoServer()
            let apus = try ApusInstance(
                TestConfiguration(port: server.port, body: "x"), waits: false)
            #expect(try apus.master.waitForEnd(within: 20) == .code(4))
            let last = apus.master.errorOutput.split(separator: "\n").last ?? ""
            #expect(last.hasPrefix("apus: cannot start: "), "\(apus.logText)")
            #expect(last.contains("\(server.port)") && last.contains("in use"), "\(last)")
        }

        /// What a reload cannot change is said with it, and stays said.
        @Test func adminSettingsWaitForTheNextStart() throws {
            let port = try FreePort.lease()
            var configuration = TestConfiguration(port: port, body: "x")
            let apus = try ApusInstance(configuration)
            configuration.more = "admin: {socket: {mode: \"0600\"}}"
            try apus.write(configuration)
            let reload = try apus.command(["reload", "--wait", "20s"])
            #expect(reload.code == 0, "\(reload)")
            #expect(reload.errorOutput.contains("next start of the master"), "\(reload)")
            let condition = try apus.status["conditions"].list.first {
                $0["type"].text == "ConfigCurrent"
            }
            #expect(condition?["reason"].text == "NeedsStart")
            configuration.more = ""
            try apus.write(configuration)
            let back = try apus.command(["reload", "--wait", "20s"])
            #expect(!back.errorOutput.contains("next start"), "\(back)")
        }

        /// P1: records and keys over a kill -9, in the middle of a reload.
        @Test func aKilledMasterForgetsNoReload() throws {
            let worker = try ExchangeableWorker()
            let port = try FreePort.lease()
            let first = try ApusInstance(
                TestConfiguration(port: port, body: "x"), worker: worker.path)
            let key = "Idempotency-Key: d-1"
            let done = try Self.post(first, "?wait=60s", key)
            #expect(done.status == 200)
            try worker.set("sleep 60")
            let open = try Self.post(first, "", "Idempotency-Key: d-2")
            #expect(open.status == 202)
            let generation = try first.servingGeneration ?? 0
            first.tearDown()

            try worker.set(ExchangeableWorker.good)
            let second = try Self.again(first, worker: worker.path)
            try second.waitUntilReady()
            let id = try #require(open.json["id"].text)
            let record = try second.get("/v1/reloads/\(id)").json
            #expect(record["status"].text == "FAILED")
            #expect(record["error"]["code"].text == "master-restarted")
            let replayed = try Self.post(second, "?wait=60s", key)
            #expect(replayed.status == 200)
            #expect(replayed.json["id"] == done.json["id"])
            #expect(replayed["Idempotency-Replayed"] == "true")
            #expect(try Self.post(second, "?wait=60s", "Idempotency-Key: d-2").status == 202)
            #expect(try second.servingGeneration ?? 0 > generation, "no number is used twice")
        }

        /// A full disk: 503 with the reason, nothing is started, and what serves goes on.
        @Test func aReloadThatCannotBeStoredIs503() throws {
            let directory = try TemporaryDirectory()
            let state = directory.path("state")
            try FileManager.default.createDirectory(
                atPath: state, withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o700])
            guard try Self.mount("-t", "tmpfs", "-o", "size=512k,mode=0700", "tmpfs", state) else {
                report("not run: no right to mount")
                return
            }
            defer { _ = try? CommandResult.run("/usr/bin/umount", ["-l", state], within: 10) }
            let port = try FreePort.lease()
            var configuration = TestConfiguration(port: port, body: "x")
            configuration.backends["victim"] = "{servers: {one: {address: \"127.0.0.1:1\"}}}"
            let apus = try ApusInstance(configuration, directory: directory)
            let ballast = state + "/ballast"
            #expect(FileManager.default.createFile(atPath: ballast, contents: nil))
            let handle = try #require(FileHandle(forWritingAtPath: ballast))
            let block = Data(repeating: 1, count: 4096)
            while (try? handle.write(contentsOf: block)) != nil {}
            // What the log has room for yet is used up by the reloads themselves.
            let refused = try eventually("a reload that is refused", within: 30) {
                let answer = try apus.reload()
                return answer.status == 200 ? nil : answer
            }
            #expect(refused.status == 503, "\(refused)")
            #expect(refused.json["code"].text == "store-failed")
            #expect(refused.json["operation"]["status"].text != nil)
            let server = "/v1/backends/victim/servers/one"
            let unchanged = try apus.patch(server, body: #"{"admin_state":"MAINT"}"#)
            #expect(unchanged.status == 503, "\(unchanged)")
            #expect(unchanged.json["code"].text == "store-failed")
            #expect(try apus.get(server).json["admin_state"].text == "READY")
            #expect(try HTTPClient(port: port).exchange().text == "x")
            try handle.close()
            try FileManager.default.removeItem(atPath: ballast)
            #expect(try apus.reload().status == 200)
            #expect(try apus.patch(server, body: #"{"admin_state":"DRAIN"}"#).status == 200)
            #expect(try apus.get(server).json["admin_state"].text == "DRAIN")
            #expect(try apus.stop() == .code(0))
        }

        /// The same directory and configuration with a new master.
        private static func again(
            _ first: ApusInstance, worker: String = Programs.worker
        ) throws -> ApusInstance {
            try ApusInstance(
                resuming: first.directory, worker: worker)
        }

        private static func post(
            _ apus: ApusInstance, _ query: String, _ field: String
        ) throws -> HTTPResponse {
            try HTTPClient(path: apus.socketPath).exchange(
                "POST", "/v1/reloads\(query)", host: "localhost",
                fields: ["Connection: close", "Content-Type: application/json", field],
                body: Array("{}".utf8), within: 60)
        }

        private static func mount(_ arguments: String...) throws -> Bool {
            try CommandResult.run("/usr/bin/mount", arguments, within: 10).code == 0
        }
    }
}
