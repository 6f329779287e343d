// Leaving generations: they cost new connections nothing, they are counted by successful reloads
// alone, and each gets SIGTERM once.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(4))) struct LeaverTests {
        @Test func tenLeaversDoNotNoticeAStormOfConnections() throws {
            let setting = try Setting()
            let before = storm(setting.port, seconds: 1.5)
            var pins: [PinnedTransfer] = []
            for _ in 0..<10 {
                pins.append(try PinnedTransfer(port: setting.port))
                try #require(try setting.apus.reload().status == 200)
            }
            let leavers = try setting.apus.generations("phase=LEAVING").flatMap {
                try ApusInstance.pids($0)
            }
            try #require(leavers.count == 10)
            let listening = Set(ProcessInspection.listeningSockets().keys)
            for pid in leavers {
                let leaver = ProcessInspection(pid: pid)
                #expect(!leaver.polledInodes.isEmpty)
                #expect(leaver.polledInodes.isDisjoint(with: listening), "epoll set of \(pid)")
                #expect(leaver.socketInodes.isDisjoint(with: listening), "descriptors of \(pid)")
            }
            let quiet = switches(leavers) { holdSeconds(1.5) }
            var after = 0.0
            let stormy = switches(leavers) { after = storm(setting.port, seconds: 1.5) }
            report(
                "accepts/s \(Int(before)) without leavers, \(Int(after)) with 10; their waits "
                    + "per 1.5 s: \(quiet) quiet, \(stormy) in the storm")
            // Their own transfers wake them about 75 times each; one in ten connections of the
            // storm would be seen.
            #expect(stormy < quiet * 2 + Int(after * 1.5) / 10)
            for pin in pins { #expect(pin.isRunning) }
        }

        @Test(arguments: [0, 1]) func smallestMaxReloads(_ limit: Int) throws {
            let setting = try Setting { $0.process["max_reloads"] = "\(limit)" }
            let apus = setting.apus
            let trace = try SignalTrace(sender: apus.master.pid, directory: apus.directory)
            let pin = try PinnedTransfer(port: setting.port)
            for _ in 0..<limit {
                try #require(try apus.reload().status == 200)
                let leaver = try apus.generation(1)
                #expect(leaver["phase"].text == "LEAVING")
                #expect(leaver["reloads"].int == 1)
                #expect(leaver["sigterm_sent"].bool == false)
                #expect(pin.isRunning)
            }
            let last = try apus.reload()
            #expect(last.json["sigterm_sent_to"].list.compactMap(\.int) == [1], "\(last)")
            let gone = try eventually("the end of generation 1") {
                let record = try apus.generation(1)
                return record["phase"].text == "EXITED" ? record : nil
            }
            #expect(gone["sigterm_sent"].bool == true)
            #expect(gone["sigterm_reason"].text == "MAX_RELOADS")
            #expect(gone["reloads"].int == limit + 1)
            #expect(gone["reloads_left"].int == 0)
            #expect(try trace.finished().count("SIGTERM") == 1)
            #expect(try apus.generations("sigterm_sent=true").count == 1)
        }

        @Test func failedReloadsAgeNobody() throws {
            let setting = try Setting { $0.process["max_reloads"] = "1" }
            let pin = try PinnedTransfer(port: setting.port)
            try #require(try setting.apus.reload().status == 200)
            let before = try setting.apus.generations()
            try setting.apus.write("version: 1\nnonsense\n")
            for _ in 0..<3 { #expect(try setting.apus.reload().status == 422) }
            let after = try setting.apus.generations()
            #expect(after.map { $0["reloads"] } == before.map { $0["reloads"] })
            #expect(after.map { $0["phase"] } == before.map { $0["phase"] })
            #expect(try setting.apus.generation(1)["sigterm_sent"].bool == false)
            #expect(pin.isRunning)
        }

        @Test func hardReloadEndsLeaversAtOnce() throws {
            let setting = try Setting()
            let pin = try PinnedTransfer(port: setting.port)
            let answer = try setting.apus.reload(mode: "HARD")
            #expect(answer.status == 200)
            #expect(answer.json["mode"].text == "HARD")
            try eventually("the end of generation 1", within: 5) {
                try setting.apus.generation(1)["phase"].text == "EXITED"
            }
            #expect(try setting.apus.generation(1)["sigterm_reason"].text == "HARD_RELOAD")
            #expect(!pin.isRunning)
        }

        @Test func hardStopAfterEndsALeaver() throws {
            let setting = try Setting { $0.process["hard_stop_after"] = "1s" }
            let pin = try PinnedTransfer(port: setting.port)
            try #require(try setting.apus.reload().status == 200)
            let elapsed = Elapsed()
            try eventually("the end of generation 1", within: 6) {
                try setting.apus.generation(1)["phase"].text == "EXITED"
            }
            #expect(elapsed.milliseconds > 800)
            #expect(try setting.apus.generation(1)["sigterm_reason"].text == "HARD_STOP_AFTER")
            #expect(!pin.isRunning)
        }

        private func switches(_ pids: [Int], during body: () -> Void) -> Int {
            func sum() -> Int {
                pids.reduce(0) { $0 + ProcessInspection(pid: $1).voluntarySwitches }
            }
            let before = sum()
            body()
            return sum() - before
        }

        private func holdSeconds(_ seconds: Double) { Thread.sleep(forTimeInterval: seconds) }

        /// New connections as fast as four clients can; answered requests per second.
        private func storm(_ port: Int, seconds: Double) -> Double {
            let count = Counter()
            let threads = Threads()
            let elapsed = Elapsed()
            for _ in 0..<4 {
                threads.start {
                    let deadline = Deadline(seconds: seconds)
                    while !deadline.isOver {
                        guard let client = try? HTTPClient(port: port),
                            let answer = try? client.exchange(fields: ["Connection: close"])
                        else { continue }
                        if answer.status == 200 { count.add() }
                    }
                }
            }
            try? threads.join(within: seconds + 20)
            return Double(count.value) / (elapsed.milliseconds / 1000)
        }
    }
}

/// Signals that a process sends, as strace(1) sees them.
struct SignalTrace {
    private let process: ChildProcess
    private let file: String

    init(sender: Int32, directory: TemporaryDirectory) throws {
        file = directory.path("signals")
        process = try ChildProcess(
            "strace", ["-f", "-e", "trace=pidfd_send_signal,kill", "-o", file, "-p", "\(sender)"],
            name: "strace", directory: directory)
        let strace = process
        try eventually("strace to attach") { strace.errorOutput.contains("attached") }
    }

    /// Detaches, so that the file is whole.
    func finished() throws -> SignalTrace {
        process.signal(SIGINT)
        _ = try process.waitForEnd(within: 10)
        return self
    }

    func count(_ signal: String) -> Int {
        let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").count { $0.contains(", \(signal),") }
    }
}
