// A reload loses nothing: loads with a ledger while generations follow each other.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(5))) struct ReloadLoadTests {
        /// New connections, busy and idle keep-alive GET and POST, uploads, a tunnel; a reload each
        /// second; a listener added and removed now and then.
        @Test func mixedLoadLosesNothing() throws {
            let setting = try Setting()
            let extra = try FreePort.lease()
            let load = MixedLoad(port: setting.port)
            load.start()
            try eventually("traffic") { setting.server.requestCount > 100 }
            var slowest = (milliseconds: 0.0, steps: "")
            try pace(every: 1, count: isLongRun ? 60 : 12) { step in
                var configuration = setting.configuration
                let hasExtra = step % 5 == 1 || step % 5 == 2
                if hasExtra { configuration.addListener("extra", port: extra) }
                try setting.apus.write(configuration)
                let elapsed = Elapsed()
                let answer = try setting.apus.reload()
                if elapsed.milliseconds > slowest.milliseconds {
                    slowest = (elapsed.milliseconds, "\(answer.json["steps"])")
                }
                #expect(answer.status == 200, "\(answer)")
                #expect((ProcessInspection.listeningInode(port: extra) != nil) == hasExtra)
                if hasExtra { #expect(try HTTPClient(port: extra).exchange().text == "extra") }
            }
            try load.stop()
            let verdict = load.ledger.verdict(server: setting.server)
            report("mixed load: \(verdict)")
            report("slowest reload \(Int(slowest.milliseconds)) ms: \(slowest.steps)")
            #expect(verdict.isPerfect, "\(verdict)")
            #expect(verdict.countByClient["idle"] ?? 0 > 50)
        }

        /// The same where a TCP frontend has the port, and hands over whoever speaks HTTP.
        @Test func connectionsThatAreHandedOver() throws {
            let setting = try Setting { configuration in
                let routes =
                    "[{id: web, match: {http: true}, frontend: main}, {id: rest, deny: {}}]"
                configuration.frontends["door"] = configuration.frontends["main"]?
                    .replacingOccurrences(of: "backend: echo", with: "mode: tcp, routes: \(routes)")
                configuration.frontends["main"] = "{backend: echo}"
                configuration.timeouts["inspect"] = "60s"
            }
            let load = MixedLoad(port: setting.port)
            load.start()
            try eventually("traffic") { setting.server.requestCount > 100 }
            try pace(every: 1, count: isLongRun ? 60 : 8) { _ in
                let answer = try setting.apus.reload()
                #expect(answer.status == 200, "\(answer)")
            }
            try load.stop()
            let verdict = load.ledger.verdict(server: setting.server)
            report("handed over: \(verdict)")
            #expect(verdict.isPerfect, "\(verdict)")
            #expect(verdict.countByClient["idle"] ?? 0 > 30)
        }

        /// The case in which the others lose requests: idle connections that send at the very
        /// moment at which their generation begins to leave.
        @Test func idleConnectionsThatSendWhileTheGenerationLeaves() throws {
            let setting = try Setting()
            var mix = MixedLoad.Mix.none
            (mix.idle, mix.idleMilliseconds) = (40, 60_000)
            let load = MixedLoad(port: setting.port, mix: mix)
            load.start()
            let count = isLongRun ? 60 : 15
            for step in 0..<count {
                try eventually("idle connections") { setting.server.openConnectionCount >= 0 }
                let threads = Threads()
                threads.start { _ = try? setting.apus.reload() }
                // From the request for the reload to some time after the switch.
                try pace(every: Double(step % 15) * 0.004 + 0.001, count: 2) { _ in
                    load.trigger.add()
                }
                try threads.join()
                load.trigger.add()
            }
            try load.stop()
            let verdict = load.ledger.verdict(server: setting.server)
            report("idle race: \(verdict)")
            #expect(verdict.isPerfect, "\(verdict)")
            #expect(verdict.requestCount > count * 40)
        }

        @Test func leaverAnswersWithCloseAndClosesSilentConnectionsLate() throws {
            let setting = try Setting { $0.process["drain_idle_after"] = "1500ms" }
            let speaker = try HTTPClient(port: setting.port)
            let silent = try HTTPClient(port: setting.port)
            #expect(try speaker.exchange("GET", "/a").isReusable)
            #expect(try silent.exchange("GET", "/b").isReusable)
            try #require(try setting.apus.reload().status == 200)
            let elapsed = Elapsed()
            let last = try speaker.exchange("GET", "/c")
            #expect(last.status == 200)
            #expect(last["Connection"]?.lowercased() == "close")
            #expect(speaker.isEnded(within: 2))
            #expect(!silent.isEnded(within: 1))
            #expect(silent.isEnded(within: 5))
            #expect(elapsed.milliseconds > 1400)
            try eventually("the leaver's end") {
                try setting.apus.generation(1)["phase"].text == "EXITED"
            }
        }

        /// Connections that wait in the kernel's queue when their listener is removed.
        @Test func acceptQueueOfRemovedListenerIsDrained() throws {
            let setting = try Setting()
            let extra = try FreePort.lease()
            var configuration = setting.configuration
            configuration.addListener("extra", port: extra, body: "queued")
            try setting.apus.write(configuration)
            try #require(try setting.apus.reload().status == 200)
            let pid = Int32(try #require(try setting.apus.servingPids.first))
            kill(pid, SIGSTOP)
            let clients = try (0..<20).map { _ in try HTTPClient(port: extra) }
            for client in clients { try client.socket.send(HTTPClient.request()) }
            try setting.apus.write(setting.configuration)
            let threads = Threads()
            threads.start { _ = try? setting.apus.reload() }
            try eventually("the new generation's READY", within: 5) {
                try setting.apus.generations().first?["status"].text == "READY"
                    && setting.apus.generations().count == 3
            }
            kill(pid, SIGCONT)
            for client in clients {
                let answer = try client.response()
                #expect(answer.text == "queued")
            }
            try threads.join()
            #expect(ProcessInspection.listeningInode(port: extra) == nil)
            #expect(throws: SocketFailure.self) { try HTTPClient(port: extra) }
        }

        @Test func tunnelAndUploadOutliveTheirGeneration() throws {
            let setting = try Setting()
            let tunnel = try HTTPClient(port: setting.port)
            let upgraded = try tunnel.exchange(
                "GET", "/upgrade", fields: ["Connection: Upgrade", "Upgrade: echo"])
            #expect(upgraded.status == 101)
            let upload = try HTTPClient(port: setting.port)
            let body = EchoServer.pattern(100_000)
            try upload.socket.send(
                HTTPClient.request("POST", "/upload", fields: ["Content-Length: 100000"]))
            try upload.socket.send(Array(body[..<50_000]))
            for word in ["one", "two", "three"] {
                try #require(try setting.apus.reload().status == 200)
                try tunnel.socket.send(word)
                #expect(try tunnel.raw(atLeast: word.utf8.count) == Array(word.utf8))
            }
            try upload.socket.send(Array(body[50_000...]))
            #expect(try upload.response(to: "POST").text == EchoServer.checksum(body))
        }
    }

    /// A server, and a master in front of it that forgets nobody early.
    final class Setting: Sendable {
        let server: EchoServer
        let apus: ApusInstance
        let port: Int
        let configuration: TestConfiguration

        init(
            worker: String = Programs.worker, _ change: (inout TestConfiguration) -> Void = { _ in }
        ) throws {
            server = try EchoServer()
            port = try FreePort.lease()
            var configuration = TestConfiguration(port: port, serverPort: server.port)
            configuration.process["max_reloads"] = "1000"
            configuration.process["hard_stop_after"] = "600s"
            configuration.process["drain_idle_after"] = "4s"
            configuration.process["drain_idle_spread"] = "2s"
            configuration.timeouts = ["http_keep_alive": "60s"]
            change(&configuration)
            self.configuration = configuration
            apus = try ApusInstance(configuration, worker: worker)
        }

        deinit {
            apus.tearDown()
            server.stop()
        }
    }
}
