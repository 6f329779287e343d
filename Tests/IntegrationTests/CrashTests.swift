// Workers that die or stop: the port never refuses, a replacement comes, leavers live on.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(3))) struct CrashTests {
        @Test func killedWorkerIsReplacedAndThePortNeverRefuses() throws {
            let setting = try Setting()
            let pin = try PinnedTransfer(port: setting.port)
            try #require(try setting.apus.reload().status == 200)
            let leaver = try setting.apus.generation(1)
            let knocking = Knocking(port: setting.port)
            var times: [Double] = []
            for _ in 0..<3 {
                let pid = try #require(try setting.apus.servingPids.first)
                let elapsed = Elapsed()
                kill(Int32(pid), SIGKILL)
                let answer = try HTTPClient(port: setting.port).exchange("GET", "/after")
                times.append(elapsed.milliseconds)
                #expect(answer.status == 200)
                #expect(try setting.apus.servingPids.first != pid)
                // The back-off grows only for crashes soon after each other.
                try eventually("the end of probation", within: 5) {
                    try setting.apus.get("/readyz").status == 200
                }
            }
            try knocking.stop()
            report("kill -9 to answered again: \(times.map { Int($0) }) ms")
            #expect(knocking.refused == 0)
            #expect(times[0] < 3000)
            let after = try setting.apus.generation(1)
            #expect(after["reloads"] == leaver["reloads"])
            #expect(after["phase"].text == "LEAVING")
            #expect(pin.isRunning)
            let crashed = try setting.apus.generations().filter { $0["exit"]["signal"].int == 9 }
            #expect(crashed.count == 3)
            #expect(crashed.allSatisfy { $0["exit"]["expected"].bool == false })
            #expect(setting.apus.inspection.zombies.isEmpty)
        }

        @Test func crashInProbationGoesBackToTheRevisionBefore() throws {
            let worker = try ExchangeableWorker()
            let setting = try Setting(worker: worker.path) { $0.process["probation"] = "3s" }
            try eventually("revision 1 to be trusted", within: 10) {
                let client = try HTTPClient(port: setting.port)
                _ = try client.exchange()
                return try setting.apus.generation(1)["ready_at"].text.map { age($0) > 3.3 } == true
            }
            // The next start dies 300 ms after it began to serve; later ones are well.
            try worker.set(
                """
                mv "\(worker.path)" "\(worker.path).used"
                cp "\(worker.path).good" "\(worker.path)"
                (sleep 0.5; kill -KILL $$) </dev/null >/dev/null 2>&1 &
                \(ExchangeableWorker.good)
                """)
            try worker.directory.write("worker.good", "#!/bin/sh\n\(ExchangeableWorker.good)\n")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: worker.path + ".good")
            var changed = setting.configuration
            changed.addListener("changed", port: try FreePort.lease())
            try setting.apus.write(changed)
            let answer = try setting.apus.reload()
            #expect(answer.status == 200, "\(answer)")
            let revision = try #require(answer.json["config_revision"].int)
            try eventually("the rollback", within: 15) {
                let current = try? setting.apus.get("/v1/generations/current").json
                return current?["generation"].int ?? 0 > 2
                    && current?["config_revision"].int == revision - 1
            }
            let rollback = try #require(
                try setting.apus.get("/v1/reloads").json["items"].list.first {
                    $0["trigger"]["source"].text == "rollback"
                })
            #expect(rollback["status"].text == "SUCCEEDED")
            #expect(try HTTPClient(port: setting.port).exchange().status == 200)
        }

        @Test func crashLoopBacksOff() throws {
            let worker = try ExchangeableWorker()
            let setting = try Setting(worker: worker.path)
            try worker.set("echo start >> \(worker.directory.path("starts")); exit 9")
            kill(Int32(try #require(try setting.apus.servingPids.first)), SIGKILL)
            let deadline = Deadline(seconds: 4)
            while !deadline.isOver {
                #expect(try setting.apus.get("/healthz").status == 200)
                Thread.sleep(forTimeInterval: 0.2)
            }
            let starts =
                try String(contentsOfFile: worker.directory.path("starts"), encoding: .utf8)
                .split(separator: "\n").count
            report("starts of a worker that exits at once, in 4 s: \(starts)")
            #expect((2...20).contains(starts))
            #expect(try setting.apus.get("/readyz").status == 503)
            // The port does not refuse meanwhile, and all is well as soon as the worker is.
            let waiting = try HTTPClient(port: setting.port)
            try waiting.socket.send(HTTPClient.request("GET", "/waited"))
            try worker.set(ExchangeableWorker.good)
            #expect(try waiting.response(within: 20).text == "/waited")
        }

        @Test func stoppedWorkerIsFoundAndReplaced() throws {
            let setting = try Setting()
            let pid = try #require(try setting.apus.servingPids.first)
            let elapsed = Elapsed()
            kill(Int32(pid), SIGSTOP)
            let found = try eventually("the stopped worker's end", within: 10) {
                ProcessInspection(pid: pid).isAlive ? nil : elapsed.milliseconds
            }
            let answer = try HTTPClient(port: setting.port).exchange("GET", "/again")
            report(
                "SIGSTOP: killed after \(Int(found)), served after \(Int(elapsed.milliseconds)) ms")
            #expect(answer.status == 200)
            #expect(found < 3500)
        }

        /// Ways of going wrong after READY, see Tests/HostileWorker. The port answers again soon.
        @Test(arguments: ["half-close", "hang-serving", "never-release"])
        func workerGoesWrongWhileItServes(_ mode: String) throws {
            let worker = try ExchangeableWorker()
            let setting = try Setting(worker: worker.path) { $0.process["switch_timeout"] = "1s" }
            try worker.setHostile(mode)
            try #require(try setting.apus.reload().status == 200)
            let hostile = try #require(try setting.apus.servingPids.first)
            try worker.set(ExchangeableWorker.good)
            if mode == "never-release" {
                let answer = try setting.apus.reload()
                #expect(answer.status == 200, "\(answer)")
            }
            try eventually("the hostile worker's end", within: 10) {
                !ProcessInspection(pid: hostile).isAlive
            }
            #expect(try HTTPClient(port: setting.port).exchange("GET", "/well").text == "/well")
            #expect(try setting.apus.generation(2)["phase"].text == "EXITED")
        }

        private func age(_ time: String) -> Double {
            let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
            guard let date = try? format.parse(time) else { return 0 }
            return Date.now.timeIntervalSince(date)
        }
    }
}

/// Connects again and again, and counts refusals.
private final class Knocking: Sendable {
    private let threads = Threads()
    private let stopped = OnceFlag()
    private let refusals = Counter()
    var refused: Int { refusals.value }

    init(port: Int) {
        threads.start { [self] in
            while !stopped.isSet {
                do {
                    _ = try TestSocket.connect(port: port)
                } catch let failure as SocketFailure {
                    if failure.isRefused { refusals.add() }
                } catch {}
                Thread.sleep(forTimeInterval: 0.001)
            }
        }
    }

    func stop() throws {
        stopped.set()
        try threads.join()
    }
}
