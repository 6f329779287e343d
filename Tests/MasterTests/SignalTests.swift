// Signals to the master, each in a process of its own; and a start beside workers that a dead
// master left.

import Clock
import Foundation
import Glibc
import Model
import SharedState
import Store
import Supervisor
import Syscalls
import TestKit
import Testing
import Wire

@testable import Master

extension MasterProcessTests {
    @Suite struct SignalTests {
        @Test func reloadSignals() async {
            await #expect(processExitsWith: .success) {
                let serving = try await Serving()
                for (signal, name, generation) in [(SIGHUP, "HUP", 2), (SIGUSR2, "USR2", 3)] {
                    serving.master.send(signal: signal)
                    let record = try await serving.master.waitUntil("the reload by \(name)") {
                        $0.reloads.first { $0.trigger.principal == "signal:\(name)" }
                    }
                    #expect(record.trigger.source == .signal)
                    let final = try await serving.master.finished(record.id)
                    #expect(final.toGeneration == generation)
                }
                serving.master.send(signal: SIGQUIT)
                try eventually("the dump") { serving.master.log.contains("state of a generation") }
                serving.master.send(signal: SIGUSR1)
                #expect(serving.master.waitForEnd(seconds: 5) == 0)
            }
        }

        /// TERM in the middle of a reload whose worker hangs.
        @Test func stopInEveryPhase() async {
            await #expect(processExitsWith: .success) {
                let serving = try await Serving { $0.process["ready_timeout"] = "20s" }
                try serving.master.setWorker("hang")
                let trigger = ReloadRecord.Trigger(source: .api, principal: "test")
                let reload = try await serving.master.handle.requestReload(
                    mode: .soft, trigger: trigger)
                _ = try await serving.master.waitUntil("the hanging worker") { snapshot in
                    snapshot.generations.first { $0.phase == .starting }?.workers.first?.pid
                }
                let start = Elapsed()
                serving.master.send(signal: SIGTERM)
                #expect(serving.master.waitForEnd(seconds: 5) == 0)
                #expect(start.milliseconds < 2000, "kill_after is 300 ms")
                #expect(ProcessInspection(pid: Int(getpid())).children.isEmpty)
                let record = serving.master.handle.snapshot().reloads.first { $0.id == reload.id }
                #expect(record?.status == .cancelled)
            }
        }

        /// Every descriptor that cannot be had, one after the other: nothing is lost, nothing changes.
        @Test func descriptorsRunOutAtEachStep() async {
            await #expect(processExitsWith: .success) {
                let serving = try await Serving()
                _ = try await serving.master.reload()
                try await serving.settle()
                let before = try Inventory()
                var failures: Set<String> = []
                // Below the highest number some are free; above it, only the spawn looks for any.
                for limit in (before.count - 4)..<(before.highest + 8) {
                    let usual = try setDescriptorLimit(UInt(limit))
                    let record = try await serving.master.reload()
                    _ = try setDescriptorLimit(usual)
                    if record.status == .failed {
                        let detail = record.failure?.detail ?? ""
                        #expect(detail.contains("EMFILE") || detail.contains("Too many open files"))
                        failures.insert("\(detail.prefix { $0 != ":" })")
                    }
                    try await serving.settle()
                    let answer = try ask(serving.port)
                    #expect(answer == "\(serving.master.handle.snapshot().serving ?? 0)\n")
                }
                #expect(failures.isSuperset(of: ["socketpair", "pipe2", "clone", "dup"]))
                let after = try Inventory()
                #expect(after == before)
            }
        }

        @Test func secondMasterIsRefused() async throws {
            let serving = try await Serving()
            #expect(throws: StartupError.self) {
                _ = try TestMaster.start(
                    configuration: serving.configuration.text, in: serving.master.directory)
            }
            #expect(try ask(serving.port) == "1\n")
        }

        /// The generation counter and the history go on in the next life.
        @Test func nextLifeGoesOnCounting() async throws {
            let serving = try await Serving()
            _ = try await serving.master.reload()
            let instance = serving.master.handle.snapshot().instanceID
            await serving.master.handle.stop(graceful: false)
            #expect(serving.master.waitForEnd() == 0)
            let next = try TestMaster.start(
                configuration: serving.configuration.text, in: serving.master.directory)
            let record = try await next.started()
            #expect(record.toGeneration == 3)
            #expect(record.revision == 1, "the same text")
            let snapshot = next.handle.snapshot()
            #expect(snapshot.instanceID == instance)
            #expect(snapshot.reloads.count == 3)
        }

        /// A worker of a dead master holds the port: it is asked to release it.
        @Test func orphanIsAskedToRelease() async throws {
            let directory = try TemporaryDirectory()
            let port = try FreePort.lease()
            let orphan = try Orphan(port: port)
            #expect(try ask(port) == "9\n")
            let state = try StateDirectory(path: directory.path("state"))
            let store = try Store.open(directory: state.path)
            try store.reserveGenerations(through: 9)
            try store.add(
                LiveWorker(
                    id: WorkerID(generation: 9, index: 0), pid: orphan.pid,
                    startTicks: try #require(ProcessFacts.startTicks(pid: orphan.pid)),
                    bootID: ProcessFacts.bootID()))
            // One whose number another process has now: it must not be signalled.
            try store.add(
                LiveWorker(
                    id: WorkerID(generation: 9, index: 1), pid: getpid(), startTicks: 1,
                    bootID: ProcessFacts.bootID()))
            try store.close()
            _ = consume state
            let master = try TestMaster.start(
                configuration: TestConfiguration(port: port, body: "x").text, in: directory,
                program: Programs.hostileWorker)
            let record = try await master.started()
            #expect(record.status == .succeeded, "\(record) \(master.log)")
            #expect(record.toGeneration == 10)
            #expect(try ask(port) == "10\n")
            try eventually("the words") { master.log.contains("asked to release") }
            #expect(orphan.waitForEnd() == .code(0))
        }
    }
}

/// The soft limit of this process; returns the former one.
private func setDescriptorLimit(_ count: UInt) throws -> UInt {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    // SAFETY: both calls use the struct during the call only.
    try #require(unsafe getrlimit(resource, &limit) == 0)
    let former = limit.rlim_cur
    limit.rlim_cur = count
    try #require(unsafe setrlimit(resource, &limit) == 0)
    return former
}

/// An honest worker of generation 9 whose master is gone.
private final class Orphan {
    private let process: ProcessDescriptor

    var pid: Int32 { process.pid }

    init(port: Int) throws {
        let table = ListenerTable()
        let address = try #require(SocketAddress("127.0.0.1:\(port)"))
        let configuration = Configuration(
            frontends: [Frontend(name: "a", mode: .http, bind: [address])])
        try table.bind(generation: 9, configuration: configuration)
        let pair = try PacketSocket.makePair()
        process = try Syscalls.ChildProcess.spawn(
            .init(
                path: Programs.hostileWorker, arguments: ["apus-worker"],
                environment: ["SWIFT_BACKTRACE=enable=no"],
                descriptors: [.init(pair.second.rawValue, as: 3)]))
        let channel = pair.takeFirst()
        let region = try SharedRegion.create()
        let memory = try MemoryFile.create(name: "none", bytes: [0x7B, 0x7D])
        let prepare = MasterMessage.prepare(
            .init(
                generation: 9, revision: 1, workerIndex: 0, workerCount: 1, threads: 1,
                sharedStateSlot: 0, configurationBytes: 2, accessLog: false))
        try PacketSocket.send(
            channel.rawValue, prepare.packet(generation: 9).encoded(),
            descriptors: [memory.rawValue, region.file.rawValue])
        for lease in try table.handOff(generation: 9) {
            try PacketSocket.send(
                channel.rawValue,
                MasterMessage.handoff(lease.manifest).packet(generation: 9).encoded(),
                descriptors: lease.descriptors)
        }
        // The channel and our copy of the socket are closed: that is the master's death.
        table.closeAll()
    }

    func waitForEnd() -> Syscalls.ExitStatus? {
        try? eventually("the orphan's end", within: 3) { try process.reap() } as Syscalls.ExitStatus
    }
}
