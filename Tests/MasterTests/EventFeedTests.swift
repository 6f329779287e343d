// What watchers of a real master see, and that counts never fall, whatever its workers do.

import Foundation
import Glibc
import JSON
import Supervisor
import TestKit
import Testing

@testable import Master

extension MasterProcessTests {
    @Suite struct EventFeedTests {
        private static func all(_ master: TestMaster) async -> [MasterEvent] {
            await master.handle.events(after: 0, atMost: 4096, waiting: .zero).events
        }

        /// Waits for one of a kind, and tells all that came before it.
        private static func events(
            _ master: TestMaster, until kind: MasterEvent.Kind, generation: Int
        ) async throws -> [MasterEvent] {
            let deadline = Deadline(seconds: 10)
            while !deadline.isOver {
                let events = await all(master)
                let isThere = events.contains {
                    $0.kind == kind && $0.details["generation"] == .integer(Int64(generation))
                }
                if isThere { return events }
                let last = master.handle.lastEvent
                _ = await master.handle.events(after: last, atMost: 1, waiting: .milliseconds(200))
            }
            throw WaitExpired("\(kind)", seconds: 10)
        }

        @Test func aReloadIsToldInOrder() async throws {
            let port = try FreePort.lease()
            let master = try TestMaster.start(
                configuration: TestConfiguration(port: port, body: "x").text)
            _ = try await master.started()
            let before = master.handle.lastEvent
            let record = try await master.reload()
            let events = try await Self.events(master, until: .generationExited, generation: 1)
            let sequences = events.map(\.sequence)
            #expect(zip(sequences, sequences.dropFirst()).allSatisfy { $0 + 1 == $1 })
            let names = events.filter { $0.sequence > before }.map { event in
                let step = event.details["step"]?.stringValue.map { " \($0)" } ?? ""
                let number = event.details["generation"]?.integerValue.map { " \($0)" } ?? ""
                return event.kind.rawValue + step + number
            }
            // Where both generations take part, which of two is told first is of no meaning.
            let expected = [
                "reload.queued", "reload.started", "reload.step VALIDATE", "generation.init 2",
                "reload.step SPAWN", "reload.step WAIT_READY", "generation.ready 2",
                "reload.step SWITCH", "generation.serving 2", "generation.leaving 1",
                "reload.step RETIRE", "reload.succeeded", "generation.exited 1",
            ]
            #expect(Set(names).isSuperset(of: expected), "\(names)")
            #expect(
                names.filter { $0.hasPrefix("reload.") } == expected.filter { $0.hasPrefix("r") })
            let own = names.filter { $0.hasSuffix(" 2") }
            #expect(own == ["generation.init 2", "generation.ready 2", "generation.serving 2"])
            #expect(
                events.filter { $0.kind == .reloadSucceeded }.last?.details["reload"]
                    == .string(record.id))
            let tally = master.handle.snapshot().tally
            #expect(tally.stepDurations[.validate]?.count == 2)
            #expect(tally.stepDurations[.retire]?.count == 2)
            #expect(tally.lastSuccessAt == record.finishedAt)
        }

        @Test func aKilledWorkerIsACrash() async throws {
            let port = try FreePort.lease()
            let master = try TestMaster.start(
                configuration: TestConfiguration(port: port, body: "x").text)
            _ = try await master.started()
            let pid = try #require(master.handle.snapshot().generations.first?.workers.first?.pid)
            kill(pid, SIGKILL)
            let events = try await Self.events(master, until: .generationServing, generation: 2)
            let crash = try #require(events.first { $0.kind == .generationCrashed })
            #expect(crash.details["generation"] == 1)
            #expect(crash.details["signal"] == 9)
            #expect(
                events.contains {
                    $0.kind == .reloadStarted && $0.sequence > crash.sequence
                })
        }

        @Test func whoWaitsIsWokenByTheEvent() async throws {
            let port = try FreePort.lease()
            let master = try TestMaster.start(
                configuration: TestConfiguration(port: port, body: "x").text)
            _ = try await master.started()
            let last = master.handle.lastEvent
            let handle = master.handle
            async let waited = handle.events(after: last, atMost: 10, waiting: .seconds(20))
            let start = Elapsed()
            _ = try await master.reload()
            #expect(await waited.events.first?.kind == .reloadQueued)
            #expect(start.milliseconds < 15_000)
        }

        /// Every total and count, looked at all the while.
        @Test func countsNeverFall() async throws {
            let port = try FreePort.lease()
            let master = try TestMaster.start(
                configuration: TestConfiguration(port: port, body: "x").text)
            _ = try await master.started()
            let watch = Task {
                var last = master.handle.snapshot()
                var falls: [String] = []
                while !Task.isCancelled {
                    let next = master.handle.snapshot()
                    for (name, value) in last.totals where (next.totals[name] ?? 0) < value {
                        falls.append("\(name): \(value), then \(next.totals[name] ?? 0)")
                    }
                    last = next
                    try? await Task.sleep(for: .milliseconds(1))
                }
                return falls
            }
            for number in 1...3 {
                for _ in 0..<5 { _ = try ask(port) }
                _ = try await master.reload()
                for _ in 0..<5 { _ = try ask(port) }
                let serving = try await master.waitUntil("a serving one") { $0.serving }
                let pid = try #require(
                    master.handle.snapshot().generations.first { $0.generation == serving }?
                        .workers.first?.pid)
                kill(pid, SIGKILL)
                _ = try await master.waitUntil("replacement \(number)") {
                    ($0.serving ?? 0) > serving ? true : nil
                }
            }
            watch.cancel()
            #expect(await watch.value == [])
            #expect(master.handle.snapshot().totals["connectionsAccepted"] == 30)
        }
    }
}
