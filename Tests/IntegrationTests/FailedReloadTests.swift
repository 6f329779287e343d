// A failed reload changes nothing: whatever fails, the same generation serves with the same
// sockets, the master has the same descriptors, and the next good reload works.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(3))) struct FailedReloadTests {
        /// What is wrong, and the code that the caller must get.
        enum Fault: String, CaseIterable, Sendable {
            case badYAML, unknownField, unsupportedField, portTaken
            case workerMissing, workerNotExecutable
            case workerExits, workerCrashes, workerSilent, workerStopped, workerSlow

            var codes: Set<String> {
                switch self {
                case .badYAML, .unknownField, .unsupportedField: ["config-invalid"]
                case .portTaken: ["listener-bind-failed"]
                case .workerMissing, .workerNotExecutable: ["spawn-failed"]
                case .workerExits, .workerCrashes: ["worker-exited-in-init"]
                case .workerSilent, .workerStopped, .workerSlow: ["ready-timeout"]
                }
            }
        }

        @Test(arguments: Fault.allCases) func nothingChanges(_ fault: Fault) throws {
            let worker = try ExchangeableWorker()
            let setting = try Setting(worker: worker.path) {
                $0.process["ready_timeout"] = "3s"
            }
            let taken = try TestSocket.listen()
            var configuration = setting.configuration
            switch fault {
            case .badYAML: try setting.apus.write("version: 1\nfrontends: [\n")
            case .unknownField: try setting.apus.write(configuration.text + "frontend: {}\n")
            case .unsupportedField:
                try setting.apus.write(configuration.text + "certificates: {}\n")
            case .portTaken:
                configuration.addListener("new", port: try FreePort.lease())
                configuration.addListener("taken", port: taken.localPort)
                try setting.apus.write(configuration)
            case .workerMissing: worker.remove()
            case .workerNotExecutable: try worker.setMode(0o644)
            case .workerExits: try worker.set("echo told you so >&2; exit 7")
            case .workerCrashes: try worker.set("kill -SEGV $$")
            case .workerSilent: try worker.set("exec sleep 60")
            case .workerStopped: try worker.set("kill -STOP $$")
            case .workerSlow: try worker.set("sleep 5; \(ExchangeableWorker.good)")
            }
            let answer = try expectNothingChanges(setting) { try setting.apus.reload() }
            let code = answer.json["operation"]["error"]["code"].text ?? answer.json["code"].text
            #expect(fault.codes.contains(code ?? ""), "\(answer)")
            #expect([422, 503].contains(answer.status))
            #expect(answer.json["operation"]["status"].text == "FAILED")
            if fault == .workerExits {
                #expect(answer.text.contains("told you so"), "no log of the worker: \(answer)")
            }
            if fault == .portTaken { #expect(answer.text.contains("\(taken.localPort)")) }
            try worker.set(ExchangeableWorker.good)
            try expectNextReloadWorks(setting)
        }

        /// A system call of the master fails while it starts a worker.
        @Test(arguments: [
            "clone,clone3,vfork,fork:error=EAGAIN", "clone,clone3,vfork,fork:error=ENOMEM",
            "socketpair:error=EMFILE", "memfd_create:error=ENOMEM",
        ])
        func systemCallFails(_ injection: String) throws {
            let setting = try Setting()
            let answer = try expectNothingChanges(setting) {
                let strace = try Injection(injection, pid: setting.apus.master.pid)
                defer { strace.end() }
                return try setting.apus.reload()
            }
            #expect(answer.json["operation"]["status"].text == "FAILED", "\(answer)")
            #expect(answer.text.contains(injection.suffix(6).filter { $0 != "=" }), "\(answer)")
            try expectNextReloadWorks(setting)
        }

        /// A disk that takes its time delays a reload, and nothing else.
        @Test func slowDiskBlocksNeitherTheAPINorTraffic() throws {
            let setting = try Setting()
            let strace = try Injection(
                "pwrite64,fsync,fdatasync:delay_enter=400000", pid: setting.apus.master.pid)
            var changed = setting.configuration
            changed.addListener("extra", port: try FreePort.lease())
            try setting.apus.write(changed)
            let threads = Threads()
            let done = OnceFlag()
            let total = Elapsed()
            threads.start {
                _ = try? setting.apus.reload()
                done.set()
            }
            var slowest = 0.0
            try eventually("the reload's end", within: 30) {
                let elapsed = Elapsed()
                #expect(try setting.apus.get("/v1/status").status == 200)
                slowest = max(slowest, elapsed.milliseconds)
                let client = try HTTPClient(port: setting.port)
                #expect(try client.exchange("GET", "/on").text == "/on")
                return done.isSet
            }
            try threads.join()
            strace.end()
            report(
                "slow disk: reload \(Int(total.milliseconds)) ms, slowest API answer "
                    + "\(Int(slowest)) ms")
            #expect(slowest < 1000)
            try eventually("generation 2") { try setting.apus.servingGeneration == 2 }
        }

        /// Each message of a worker that lies, see Tests/HostileWorker.
        @Test(arguments: HostileMode.allCases) func workerLies(_ mode: HostileMode) throws {
            let worker = try ExchangeableWorker()
            let setting = try Setting(worker: worker.path) {
                $0.process["ready_timeout"] = "4s"
                $0.process["switch_timeout"] = "3s"
            }
            try #require(FileManager.default.isExecutableFile(atPath: Programs.hostileWorker))
            try worker.setHostile(mode.rawValue)
            let answer = try expectNothingChanges(setting) { try setting.apus.reload() }
            #expect(answer.json["operation"]["status"].text == "FAILED", "\(answer)")
            #expect(answer.json["code"].text == mode.code, "\(answer)")
            try worker.set(ExchangeableWorker.good)
            try expectNextReloadWorks(setting)
        }

        // MARK: What nothing means

        private func expectNothingChanges(
            _ setting: Setting, _ reload: () throws -> HTTPResponse
        ) throws -> HTTPResponse {
            let apus = setting.apus
            let before = try Observation(setting)
            let worst = Worst()
            let done = OnceFlag()
            let threads = Threads()
            threads.start {
                while !done.isSet {
                    let elapsed = Elapsed()
                    let isAnswered = (try? apus.get("/v1/status").status) == 200
                    worst.note(isAnswered ? elapsed.milliseconds : 60_000)
                }
            }
            defer {
                done.set()
                try? threads.join()
            }
            let answer = try reload()
            done.set()
            try threads.join()
            #expect(worst.milliseconds < 1000, "the API took \(worst.milliseconds) ms")
            try eventually("the failed generation's end") { apus.workerPids.count == 1 }
            // What is only slow to close is no change.
            _ = try? eventually("the same state", within: 3) { try Observation(setting) == before }
            let after = try Observation(setting)
            #expect(after == before, "\(after)\ninstead of\n\(before)")
            #expect(apus.inspection.zombies.isEmpty)
            #expect(try HTTPClient(port: setting.port).exchange("GET", "/still").text == "/still")
            return answer
        }

        private func expectNextReloadWorks(_ setting: Setting) throws {
            try setting.apus.write(setting.configuration)
            let next = try setting.apus.reload()
            #expect(next.status == 200, "\(next)")
            #expect(try HTTPClient(port: setting.port).exchange("GET", "/new").text == "/new")
        }
    }

    /// Names of the hostile worker's lies that must fail a reload.
    enum HostileMode: String, CaseIterable, Sendable {
        case exits = "exit-in-init"
        case crash, hang, refuse, garbage, flood, oversize, lie, miscount
        case wrongGeneration = "wrong-generation"
        case wrongVersion = "wrong-version"
        case sendDescriptors = "send-descriptors"
        case halfClose = "half-close-in-init"

        /// What the caller is told.
        var code: String {
            switch self {
            case .exits, .crash: "worker-exited-in-init"
            case .hang: "ready-timeout"
            case .refuse: "worker-refused"
            default: "worker-protocol-error"
            }
        }
    }
}

/// What must be equal before and after a failed reload.
private struct Observation: Equatable {
    var serving: Int?
    var pids: [Int]
    var reloads: [JSONValue]
    var footprint: Footprint
    var socketOptions: String

    init(_ setting: IntegrationTests.Setting) throws {
        let apus = setting.apus
        serving = try apus.servingGeneration
        pids = try apus.servingPids
        reloads = try apus.generations().filter { $0["phase"].text != "EXITED" }
            .map { $0["reloads"] }
        footprint = try apus.steadyFootprint()
        // Backlog, buffers, timers, inode and cookie of the listening socket.
        socketOptions =
            (try? CommandResult.run(
                "ss", ["-Hltneim", "sport = :\(setting.port)"]
            ).output) ?? ""
    }
}

/// The longest of what many threads measured.
private final class Worst: Sendable {
    private let counter = Counter()

    var milliseconds: Int { counter.value }

    func note(_ milliseconds: Double) {
        let more = Int(milliseconds) - counter.value
        if more > 0 { counter.add(more) }
    }
}

/// strace(1) that makes system calls of a running process fail.
struct Injection {
    private let directory: TemporaryDirectory
    private let process: ChildProcess

    init(_ rule: String, pid: Int32) throws {
        directory = try TemporaryDirectory()
        let calls = rule.prefix { $0 != ":" }
        process = try ChildProcess(
            "strace",
            [
                "-f", "-e", "trace=\(calls)", "-e", "inject=\(rule)", "-o",
                directory.path("trace"), "-p", "\(pid)",
            ], directory: directory)
        let strace = process
        try eventually("strace to attach") { strace.errorOutput.contains("attached") }
    }

    /// Detaches; strace ends in order by SIGINT.
    func end() {
        process.signal(SIGINT)
        _ = try? process.waitForEnd(within: 5)
    }
}

extension ExchangeableWorker {
    func setMode(_ mode: Int) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }
}
