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

        /// Killed with all its workers, or stopped: the next life begins with what was said, from the
        /// first request on.
        @Test(arguments: ["killed", "stopped"])
        func whatIsWantedOutlivesTheMaster(_ end: String) throws {
            var setting = try Setting()
            #expect(try setting.ask() == 200)
            let told = try setting.apus.patch(
                Setting.server, body: #"{"admin_state":"MAINT","weight":7,"max_connections":3}"#)
            #expect(told.status == 200)
            try eventually("503 in maintenance", within: 5) { try setting.ask() == 503 }
            let before = setting.victim.requestCount
            if end == "killed" {
                setting.apus.tearDown()
            } else {
                #expect(try setting.apus.stop() == .code(0))
            }
            let second = try ApusInstance(resuming: setting.apus.directory)
            var statuses: [Int] = []
            try eventually("20 answers", within: 20) {
                if let status = try? setting.ask() { statuses.append(status) }
                return statuses.count >= 20
            }
            #expect(Set(statuses) == [503] && setting.victim.requestCount == before)
            try second.waitUntilReady()
            let server = try second.get(Setting.server).json
            #expect(server["admin_state"].text == "MAINT" && server["weight"]["override"].int == 7)
            #expect(server["max_connections"]["override"].int == 3)
            #expect(second.logText.contains("victim/one"), "\(second.logText)")
            let table = try second.command(["server", "list", "victim", "-o", "table"])
            #expect(table.output.contains(" 0*/100 ") && table.output.contains(" 3*/- "))
            // Another weight in the file while no master looks: that, and only that, gives way, for
            // good.
            #expect(try second.stop() == .code(0))
            for weight in [50, 100] {
                setting.configuration.backends["victim"] = Setting.backend(
                    setting.victim.port, weight: weight)
                try setting.apus.write(setting.configuration)
                let next = try ApusInstance(resuming: setting.apus.directory)
                try next.waitUntilReady()
                #expect(try setting.ask() == 503)
                let server = try next.get(Setting.server).json
                #expect(server["weight"]["override"] == .null)
                #expect(server["max_connections"]["override"].int == 3)
                #expect(try next.stop() == .code(0))
            }
            let last = try ApusInstance(resuming: setting.apus.directory)
            try last.waitUntilReady()
            let back = try last.command(["server", "set", "victim/one", "--reset"])
            #expect(back.code == 0, "\(back)")
            try eventually("200 as configured", within: 5) { try setting.ask() == 200 }
            last.tearDown()
            let after = try ApusInstance(resuming: setting.apus.directory)
            try after.waitUntilReady()
            #expect(try setting.ask() == 200)
            #expect(try after.get(Setting.server).json["max_connections"]["override"] == .null)
        }

        /// What names a server that is no longer there is told and forgotten, as by a reload.
        @Test func aServerThatWentWhileNoMasterLookedIsForgotten() throws {
            var setting = try Setting()
            let told = try setting.apus.command(["server", "maint", "victim/one"])
            #expect(told.code == 0)
            setting.apus.tearDown()
            let old = setting.configuration
            setting.configuration.backends["victim"] =
                "{servers: {two: {address: \"127.0.0.1:\(setting.victim.port)\"}}}"
            try setting.apus.write(setting.configuration)
            let second = try ApusInstance(resuming: setting.apus.directory)
            try second.waitUntilReady()
            #expect(try setting.ask() == 200)
            try eventually("the event", within: 5) {
                try second.command(["events", "--no-follow", "-o", "ndjson"]).output
                    .contains("server.override_dropped")
            }
            try setting.apus.write(old)
            try #require(try second.reload().status == 200)
            #expect(try setting.ask() == 200)
            #expect(try second.stop() == .code(0))
            let third = try ApusInstance(resuming: setting.apus.directory)
            try third.waitUntilReady()
            #expect(try setting.ask() == 200)
        }

        /// Idle connections to a server in maintenance are closed within 100 ms, by all loops. They
        /// are idle themselves, and would look for themselves after 400 ms: it is the order that
        /// wakes them. A busy machine may be late now and then, not most of the time.
        @Test func maintenanceEmptiesThePool() throws {
            let setting = try Setting()
            func set(_ state: String) throws {
                let answer = try setting.apus.patch(
                    Setting.server, body: "{\"admin_state\":\"\(state)\"}")
                #expect(answer.status == 200)
            }
            var times: [Double] = []
            for _ in 0..<9 {
                let clients = try (0..<12).map { _ in
                    try eventually("an answer of the server") {
                        let client = try HTTPClient(port: setting.port)
                        let answer = try client.exchange("GET", "/", host: "victim.test")
                        return answer.status == 200 ? client : nil
                    }
                }
                #expect(clients.count == 12)
                #expect(setting.victim.openConnectionCount >= 3)
                let elapsed = Elapsed()
                try set("MAINT")
                try eventually("no connection", within: 5) {
                    setting.victim.openConnectionCount == 0
                }
                times.append(elapsed.milliseconds)
                try set("READY")
            }
            times.sort()
            #expect(times[4] < 100)
            report(
                "maintenance to an empty pool: \(Int(times[4])) ms (median of 9), at most "
                    + "\(Int(times[8])) ms")
        }
    }
}
