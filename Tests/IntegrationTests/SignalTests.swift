// Signals in every phase, exit codes, and nobody left behind.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(2))) struct SignalTests {
        @Test(arguments: [SIGHUP, SIGUSR2]) func reload(by signal: Int32) throws {
            let setting = try Setting()
            setting.apus.master.signal(signal)
            try eventually("generation 2") { try setting.apus.servingGeneration == 2 }
            let record = try setting.apus.get("/v1/reloads").json["items"][0]
            #expect(record["trigger"]["source"].text == "signal")
            #expect(record["status"].text == "SUCCEEDED")
        }

        @Test(arguments: [SIGTERM, SIGINT]) func stopAtOnce(by signal: Int32) throws {
            let setting = try Setting()
            let pin = try PinnedTransfer(port: setting.port)
            let pids = setting.apus.workerPids
            let elapsed = Elapsed()
            #expect(try setting.apus.stop(signal) == .code(0))
            report("stop: \(Int(elapsed.milliseconds)) ms")
            try expectNobodyLeft(pids, setting)
            #expect(!pin.isRunning)
        }

        @Test func gracefulStopFinishesWhatRuns() throws {
            let setting = try Setting()
            let client = try HTTPClient(port: setting.port)
            try client.socket.send(HTTPClient.request("GET", "/delay/1000"))
            try eventually("the request to arrive") { setting.server.openConnectionCount > 0 }
            let pids = setting.apus.workerPids
            setting.apus.master.signal(SIGUSR1)
            #expect(try client.response().text == "late")
            #expect(try setting.apus.master.waitForEnd() == .code(0))
            try expectNobodyLeft(pids, setting)
        }

        @Test func secondSignalHurriesAGracefulStop() throws {
            let setting = try Setting()
            let pin = try PinnedTransfer(port: setting.port)
            setting.apus.master.signal(SIGUSR1)
            try eventually("the listener's end") {
                ProcessInspection.listeningInode(port: setting.port) == nil
            }
            #expect(pin.isRunning)
            #expect(setting.apus.master.isRunning)
            #expect(try setting.apus.stop(SIGTERM) == .code(0))
        }

        enum Phase: String, CaseIterable, Sendable { case starting, reloading, leaving, crashed }

        /// TERM ends the master in order, whatever is going on.
        @Test(arguments: Phase.allCases) func stopInEveryPhase(_ phase: Phase) throws {
            let worker = try ExchangeableWorker()
            if phase == .starting { try worker.set("exec sleep 60") }
            let port = try FreePort.lease()
            let server = try EchoServer()
            var configuration = TestConfiguration(port: port, serverPort: server.port)
            configuration.process["ready_timeout"] = "30s"
            let apus = try ApusInstance(
                configuration, worker: worker.path, waits: phase != .starting)
            var pin: PinnedTransfer?
            switch phase {
            case .starting:
                try eventually("the worker") { !apus.workerPids.isEmpty }
            case .reloading:
                try worker.set("exec sleep 60")
                #expect(try apus.post("/v1/reloads").status == 202)
                try eventually("the new worker") { apus.workerPids.count == 2 }
            case .leaving:
                pin = try PinnedTransfer(port: port)
                #expect(try apus.reload().status == 200)
            case .crashed:
                try worker.set("exit 1")
                kill(Int32(try #require(try apus.servingPids.first)), SIGKILL)
                try eventually("unreadiness") { try apus.get("/readyz").status == 503 }
            }
            let pids = apus.workerPids
            let end = try apus.stop(within: 10)
            // Nothing ever served: the start has failed.
            #expect(phase == .starting ? end != .signal(SIGTERM) : end == .code(0), "\(end)")
            for pid in pids { #expect(!ProcessInspection(pid: pid).isAlive) }
            #expect(!FileManager.default.fileExists(atPath: apus.socketPath))
            withExtendedLifetime(pin) { server.stop() }
        }

        /// HUP while a reload runs is a reload of its own.
        @Test func reloadSignalsWhileAReloadRuns() throws {
            let worker = try ExchangeableWorker()
            let setting = try Setting(worker: worker.path)
            try worker.set("sleep 0.5; \(ExchangeableWorker.good)")
            #expect(try setting.apus.post("/v1/reloads").status == 202)
            for _ in 0..<20 { setting.apus.master.signal(SIGHUP) }
            try eventually("both to end", within: 15) {
                let records = try setting.apus.get("/v1/reloads").json["items"].list
                let open = records.filter {
                    ["QUEUED", "RUNNING"].contains($0["status"].text ?? "")
                }
                return open.isEmpty && records[0]["trigger"]["source"].text == "signal"
            }
            let serving = try #require(try setting.apus.servingGeneration)
            #expect(serving <= 4)
        }

        private func expectNobodyLeft(_ pids: [Int], _ setting: Setting) throws {
            for pid in pids { #expect(!ProcessInspection(pid: pid).isAlive, "orphan \(pid)") }
            #expect(throws: SocketFailure.self) { try HTTPClient(port: setting.port) }
            #expect(!FileManager.default.fileExists(atPath: setting.apus.socketPath))
        }
    }
}
