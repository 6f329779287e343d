// A failed reload changes nothing: with each kind of worker that fails before it serves, and with
// everything else that can go wrong before.

import Foundation
import Supervisor
import Syscalls
import TestKit
import Testing

@testable import Master

extension MasterProcessTests {
    @Suite struct FailedReloadTests {
        @Test(arguments: [
            ("exit-in-init", "worker-exited-in-init"), ("crash", "worker-exited-in-init"),
            ("hang", "ready-timeout"), ("refuse", "worker-refused"),
            ("garbage", "worker-protocol-error"), ("flood", "worker-protocol-error"),
            ("oversize", "worker-protocol-error"), ("wrong-generation", "worker-protocol-error"),
            ("wrong-version", "worker-protocol-error"),
            ("send-descriptors", "worker-protocol-error"),
            ("lie", "worker-protocol-error"), ("miscount", "worker-protocol-error"),
            ("half-close-in-init", "worker-protocol-error"),
        ]) func workerFails(_ mode: String, _ code: String) async throws {
            let serving = try await Serving()
            let before = try serving.footprint()
            try serving.master.setWorker(mode)
            let record = try await serving.master.reload()
            #expect(record.status == .failed, "\(serving.master.log)")
            #expect(record.failure?.code == code, "\(record)")
            try await serving.expectUnchanged(since: before)
            if mode == "exit-in-init" {
                #expect(
                    record.logTail == [
                        "the certificate \u{1b}[31mcannot be read", "and so we leave",
                    ])
                try eventually("the line, escaped") {
                    serving.master.log.contains("\\u{1b}[31mcannot")
                }
            }
            try await serving.expectNextReloadWorks()
        }

        @Test func programMissing() async throws {
            let serving = try await Serving()
            let before = try serving.footprint()
            try Files.remove(serving.master.directory.path("worker"))
            let record = try await serving.master.reload()
            #expect(record.failure?.code == "spawn-failed", "\(record)")
            #expect(record.failure?.detail.contains("ENOENT") == true, "\(record)")
            try await serving.expectUnchanged(since: before)
            try await serving.expectNextReloadWorks()
        }

        @Test func programNotExecutable() async throws {
            let serving = try await Serving()
            try Files.remove(serving.master.directory.path("worker"))
            try serving.master.directory.write("worker", "no program")
            let record = try await serving.master.reload()
            #expect(record.failure?.code == "spawn-failed", "\(record)")
            #expect(record.failure?.detail.contains("EACCES") == true, "\(record)")
            try await serving.expectNextReloadWorks()
        }

        @Test func configurationIsInvalid() async throws {
            let serving = try await Serving()
            let before = try serving.footprint()
            try serving.master.write(
                configuration: serving.configuration.text + "frontend: {}\nbackendz: {}\n")
            let record = try await serving.master.reload()
            #expect(record.failure?.code == "config-invalid")
            #expect(record.failure?.problems.count == 2, "all at once: \(record)")
            #expect(record.failure?.problems.first?.suggestion == "frontends")
            #expect(serving.master.handle.snapshot().problems.count == 2)
            try eventually("the problem in the log") { serving.master.log.contains("did you mean") }
            try await serving.expectUnchanged(since: before)
            try await serving.expectNextReloadWorks()
            #expect(serving.master.handle.snapshot().problems.isEmpty)
        }

        @Test func configurationIsGone() async throws {
            let serving = try await Serving()
            try Files.remove(serving.master.directory.path("apus.yaml"))
            let record = try await serving.master.reload()
            #expect(record.failure?.code == "file-missing", "\(record)")
            try await serving.expectNextReloadWorks()
        }

        @Test func portIsTaken() async throws {
            let serving = try await Serving()
            let before = try serving.footprint()
            let taken = try FreePort.lease()
            let other = try TestSocket.listen(port: taken)
            var configuration = serving.configuration
            configuration.addListener("more", port: taken)
            try serving.master.write(configuration: configuration.text)
            let record = try await serving.master.reload()
            #expect(record.failure?.code == "listener-bind-failed", "\(record)")
            #expect(record.failure?.pointer == "/frontends/more/bind/0")
            let own = ProcessInfo.processInfo.processIdentifier
            #expect(record.failure?.detail.contains("127.0.0.1:\(taken)") == true)
            #expect(record.failure?.detail.contains("held by") == true, "\(record)")
            #expect(record.failure?.detail.contains("(pid \(own))") == true, "\(record)")
            other.close()
            try serving.master.write(configuration: serving.configuration.text)
            try await serving.expectUnchanged(since: before)
            try await serving.expectNextReloadWorks()
        }

        @Test func oneOfSeveralWorkersFails() async throws {
            let serving = try await Serving { $0.process["workers"] = "3" }
            let before = try serving.footprint()
            try serving.master.setWorker("refuse")
            let record = try await serving.master.reload()
            #expect(record.failure?.code == "worker-refused", "\(record)")
            try await serving.expectUnchanged(since: before)
            try await serving.expectNextReloadWorks()
        }

        /// The very first one: nothing serves, so the master leaves, with a code that says why.
        @Test func theFirstReloadFails() async throws {
            let port = try FreePort.lease()
            let master = try TestMaster.start(
                worker: "refuse", configuration: TestConfiguration(port: port, body: "x").text)
            #expect(master.waitForEnd() == 1, "\(master.log)")
            let invalid = try TestMaster.start(configuration: "version: 1\nnonsense: 2\n")
            #expect(invalid.waitForEnd() == 3, "\(invalid.log)")
            await #expect(throws: MasterError.stopped) { _ = try await invalid.reload() }
        }
    }
}

/// A master whose first generation serves.
struct Serving {
    let port: Int
    var configuration: TestConfiguration
    let master: TestMaster

    init(
        worker: String = "ok", _ change: (inout TestConfiguration) -> Void = { _ in }
    ) async throws {
        port = try FreePort.lease()
        configuration = TestConfiguration(port: port, body: "x")
        configuration.process["ready_timeout"] = "3s"
        configuration.process["switch_timeout"] = "1s"
        configuration.process["kill_after"] = "300ms"
        configuration.process["threads"] = "1"
        change(&configuration)
        master = try TestMaster.start(worker: worker, configuration: configuration.text)
        let first = try await master.started()
        #expect(first.status == .succeeded, "\(first) \(master.log)")
    }

    /// What must be the same before and after a failed reload.
    struct Footprint: Equatable {
        var serving: Int?
        var reloads: [Int]
        var pids: [Int32]
        var inode: Int?
        var listeners: [ListenerView]
    }

    func footprint() throws -> Footprint {
        let snapshot = master.handle.snapshot()
        let live = snapshot.generations.filter { $0.phase != .exited }
        return Footprint(
            serving: snapshot.serving, reloads: live.map(\.reloads),
            pids: live.flatMap { $0.workers.compactMap(\.pid) },
            inode: ProcessInspection.listeningInode(port: port), listeners: snapshot.listeners)
    }

    func expectUnchanged(since before: Footprint) async throws {
        _ = try await master.waitUntil("the failed generation's end") { snapshot in
            snapshot.generations.count { $0.phase != .exited } == 1 ? true : nil
        }
        #expect(try footprint() == before)
        #expect(try ask(port) == "1\n")
    }

    func expectNextReloadWorks() async throws {
        try master.setWorker("ok")
        try master.write(configuration: configuration.text)
        let next = try await master.reload()
        #expect(next.status == .succeeded, "\(next) \(master.log)")
        #expect(try ask(port) == "\(next.toGeneration ?? 0)\n")
    }
}
