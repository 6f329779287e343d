// From nothing to serving, and what stops a master from starting.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(2))) struct StartupTests {
        @Test func embeddedConfigurationServesPageAndDemo() throws {
            let apus = try ApusInstance()
            let client = try HTTPClient(port: 8080)
            let page = try client.exchange()
            #expect(page.status == 200)
            #expect(page["Content-Type"]?.hasPrefix("text/html") == true)
            for command in ["/demo", "apus status", "apus reload"] {
                #expect(page.text.contains(command), "the page lacks \(command)")
            }
            let pid = try #require(try apus.servingPids.first)
            #expect(page.text.contains("\(pid)"))
            let answers = Set(
                try (0..<4).map { _ in
                    try client.exchange("GET", "/demo").text.prefix(6)
                })
            #expect(answers == ["demo-1", "demo-2"])
            #expect(try client.exchange("GET", "/nothing").status == 404)
            #expect(try apus.stop() == .code(0))
        }

        @Test func invalidConfigurationIsReportedWholeAndEndsStart() throws {
            var configuration = TestConfiguration(port: try FreePort.lease(), body: "x")
            configuration.process["thread"] = "2"
            configuration.frontends["other"] = "{bind: nonsense, backend: nobody}"
            let apus = try ApusInstance(configuration, waits: false)
            let end = try apus.master.waitForEnd()
            #expect(end == .code(3))
            let log = apus.logText
            #expect(log.contains("thread"), "\(log)")
            #expect(log.contains("threads"), "no suggestion: \(log)")
            #expect(log.contains("/frontends/other"), "\(log)")
            #expect(log.contains("apus.yaml:2:"), "no position: \(log)")
        }

        @Test func takenPortEndsStartWithItsName() throws {
            let taken = try TestSocket.listen()
            let apus = try ApusInstance(
                TestConfiguration(port: taken.localPort, body: "x"), waits: false)
            let end = try apus.master.waitForEnd()
            #expect(end != .code(0))
            #expect(apus.logText.contains("\(taken.localPort)"), "\(apus.logText)")
            #expect(apus.logText.lowercased().contains("in use"), "\(apus.logText)")
        }

        @Test(arguments: ["missing", "exits", "silent"])
        func workerThatDoesNotComeUpEndsStart(_ fault: String) throws {
            let worker = try ExchangeableWorker("exit 7")
            var configuration = TestConfiguration(port: try FreePort.lease(), body: "x")
            configuration.process["ready_timeout"] = "500ms"
            if fault == "missing" { worker.remove() }
            if fault == "silent" { try worker.set("exec sleep 60") }
            let apus = try ApusInstance(configuration, worker: worker.path, waits: false)
            let end = try apus.master.waitForEnd()
            #expect(end != .code(0), "\(apus.logText)")
            #expect(apus.workerPids.isEmpty)
        }

        @Test func secondMasterIsRefusedAndTheFirstServesOn() throws {
            let port = try FreePort.lease()
            let first = try ApusInstance(TestConfiguration(port: port, body: "first"))
            let second = try ApusInstance(
                TestConfiguration(port: try FreePort.lease(), body: "second"),
                directory: first.directory, waits: false)
            let end = try second.master.waitForEnd()
            #expect(end != .code(0), "\(second.logText)")
            #expect(try HTTPClient(port: port).exchange().text == "first")
            #expect(try first.get("/healthz").status == 200)
        }

        @Test func configurationInJSONIsTakenByContentNotName() throws {
            let port = try FreePort.lease()
            let directory = try TemporaryDirectory()
            let text = """
                {"version": 1, "frontends": {"main": {"bind": ["127.0.0.1:\(port)"],
                 "routes": [{"id": "all", "respond": {"status": 200, "body": "json"}}]}}}
                """
            let file = try directory.write("a.conf", text)
            let process = try ChildProcess(
                Programs.apus,
                [
                    "run", "--config", file, "--state-dir", directory.path("s"),
                    "--runtime-dir", directory.path("r"), "--worker", Programs.worker,
                ], directory: directory)
            let body = try eventually("an answer", within: 20) {
                try? HTTPClient(port: port).exchange().text
            }
            #expect(body == "json")
            process.signal(15)
            #expect(try process.waitForEnd() == .code(0))
        }
    }
}
