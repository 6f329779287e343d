// Listeners that somebody else has opened and passed to the master: `bind: fd:5`, `bind: fd:NAME`.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(3))) struct PassedSocketTests {
        /// A number that no process of the tests has.
        private static let number: Int32 = 700

        private static func bind(_ binds: String, _ port: Int) -> String {
            "{bind: [\(binds), \"127.0.0.1:\(port)\"], backend: echo}"
        }

        /// Reloads, with it, without it and with it again, lose nothing: who connects meanwhile waits.
        @Test func reloadsKeepItAndTakeItAgain() throws {
            let socket = try TestSocket.listen()
            let server = try EchoServer()
            let port = try FreePort.lease()
            var configuration = TestConfiguration(port: port, serverPort: server.port)
            configuration.process["max_reloads"] = "1000"
            let without = configuration.text
            configuration.frontends["main"] = Self.bind("\"fd:\(Self.number)\"", port)
            let apus = try ApusInstance(
                configuration, descriptors: [Self.number: socket.descriptor])
            let passed = socket.localPort
            socket.close()

            #expect(try HTTPClient(port: passed).exchange().status == 200)
            let line = apus.logText.split(separator: "\n").first {
                $0.contains("listening socket passed")
            }
            #expect(line?.contains("127.0.0.1:\(passed)") == true, "\(line ?? "")")

            let load = MixedLoad(port: passed)
            load.start()
            try eventually("traffic") { server.requestCount > 100 }
            try pace(every: 0.4, count: 12) { step in
                var changed = configuration
                changed.process["max_connections"] = "\(5_000 + step)"
                if step % 4 == 2 {
                    try apus.write(without)
                } else {
                    try apus.write(changed)
                }
                let answer = try apus.reload()
                #expect(answer.status == 200, "\(answer)")
            }
            try load.stop()
            let verdict = load.ledger.verdict(server: server)
            report("12 reloads with and without a passed socket: \(verdict)")
            #expect(verdict.isPerfect, "\(verdict)")
            #expect(apus.logText.contains("no frontend binds a socket that was passed"))
            // No worker has it by accident.
            let pid = try #require(try apus.servingPids.first)
            #expect(ProcessInspection(pid: pid).descriptors[Int(Self.number)] == nil)
            #expect(apus.inspection.descriptors[Int(Self.number)]?.hasPrefix("socket:") == true)
            let facts = try String(
                contentsOfFile: "/proc/\(apus.inspection.pid)/fdinfo/\(Self.number)",
                encoding: .utf8)
            let flags = facts.split(separator: "\n").first { $0.hasPrefix("flags:") }?.suffix(7)
            #expect(
                (flags.flatMap { Int32($0, radix: 8) } ?? 0) & O_CLOEXEC != 0, "\(facts)")
            try apus.stop()
            server.stop()
        }

        /// Who holds the socket restarts the master, or has another one started by the next.
        @Test func itsQueueOutlivesTheMaster() throws {
            let folder = try TemporaryDirectory()
            let socket = try TestSocket.listen()
            var configuration = TestConfiguration()
            configuration.frontends["main"] =
                "{bind: \"fd:\(Self.number)\", routes: [{respond: {body: ours}}]}"
            let descriptors = [Self.number: socket.descriptor]
            let first = try ApusInstance(
                configuration, directory: folder, descriptors: descriptors)
            #expect(try HTTPClient(port: socket.localPort).exchange().text == "ours")
            let oldWorker = try #require(try first.servingPids.first)
            try first.stop(SIGKILL)
            #expect(try HTTPClient(port: socket.localPort).exchange().text == "ours")
            let second = try ApusInstance(resuming: folder, descriptors: descriptors)
            try second.waitUntilReady()
            try eventually("the end of the old worker") {
                !ProcessInspection(pid: oldWorker).isAlive
            }
            #expect(try HTTPClient(port: socket.localPort).exchange().text == "ours")
            try second.stop()
            // Nobody serves now; who connects waits for the next.
            let early = try HTTPClient(port: socket.localPort)
            try early.socket.send(HTTPClient.request("GET", "/"))
            let third = try ApusInstance(resuming: folder, descriptors: descriptors)
            try third.waitUntilReady()
            #expect(try early.response(to: "GET").text == "ours")
        }

        @Test func byNameOfSystemd() throws {
            let sockets = [
                try TestSocket.listen(), try TestSocket.listen(), try TestSocket.listen(),
            ]
            let folder = try TemporaryDirectory()
            // The pid of LISTEN_PID is only known to the process itself.
            let script = folder.path("start")
            try folder.write(
                "start",
                "#!/bin/bash\nexec env LISTEN_PID=$$ LISTEN_FDS=3 LISTEN_FDNAMES=web:two:two "
                    + "\(Programs.apus) \"$@\" 3<&700 4<&701 5<&702 700<&- 701<&- 702<&-\n")
            #expect(unsafe chmod(script, 0o755) == 0)
            var configuration = TestConfiguration()
            configuration.frontends["main"] =
                "{bind: \"fd:web\", routes: [{respond: {body: ours}}]}"
            let apus = try ApusInstance(
                configuration, directory: folder, program: script,
                descriptors: [
                    700: sockets[0].descriptor, 701: sockets[1].descriptor,
                    702: sockets[2].descriptor,
                ])
            #expect(try HTTPClient(port: sockets[0].localPort).exchange().text == "ours")
            for (bind, words) in [
                ("fd:two", "is the name of 2 sockets, choose one by its number: fd:4"),
                ("fd:three", "there is fd:two, fd:web"),
            ] {
                configuration.frontends["main"] = "{bind: \"\(bind)\", routes: [{respond: {}}]}"
                try apus.write(configuration)
                let answer = try apus.reload()
                #expect(answer.status == 422)
                #expect(answer.text.contains(words), "\(answer)")
            }
            configuration.frontends["main"] =
                "{bind: [\"fd:5\", \"fd:web\"], routes: [{respond: {body: both}}]}"
            try apus.write(configuration)
            #expect(try apus.reload().status == 200)
            for socket in [sockets[0], sockets[2]] {
                #expect(try HTTPClient(port: socket.localPort).exchange().text == "both")
            }
        }

        /// A reload that asks for what cannot be had says so at its place, and changes nothing.
        @Test func whatCannotBeTakenIsRefused() throws {
            let folder = try TemporaryDirectory()
            let good = try TestSocket.listen()
            let silent = try TestSocket.bound()
            let datagram = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
            let file = unsafe open(folder.path("file"), O_CREAT | O_RDWR, 0o600)
            defer {
                close(datagram)
                close(file)
            }
            var configuration = TestConfiguration()
            configuration.frontends["main"] =
                "{bind: \"fd:700\", routes: [{respond: {body: ours}}]}"
            let apus = try ApusInstance(
                configuration, directory: folder,
                descriptors: [
                    700: good.descriptor, 701: silent.descriptor, 702: datagram, 703: file,
                    704: good.descriptor,
                ])
            let before = try apus.servingPids
            let address = "127.0.0.1:\(good.localPort)"
            for (binds, index, words) in [
                ("\"fd:705\"", "", "was open when this master began"),
                ("\"fd:701\"", "", "is a socket that does not listen"),
                ("\"fd:702\"", "", "is no stream socket"),
                ("\"fd:703\"", "", "is no socket"),
                ("[\"fd:700\", \"fd:704\"]", "/1", "is the same socket as fd:700"),
                (
                    "[\"fd:700\", \"\(address)\"]", "/0",
                    "is bound to \(address), and so is \(address)"
                ),
                ("\"fd:web\"", "", "none was passed by name"),
            ] {
                configuration.frontends["main"] =
                    "{bind: \(binds), routes: [{respond: {body: ours}}]}"
                try apus.write(configuration)
                let answer = try apus.reload()
                #expect(answer.status == 422, "\(binds)")
                let problem = answer.json["operation"]["error"]["errors"][0]
                #expect(problem["pointer"].text == "/frontends/main/bind\(index)", "\(answer)")
                #expect(problem["message"].text?.contains(words) == true, "\(answer)")
                let here = try apus.command(["config", "validate", apus.configurationPath])
                #expect(here.code == 0, "who has not the socket cannot know: \(here)")
            }
            // The master has it, also where nobody wants it by that name.
            configuration.frontends["main"] =
                "{bind: \"\(address)\", routes: [{respond: {body: ours}}]}"
            try apus.write(configuration)
            let instead = try apus.reload()
            #expect(instead.text.contains("was passed as fd:700: bind that"), "\(instead)")
            #expect(try apus.servingPids == before)
            #expect(try HTTPClient(port: good.localPort).exchange().text == "ours")
        }
    }
}
