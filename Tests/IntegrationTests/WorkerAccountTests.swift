// Workers that run as another user than the master, which is root: `process.user`.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.enabled(if: geteuid() == 0, "needs root"), .timeLimit(.minutes(3)))
    struct WorkerAccountTests {
        /// Who daemon and nobody are, on every Linux.
        private static let daemon = "1"
        private static let nobody = "65534"

        private static func expect(
            _ pid: Int, user: String, group: String, groups: [String],
            sourceLocation: SourceLocation = #_sourceLocation
        ) {
            let worker = ProcessInspection(pid: pid)
            func check(_ name: String, _ words: [String]) {
                #expect(
                    worker.statusWords(name) == words, "\(name)", sourceLocation: sourceLocation)
            }
            check("Uid", Array(repeating: user, count: 4))
            check("Gid", Array(repeating: group, count: 4))
            check("Groups", groups)
            for set in ["CapPrm", "CapEff", "CapInh", "CapAmb"] {
                check(set, [String(repeating: "0", count: 16)])
            }
            check("NoNewPrivs", ["1"])
        }

        /// A port that only root may bind.
        private static func lowPort() throws -> Int {
            try #require(
                (600..<1_000).shuffled().first { port in
                    ProcessInspection.listeningInode(port: port) == nil
                })
        }

        @Test func workersAreWhomTheConfigurationNames() throws {
            let port = try Self.lowPort()
            let setting = try Setting { configuration in
                configuration.process["user"] = "daemon"
                configuration.frontends["low"] = "{bind: \"127.0.0.1:\(port)\", backend: echo}"
            }
            let first = try #require(try setting.apus.servingPids.first)
            Self.expect(first, user: Self.daemon, group: Self.daemon, groups: [Self.daemon])
            #expect(setting.apus.inspection.statusWords("Uid") == Array(repeating: "0", count: 4))
            #expect(try HTTPClient(port: port).exchange().status == 200)
            #expect(!setting.apus.logText.contains("workers run as root"))

            // A killed one is replaced by one of the same account.
            kill(Int32(first), SIGKILL)
            #expect(try HTTPClient(port: port).exchange().status == 200)
            let second = try #require(try setting.apus.servingPids.first)
            #expect(second != first)
            Self.expect(second, user: Self.daemon, group: Self.daemon, groups: [Self.daemon])

            // The configuration says whom the next generation is; and the master may end any.
            var configuration = setting.configuration
            configuration.process["user"] = "\"65534\""
            configuration.process["group"] = "daemon"
            configuration.process["max_reloads"] = "0"
            try setting.apus.write(configuration)
            #expect(try setting.apus.reload(mode: "HARD").status == 200)
            let third = try #require(try setting.apus.servingPids.first)
            Self.expect(third, user: Self.nobody, group: Self.daemon, groups: [])
            try eventually("the end of the first user's worker") {
                !ProcessInspection(pid: second).isAlive
            }
            #expect(try HTTPClient(port: port).exchange().status == 200)
            #expect(try setting.apus.stop() == .code(0))
        }

        @Test func reloadsFromUserToUserLoseNothing() throws {
            let folder = try TemporaryDirectory()
            let log = folder.path("access.log")
            let setting = try Setting { configuration in
                configuration.process["user"] = "daemon"
                configuration.accessLog = log
            }
            let load = MixedLoad(port: setting.port)
            load.start()
            try eventually("traffic") { setting.server.requestCount > 100 }
            try pace(every: 0.5, count: 8) { step in
                var configuration = setting.configuration
                configuration.process["user"] = ["nobody", "daemon", "root"][step % 3]
                try setting.apus.write(configuration)
                let answer = try setting.apus.reload()
                #expect(answer.status == 200, "\(answer)")
            }
            // The last of them was step 7.
            let last = try #require(try setting.apus.servingPids.first)
            Self.expect(last, user: Self.daemon, group: Self.daemon, groups: [Self.daemon])
            try load.stop()
            let verdict = load.ledger.verdict(server: setting.server)
            report("8 reloads from user to user: \(verdict)")
            #expect(verdict.isPerfect, "\(verdict)")
            // The master has opened it; workers could not.
            let attributes = try FileManager.default.attributesOfItem(atPath: log)
            #expect(attributes[.ownerAccountID] as? NSNumber == 0)
            try eventually("the access log") {
                try String(contentsOfFile: log, encoding: .utf8).contains("\"status\":200")
            }
        }

        @Test(arguments: [
            ("user", "nosuchuser", "no user that this machine knows"),
            ("group", "nosuchgroup", "no group that this machine knows"),
        ])
        func anUnknownNameIsRefusedAtItsPlace(_ field: String, _ name: String, _ words: String)
            throws
        {
            let setting = try Setting { $0.process["user"] = "daemon" }
            let before = try setting.apus.servingPids
            let lines = setting.configuration.text.replacing(
                "user: daemon",
                with: field == "user" ? "user: \(name)" : "user: daemon, group: \(name)")
            try setting.apus.write(lines)
            let answer = try setting.apus.reload()
            #expect(answer.status == 422)
            let problem = answer.json["operation"]["error"]["errors"][0]
            #expect(problem["pointer"].text == "/process/\(field)", "\(answer)")
            #expect(problem["line"].int == 2)
            #expect(
                problem["message"].text?.contains("\"\(name)\" is \(words)") == true, "\(answer)")
            let plan = try setting.apus.command([
                "config", "validate", "--level", "semantic", setting.apus.configurationPath,
            ])
            #expect(plan.code == 0, "who does not run it cannot know: \(plan)")
            #expect(try setting.apus.servingPids == before)
            #expect(try HTTPClient(port: setting.port).exchange().status == 200)
        }

        @Test func aMasterThatIsRootSaysThatItsWorkersAre() throws {
            let setting = try Setting()
            #expect(setting.apus.logText.contains("workers run as root"))
            let plan = try setting.apus.post("/v1/config/validate").json["warnings"].list
            #expect(plan.map { $0["code"].text } == ["workers-as-root"])
            #expect(plan.first?["pointer"].text == "/process")
            let pid = try #require(try setting.apus.servingPids.first)
            #expect(ProcessInspection(pid: pid).statusWords("NoNewPrivs") == ["1"])
        }

        /// What a dead master's worker of another user holds is let go to the next.
        @Test func aNewMasterIsHeardByTheOldOnesWorkers() throws {
            let folder = try TemporaryDirectory()
            let port = try FreePort.lease()
            var configuration = TestConfiguration(port: port, body: "ours")
            configuration.process["user"] = "daemon"
            let old = try ApusInstance(configuration, directory: folder)
            let pid = try #require(try old.servingPids.first)
            old.master.signal(SIGKILL)
            _ = try old.master.waitForEnd(within: 5)
            #expect(try HTTPClient(port: port).exchange().text == "ours", "workers serve on")
            let new = try ApusInstance(resuming: folder)
            try new.waitUntilReady()
            #expect(try HTTPClient(port: port).exchange().text == "ours")
            try eventually("the end of the old worker") { !ProcessInspection(pid: pid).isAlive }
        }
    }
}
