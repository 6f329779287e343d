// Health checks over generations: what is known stays, and only one generation asks.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(3))) struct HealthTests {
        /// A good server and one that is sick, each with a check of `/health`.
        private struct Setting {
            let good: EchoServer
            let sick: EchoServer
            let port: Int
            let apus: ApusInstance

            init(interval: String = "100ms") throws {
                good = try EchoServer(name: "good")
                sick = try EchoServer(name: "sick")
                sick.health = 503
                port = try FreePort.lease()
                var configuration = TestConfiguration(port: port, serverPort: 1)
                configuration.process["max_reloads"] = "20"
                configuration.backends["echo"] = """
                    {check: {http: {path: /health}, interval: \(interval), fast_interval: 100ms},
                    servers: {good: {address: "127.0.0.1:\(good.port)"},
                    sick: {address: "127.0.0.1:\(sick.port)"}}}
                    """.replacing("\n", with: " ")
                apus = try ApusInstance(configuration)
            }

            func server(_ name: String) throws -> JSONValue {
                try apus.get("/v1/backends/echo/servers/\(name)").json
            }

            func await(_ name: String, _ state: String) throws {
                try eventually("\(name) \(state)") {
                    try server(name)["operational_state"].text == state
                }
            }

            /// Each over a connection of its own, so over either loop.
            func askGood(_ count: Int) throws {
                for _ in 0..<count {
                    let answer = try HTTPClient(port: port).exchange()
                    #expect(answer.status == 200 && answer["x-server"] == "good")
                }
            }
        }

        @Test func aReloadKeepsWhatIsKnown() throws {
            let setting = try Setting()
            try setting.await("sick", "DOWN")
            try setting.await("good", "UP")
            let before = try setting.server("sick")["check"]["changed_at"]
            for _ in 0..<5 {
                try #require(try setting.apus.reload().status == 200)
                try setting.askGood(10)
                let now = try setting.server("sick")
                #expect(now["operational_state"].text == "DOWN")
                #expect(now["check"]["changed_at"] == before)
            }
            setting.sick.health = 200
            try setting.await("sick", "UP")
            var names: Set<String> = []
            try eventually("traffic on both") {
                names.insert(try HTTPClient(port: setting.port).exchange()["x-server"] ?? "")
                return names == ["good", "sick"]
            }
        }

        /// Leavers are kept alive by idle clients, and ask nobody.
        @Test func onlyTheServingGenerationChecks() throws {
            let setting = try Setting(interval: "500ms")
            try setting.await("good", "UP")
            var clients: [HTTPClient] = []
            let elapsed = Elapsed()
            let before = setting.good.checkCount
            for _ in 0..<10 {
                let client = try HTTPClient(port: setting.port)
                #expect(try client.exchange().status == 200)
                clients.append(client)
                try #require(try setting.apus.reload().status == 200)
                Thread.sleep(forTimeInterval: 0.3)
            }
            #expect(try setting.apus.generations("phase=LEAVING").count >= 5)
            let due = elapsed.milliseconds / 500
            let count = Double(setting.good.checkCount - before)
            report("\(count) checks in 10 reloads, \(due) were due")
            // A twentieth of jitter, and one at each end.
            #expect(count <= due * 1.06 + 2 && count >= due / 2 - 2)
        }

        @Test func theReplacementOfAKilledWorkerGoesOn() throws {
            let setting = try Setting()
            try setting.await("sick", "DOWN")
            let pid = try #require(try setting.apus.servingPids.first)
            kill(Int32(pid), SIGKILL)
            try eventually("a replacement") {
                let now = try setting.apus.servingPids.first
                return now != nil && now != pid
            }
            #expect(try setting.server("sick")["operational_state"].text == "DOWN")
            try setting.askGood(10)
            let before = setting.sick.checkCount
            try eventually("checks") { setting.sick.checkCount >= before + 3 }
            setting.sick.health = 200
            try setting.await("sick", "UP")
        }

        @Test func whatIsToBeSeen() throws {
            let setting = try Setting()
            try setting.await("sick", "DOWN")
            try setting.await("good", "UP")
            let sick = try setting.server("sick")
            #expect(sick["check"]["result"].text == "L7STS" && sick["check"]["code"].int == 503)
            #expect(sick["weight"]["effective"].int == 0)
            let backend = try setting.apus.get("/v1/backends/echo").json
            #expect(backend["servers"]["up"].int == 1 && backend["servers"]["total"].int == 2)
            let table = try setting.apus.command(["server", "list", "-o", "table"])
            #expect(table.code == 0 && table.output.contains("DOWN"))
            let list = try setting.apus.command(["server", "list", "echo"])
            let names = try JSONValue(parsing: Array(list.output.utf8))["items"].list.compactMap {
                $0["name"].text
            }
            #expect(names == ["good", "sick"])
            let shown = try setting.apus.command(["server", "show", "echo/sick", "-o", "wide"])
            #expect(shown.output.contains("L7STS"))
            #expect(try setting.apus.command(["server", "show", "echo/none"]).code == 1)
            #expect(try setting.apus.command(["server", "show", "echo"]).code == 2)
            let metrics = try ObservabilityTests.metrics(setting.apus)
            #expect(metrics[#"apus_server_up{backend="echo",server="sick"}"#] == 0)
            #expect(metrics[#"apus_server_up{backend="echo",server="good"}"#] == 1)
            #expect(metrics[#"apus_server_downs_total{backend="echo",server="sick"}"#] == 1)
            try eventually("the log") {
                setting.apus.logText.contains("server health backend=echo")
            }
            let events = try setting.apus.command(
                ["events", "--no-follow", "--type", "server.health", "-o", "ndjson"])
            let lines = try events.output.split(separator: "\n").map {
                try JSONValue(parsing: Array($0.utf8))
            }
            let down = try #require(lines.first { $0["server"].text == "sick" })
            #expect(down["new"].text == "DOWN" && down["reason"].text == "L7STS")
        }

        /// All are down: an answer at once, and traffic again when a check says so.
        @Test func allAreDown() throws {
            let setting = try Setting()
            setting.good.health = 500
            try setting.await("good", "DOWN")
            try setting.await("sick", "DOWN")
            try eventually("a refusal") {
                try HTTPClient(port: setting.port).exchange().status == 503
            }
            setting.good.health = 200
            try setting.await("good", "UP")
            try setting.askGood(4)
        }
    }
}
