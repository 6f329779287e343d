// A real master in this process, on a thread of its own, with real workers of a chosen kind.

import Foundation
import Glibc
import Supervisor
import Synchronization
import Syscalls
import TestKit
import Testing
import Wire

@testable import Master

/// Masters with real workers, one at a time: they have deadlines to keep.
@Suite(.serialized) enum MasterProcessTests {}

/// Stopped, with its workers, when the last reference goes.
final class TestMaster: Sendable {
    let handle: MasterHandle
    let directory: TemporaryDirectory
    private let end: MasterEnd

    /// Starts a master; its first reload may still run when this returns.
    static func start(
        worker: String = "ok", configuration: String, in directory: TemporaryDirectory? = nil,
        program: String? = nil
    ) throws -> TestMaster {
        let directory = try directory ?? TemporaryDirectory()
        try directory.write("apus.yaml", configuration)
        try setWorker(worker, in: directory)
        let options = MasterOptions(
            configurationPath: directory.path("apus.yaml"),
            stateDirectory: directory.path("state"), runtimeDirectory: directory.path("run"),
            workerPath: program ?? directory.path("worker"), version: ApusVersion.current)
        let end = MasterEnd()
        let handle = try end.start(options, logPath: directory.path("log"))
        return TestMaster(handle: handle, directory: directory, end: end)
    }

    private init(handle: MasterHandle, directory: TemporaryDirectory, end: MasterEnd) {
        self.handle = handle
        self.directory = directory
        self.end = end
    }

    deinit {
        // The loop keeps the handle's parts alive until it has ended.
        let handle = handle
        Task { await handle.stop(graceful: false) }
        _ = end.wait(seconds: 5)
    }

    var log: String {
        (try? String(contentsOfFile: directory.path("log"), encoding: .utf8)) ?? ""
    }

    func send(signal: Int32) { end.send(signal: signal) }

    /// Its exit code; nil if it runs on.
    func waitForEnd(seconds: Double = 10) -> Int32? { end.wait(seconds: seconds) }

    /// What workers are from the next spawn on.
    func setWorker(_ mode: String) throws { try Self.setWorker(mode, in: directory) }

    private static func setWorker(_ mode: String, in directory: TemporaryDirectory) throws {
        try directory.write("worker.mode.new", mode)
        try Files.rename(directory.path("worker.mode.new"), to: directory.path("worker.mode"))
        try directory.link("worker", to: Programs.hostileWorker)
    }

    func write(configuration: String) throws {
        try directory.write("apus.yaml", configuration)
    }

    /// A reload until its end.
    func reload(mode: ReloadRecord.Mode = .soft) async throws -> ReloadRecord {
        let trigger = ReloadRecord.Trigger(source: .api, principal: "test")
        return try await finished(handle.requestReload(mode: mode, trigger: trigger).id)
    }

    func finished(_ id: String, seconds: Double = 20) async throws -> ReloadRecord {
        let deadline = Deadline(seconds: seconds)
        var snapshot = handle.snapshot()
        while !deadline.isOver {
            if let record = snapshot.reloads.first(where: { $0.id == id }),
                record.status.isTerminal
            {
                return record
            }
            snapshot = await handle.waitForChange(
                after: snapshot.sequence, until: .milliseconds(500))
        }
        throw WaitExpired("reload \(id)", seconds: seconds)
    }

    /// The startup reload's record.
    func started() async throws -> ReloadRecord {
        let first = try await waitUntil("the first reload") { snapshot in
            snapshot.reloads.last { $0.createdAt >= snapshot.startedAt }?.id
        }
        return try await finished(first)
    }

    func waitUntil<Value>(
        _ what: String, seconds: Double = 10, _ condition: (MasterSnapshot) -> Value?
    ) async throws -> Value {
        let deadline = Deadline(seconds: seconds)
        var snapshot = handle.snapshot()
        while true {
            if let value = condition(snapshot) { return value }
            if deadline.isOver {
                throw WaitExpired("\(what)\n\(log.suffix(3000))", seconds: seconds)
            }
            snapshot = await handle.waitForChange(
                after: snapshot.sequence, until: .milliseconds(100))
        }
    }
}

/// The thread of one master, and how it ended.
final class MasterEnd: Sendable {
    private let code = Mutex<Int32?>(nil)
    private let thread = Mutex<pthread_t?>(nil)
    private let made = Mutex<Result<MasterHandle, any Error>?>(nil)

    func start(_ options: MasterOptions, logPath: String) throws -> MasterHandle {
        try Syscalls.Thread.start(name: "test-master") { [self] in
            do {
                thread.withLock { $0 = pthread_self() }
                let log = try EventLog(to: try Files.openAppend(logPath))
                let master = try Master(options: options, log: log)
                made.withLock { $0 = .success(master.handle) }
                let code = master.run()
                log.flush(atMost: .seconds(1))
                self.code.withLock { $0 = code }
            } catch {
                made.withLock { $0 = .failure(error) }
            }
        }
        let result: Result<MasterHandle, any Error> = try eventually("a master", within: 10) {
            made.withLock { $0 }
        }
        return try result.get()
    }

    /// To the master's thread alone: the others of a test do not block signals.
    func send(signal: Int32) {
        if let thread = thread.withLock({ $0 }) { pthread_kill(thread, signal) }
    }

    func wait(seconds: Double) -> Int32? {
        // `as Int32`: an optional would do as well, and be there at once.
        try? eventually("the master's end", within: seconds) { code.withLock { $0 } } as Int32
    }

}
