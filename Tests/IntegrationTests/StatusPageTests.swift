// The status page of a real master, as a browser gets it through the unix socket.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(2))) struct StatusPageTests {
        @Test func whatIsDownAndWhatIsOut() throws {
            let (good, sick) = (try EchoServer(name: "good"), try EchoServer(name: "sick"))
            sick.health = 503
            let port = try FreePort.lease()
            var configuration = TestConfiguration(port: port, serverPort: 1)
            configuration.frontends["main"] =
                "{bind: \"127.0.0.1:\(port)\", max_connections: 100, backend: echo}"
            configuration.backends["echo"] = """
                {check: {http: {path: /health}, interval: 100ms, fast_interval: 100ms},
                servers: {good: {address: "127.0.0.1:\(good.port)", max_connections: 9},
                out: {address: "127.0.0.1:\(good.port)"},
                sick: {address: "127.0.0.1:\(sick.port)"}}}
                """.replacing("\n", with: " ")
            let apus = try ApusInstance(configuration)
            let change = try apus.patch(
                "/v1/backends/echo/servers/out", body: "{\"admin_state\":\"MAINT\"}")
            try #require(change.status == 200)
            let client = try HTTPClient(port: port)
            try eventually("states and counters") {
                try #require(try client.exchange().status == 200)
                let rows = try Self.page(apus).rows(ofTable: "Backend echo")
                let states = rows.map { $0["State"] }
                return states == ["UP", "MAINT", "DOWN", "UP"] && rows[0]["2xx"] != "0"
            }
            let html = try Self.page(apus)
            let rows = html.rows(ofTable: "Backend echo: http, ")
            #expect(rows.map { $0["Server"] } == ["good", "out", "sick", "All of echo"])
            #expect(rows[0]["Last check"]?.hasPrefix("L7OK 200 in ") == true)
            #expect(rows[0]["Limit"] == "9" && rows[1]["Limit"] == "–")
            #expect(rows[2]["Why"] == "L7STS 503" && rows[2]["Since"]?.hasSuffix(" s") == true)
            #expect(rows[2]["Weight"] == "0, configured 100")
            let attention = html.rows(ofTable: "Servers that are not simply up")
            #expect(attention.map { $0["Server"] } == ["echo/out", "echo/sick"])
            let frontend = try #require(html.rows(ofTable: "Frontends").first)
            #expect(frontend["Addresses"] == "127.0.0.1:\(port)")
            #expect(frontend["Connections"] == "1" && frontend["Limit"] == "100")
            let workers = html.rows(ofTable: "Workers")
            #expect(workers.map { $0["Process"] } == (try apus.servingPids.map { "\($0)" }))
            #expect(workers.first?["Status"] == "READY")
            let generations = html.rows(ofTable: "Generations")
            #expect(generations.map { $0["Phase"] } == ["SERVING"])
            // The program shows it as it is.
            let shown = try apus.command(["api", "GET", "/v1/page?backend=echo"])
            #expect(shown.code == 0)
            #expect(try Markup(document: shown.output).all("h1").first?.text == "Apus")
        }

        /// What a browser does that a name of somebody's DNS has led to a forwarded port.
        @Test func aForeignNameLeadsNowhere() throws {
            let apus = try ApusInstance(
                TestConfiguration(port: try FreePort.lease(), body: "x"))
            for (host, status) in [
                ("evil.example", 403), ("evil.example:8080", 403), ("localhost:8080", 200),
                ("127.0.0.1:8080", 200), ("[::1]:8080", 200), ("apus", 200),
                ("apus.localhost:8080", 200), ("evil-localhost.example", 403),
                ("localhost.evil.example", 403),
            ] {
                let client = try HTTPClient(path: apus.socketPath)
                let answer = try client.exchange("GET", "/v1/page", host: host)
                #expect(answer.status == status, "\(host)")
            }
        }

        private static func page(_ apus: ApusInstance) throws -> Markup {
            let answer = try apus.get("/v1/page")
            try #require(answer.status == 200)
            return try Markup(document: answer.text)
        }
    }
}
