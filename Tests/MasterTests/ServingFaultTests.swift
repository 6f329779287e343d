// Faults of workers that serve: what the client sees, and who comes next.

import Clock
import Foundation
import Glibc
import Supervisor
import Syscalls
import TestKit
import Testing

@testable import Master

extension MasterProcessTests {
    @Suite struct ServingFaultTests {
        @Test func killedWorkerIsReplacedAndThePortNeverRefuses() async throws {
            let serving = try await Serving()
            let pid = try await serving.onlyPID()
            let start = Elapsed()
            kill(pid, SIGKILL)
            var answers: [String] = []
            // Each is answered in the end: by the kernel's queue, then by the replacement.
            while answers.last != "2\n", start.milliseconds < 5000 {
                answers.append((try? ask(serving.port)) ?? "refused")
            }
            #expect(!answers.contains("refused"), "\(answers)")
            let snapshot = try await serving.master.waitUntil("a replacement") {
                $0.serving == 2 ? $0 : nil
            }
            let crashed = try #require(snapshot.generations.first { $0.generation == 1 })
            let next = try #require(snapshot.generations.first { $0.generation == 2 })
            let ended = try #require(crashed.exitAt)
            let replaced = try #require(next.readyAt)
            #expect(replaced - ended < .milliseconds(300), "took \(replaced - ended)")
            #expect(snapshot.counters.workersCrashed == 1)
            #expect(snapshot.generations.first { $0.generation == 1 }?.exit?.signal == SIGKILL)
        }

        /// 300 ms after it began to serve it stops, and within 3 s of that it is replaced. On a machine
        /// that stands still for seconds nobody can promise that, so one of three times is enough.
        @Test func stoppedWorkerIsFoundAndReplaced() async throws {
            var times: [Duration] = []
            for _ in 0..<3 {
                let serving = try await Serving(worker: "hang-serving")
                try serving.master.setWorker("ok")
                let snapshot = try await serving.master.waitUntil("a replacement", seconds: 20) {
                    ($0.serving ?? 0) > 1 ? $0 : nil
                }
                #expect(snapshot.counters.workersStuck >= 1)
                let stuck = try #require(snapshot.generations.first { $0.generation == 1 })
                let next = try #require(snapshot.generations.first { $0.phase == .serving })
                #expect(try ask(serving.port) == "\(next.generation)\n")
                let began = try #require(stuck.readyAt)
                let replaced = try #require(next.readyAt)
                times.append(replaced - began)
                if replaced - began < .milliseconds(3300) { return }
            }
            Issue.record("replaced after \(times)")
        }

        @Test func halfClosedChannelIsAViolation() async throws {
            let serving = try await Serving(worker: "half-close")
            try serving.master.setWorker("ok")
            _ = try await serving.master.waitUntil("a replacement", seconds: 3) {
                ($0.serving ?? 0) > 1 ? true : nil
            }
            #expect(serving.master.handle.snapshot().counters.protocolViolations == 1)
            try eventually("the words") {
                serving.master.log.contains("closed its control channel")
            }
        }

        @Test func leaverThatNeverReleasesIsKilled() async throws {
            let serving = try await Serving(worker: "never-release")
            try serving.master.setWorker("ok")
            let record = try await serving.master.reload()
            #expect(record.status == .succeeded, "\(record) \(serving.master.log)")
            #expect(try ask(serving.port) == "2\n")
            let old = try await serving.master.waitUntil("its end") { snapshot in
                snapshot.generations.first { $0.generation == 1 && $0.phase == .exited }
            }
            #expect(old.exit?.signal == SIGKILL)
        }

        @Test func leaversAreTerminatedAboveMaxReloads() async throws {
            let serving = try await Serving(worker: "linger") { $0.process["max_reloads"] = "2" }
            for _ in 0..<3 {
                let record = try await serving.master.reload()
                #expect(record.status == .succeeded)
            }
            let snapshot = try await serving.master.waitUntil("the first one's end") { snapshot in
                snapshot.generations.contains { $0.generation == 1 && $0.phase == .exited }
                    ? snapshot : nil
            }
            let first = try #require(snapshot.generations.first { $0.generation == 1 })
            #expect(first.sigtermReason == .maxReloads)
            #expect(first.reloads == 3)
            #expect(snapshot.generations.count { $0.phase == .leaving } == 2)
        }

        @Test func terminateEndsALeaverOnly() async throws {
            let serving = try await Serving(worker: "linger")
            _ = try await serving.master.reload()
            await serving.master.handle.terminate(generation: 2)
            await serving.master.handle.terminate(generation: 1)
            let first = try await serving.master.waitUntil("its end") { snapshot in
                snapshot.generations.first { $0.generation == 1 && $0.phase == .exited }
            }
            #expect(first.sigtermReason == .api)
            #expect(serving.master.handle.snapshot().serving == 2)
            #expect(try ask(serving.port) == "2\n")
        }

        @Test func loudWorkerDoesNotFloodTheLog() async throws {
            let serving = try await Serving(worker: "loud")
            let log = serving.master.log
            #expect(log.split(separator: "\n").count < 1000)
            let tail = serving.master.handle.logTail(generation: 1)
            #expect(tail.count <= OutputTail.lineCountMax && !tail.isEmpty)
            #expect(try ask(serving.port) == "1\n")
        }

        @Test func removedListenerIsDrained() async throws {
            let serving = try await Serving()
            let extra = try FreePort.lease()
            var wider = serving.configuration
            wider.addListener("extra", port: extra)
            try serving.master.write(configuration: wider.text)
            let added = try await serving.master.reload()
            #expect(added.status == .succeeded)
            #expect(try ask(extra) == "2\n")
            // Clients that come all the time are answered, or refused once it is gone: never reset.
            let clients = Threads()
            let results = Collected()
            let done = OnceFlag()
            for _ in 0..<4 {
                clients.start {
                    while !done.isSet {
                        guard let socket = try? TestSocket.connect(port: extra, within: 3) else {
                            return
                        }
                        let answer = try? socket.receiveAll(resetIsEnd: false)
                        results.add(answer.map { String(decoding: $0, as: UTF8.self) } ?? "reset")
                    }
                }
            }
            try serving.master.write(configuration: serving.configuration.text)
            let record = try await serving.master.reload()
            #expect(record.status == .succeeded, "\(record)")
            try eventually("the port's end", within: 5) {
                ProcessInspection.listeningInode(port: extra) == nil
            }
            done.set()
            try clients.join()
            #expect(Set(results.all) == ["2\n"], "\(Set(results.all))")
            #expect(serving.master.handle.snapshot().listeners.count == 1)
        }

        @Test func gracefulStopDrainsAndASecondWishHurries() async throws {
            let serving = try await Serving(worker: "linger")
            await serving.master.handle.stop(graceful: true)
            _ = try await serving.master.waitUntil("the stop") { $0.shuttingDown ? true : nil }
            try eventually("the port's end") {
                ProcessInspection.listeningInode(port: serving.port) == nil
            }
            #expect(serving.master.waitForEnd(seconds: 0.3) == nil, "one lingers")
            await serving.master.handle.stop(graceful: false)
            #expect(serving.master.waitForEnd(seconds: 3) == 0)
            await #expect(throws: MasterError.stopped) { _ = try await serving.master.reload() }
        }
    }
}

extension Serving {
    func onlyPID() async throws -> Int32 {
        try await master.waitUntil("one worker") { snapshot in
            snapshot.generations.first { $0.phase == .serving }?.workers.first?.pid
        }
    }
}
