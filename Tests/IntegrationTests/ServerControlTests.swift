// What operators do with servers at run time, on real workers: sessions end at once and are counted
// exactly, and what is wanted of a server outlives reloads and crashes.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(30))) struct ServerControlTests {
        /// Two servers: who asks for `victim.test` gets the one, others the other.
        private struct Setting {
            let victim: EchoServer
            let other: EchoServer
            let port: Int
            var configuration: TestConfiguration
            let apus: ApusInstance

            init() throws {
                victim = try EchoServer(name: "victim")
                other = try EchoServer(name: "other")
                port = try FreePort.lease()
                configuration = TestConfiguration(port: port, serverPort: other.port)
                configuration.process["max_reloads"] = "20"
                configuration.process["threads"] = "3"
                configuration.frontends["main"] = """
                    {bind: "127.0.0.1:\(port)", routes: [
                    {match: {host: victim.test}, backend: victim}, {backend: echo}]}
                    """.replacing("\n", with: " ")
                configuration.backends["victim"] = Self.backend(victim.port)
                apus = try ApusInstance(configuration)
            }

            static func backend(_ port: Int, weight: Int = 100) -> String {
                "{servers: {one: {address: \"127.0.0.1:\(port)\", weight: \(weight)}}}"
            }

            static let server = "/v1/backends/victim/servers/one"

            func server() throws -> JSONValue { try apus.get(Self.server).json }

            func ask() throws -> Int {
                try HTTPClient(port: port).exchange("GET", "/", host: "victim.test").status
            }
        }

        /// Again and again, while clients of the other server go on: 1,000 times with `make soak`.
        @Test func sessionsEndExactlyAndOthersSeeNothing() throws {
            let setting = try Setting()
            let (victim, port) = (setting.victim, setting.port)
            let stopped = OnceFlag()
            let (good, bad) = (Counter(), Counter())
            let threads = Threads()
            for _ in 0..<2 {
                threads.start {
                    while !stopped.isSet {
                        let client = try? HTTPClient(port: port)
                        for _ in 0..<5 {
                            let answer = try? client?.exchange("GET", "/bytes/100")
                            if answer?.status == 200 { good.add() } else { bad.add() }
                        }
                    }
                }
            }
            for round in 0..<(isLongRun ? 1_000 : 25) {
                let before = victim.requestCount
                let clients = try (0..<(round % 12)).map { _ in try HTTPClient(port: port) }
                for (number, client) in clients.enumerated() {
                    let target = number % 3 == 0 ? "/trickle/20" : "/hang"
                    try client.send("GET", target, host: "victim.test")
                }
                try eventually("\(clients.count) requests at the server") {
                    victim.requestCount - before == clients.count
                }
                let answer = try setting.apus.post("\(Setting.server)/sessions/kill").json
                #expect(answer["complete"].bool == true, "round \(round): \(answer)")
                #expect(answer["killed"].int == clients.count, "round \(round): \(answer)")
                #expect(answer["matched"].int == clients.count, "round \(round): \(answer)")
                // They are closed already: nobody has to wait for it.
                for client in clients {
                    let status = try? client.response(within: 5).status
                    #expect(status == 503 || status == nil, "round \(round)")
                }
            }
            stopped.set()
            try threads.join()
            #expect(bad.value == 0 && good.value > 0)
            report("\(good.value) requests of others went well beside the kills")
        }

        @Test func sessionsOfClientsAndGenerations() throws {
            let setting = try Setting()
            let old = try HTTPClient(port: setting.port)
            try old.send("GET", "/hang")
            try eventually("the request at the server") { setting.other.requestCount == 1 }
            try #require(try setting.apus.reload().status == 200)
            let young = try HTTPClient(port: setting.port)
            try young.send("GET", "/hang")
            try eventually("the request at the server") { setting.other.requestCount == 2 }
            func kill(_ body: String) throws -> JSONValue {
                try setting.apus.post("/v1/sessions/kill", body: body).json
            }
            let none = try kill(#"{"client":"192.0.2.0/24","max":10}"#)
            #expect(none["matched"].int == 0 && none["complete"].bool == true)
            let first = try kill(#"{"generation":1,"max":10}"#)
            #expect(first["killed"].int == 1)
            #expect(try old.response().status == 503)
            let command = try setting.apus.command(
                [
                    "session", "kill", "--backend", "echo", "--client", "127.0.0.0/8", "--max",
                    "10",
                    "-o", "table",
                ])
            #expect(command.code == 0 && command.output == "1 of 1 sessions ended\n", "\(command)")
            #expect(try young.response().status == 503)
        }

        @Test func whatIsWantedOutlivesReloadsAndCrashes() throws {
            var setting = try Setting()
            #expect(try setting.ask() == 200)
            let events = try setting.apus.command(["server", "maint", "victim/one", "-o", "json"])
            #expect(events.code == 0)
            try eventually("503 in maintenance", within: 5) { try setting.ask() == 503 }
            for _ in 0..<5 {
                try #require(try setting.apus.reload().status == 200)
                #expect(try setting.ask() == 503)
            }
            let pid = try #require(try setting.apus.servingPids.first)
            Foundation.kill(Int32(pid), SIGKILL)
            try eventually("another worker", within: 20) {
                try setting.apus.servingPids.first.map { $0 != pid } == true
                    && setting.apus.get("/readyz").status == 200
            }
            #expect(try setting.ask() == 503)
            #expect(try setting.server()["admin_state"].text == "MAINT")
            let back = try setting.apus.patch(
                Setting.server, body: #"{"admin_state":"READY","weight":0}"#)
            #expect(back.status == 200 && back.json["weight"]["override"].int == 0)
            try eventually("503 with weight 0", within: 5) { try setting.ask() == 503 }
            // The same configuration takes nothing back, another weight does.
            try #require(try setting.apus.reload().status == 200)
            #expect(try setting.ask() == 503)
            setting.configuration.backends["victim"] = Setting.backend(
                setting.victim.port, weight: 50)
            try setting.apus.write(setting.configuration)
            try #require(try setting.apus.reload().status == 200)
            try eventually("200 with the configured weight", within: 5) {
                try setting.ask() == 200
            }
            #expect(try setting.server()["weight"]["override"] == .null)
            let told = try setting.apus.command(
                ["events", "--no-follow", "--type", "server.*", "-o", "ndjson"])
            #expect(told.output.contains("server.changed"))
            #expect(told.output.contains("server.override_dropped"))
        }

        /// Idle connections to a server in maintenance are closed within 100 ms, by all loops.
        @Test func maintenanceEmptiesThePool() throws {
            let setting = try Setting()
            let clients = try (0..<12).map { _ in try HTTPClient(port: setting.port) }
            for client in clients {
                #expect(try client.exchange("GET", "/", host: "victim.test").status == 200)
            }
            #expect(setting.victim.openConnectionCount >= 3)
            let elapsed = Elapsed()
            #expect(
                try setting.apus.patch(Setting.server, body: #"{"admin_state":"MAINT"}"#).status
                    == 200)
            try eventually("no connection", within: 5) {
                setting.victim.openConnectionCount == 0
            }
            report("maintenance to an empty pool: \(Int(elapsed.milliseconds)) ms")
        }
    }
}
