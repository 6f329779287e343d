// Many reloads: at once, and one after the other without leaving anything behind.

import Clock
import Foundation
import Glibc
import Supervisor
import Synchronization
import Syscalls
import TestKit
import Testing

@testable import Master

extension MasterProcessTests {
    @Suite struct ManyReloadTests {
        @Test func hundredAtOnceAreCoalesced() async throws {
            let serving = try await Serving(worker: "slow-ready")
            let master = serving.master
            // Beyond the burst of `process.reload_rate` they are refused, which is a verdict too.
            let verdicts = try await withThrowingTaskGroup(of: ReloadRecord?.self) { group in
                for _ in 0..<100 {
                    group.addTask {
                        do {
                            return try await master.reload()
                        } catch MasterError.rejected(.tooMany) {
                            return nil
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(verdicts.count == 100)
            let records = verdicts.compactMap(\.self)
            #expect(records.count >= 20)
            #expect(records.allSatisfy { $0.status.isTerminal })
            #expect(Set(records.map(\.id)).count == records.count)
            let superseded = records.filter { $0.status == .superseded }
            #expect(superseded.allSatisfy { $0.supersededBy?.hasPrefix("rl_") == true })
            #expect(records.count { $0.status == .succeeded } + superseded.count == records.count)
            // The one that served, the one that ran, the one that waited; 100 requests do not arrive
            // at one instant, so another may slip in between.
            #expect(master.handle.snapshot().generations.count <= 4)
        }

        /// Reading 2 MB takes its time; the loop does not wait for it.
        @Test func loopGoesRoundWhileALargeConfigurationIsRead() async throws {
            let serving = try await Serving()
            var large = serving.configuration
            let body = String(repeating: "x", count: 1000)
            for number in 0..<2000 {
                large.backends["b\(number)"] =
                    "{servers: {s: {address: \"127.0.0.1:9\"}}} # \(body)"
            }
            try serving.master.write(configuration: large.text)
            let trigger = ReloadRecord.Trigger(source: .api, principal: "test")
            let reload = try await serving.master.handle.requestReload(
                mode: .soft, trigger: trigger)
            var longest = Duration.zero
            while true {
                let snapshot = serving.master.handle.snapshot()
                longest = max(longest, snapshot.takenAt.instant - snapshot.loopTick)
                let record = snapshot.reloads.first { $0.id == reload.id }
                if let record, record.status.isTerminal {
                    #expect(record.status == .succeeded, "\(record)")
                    break
                }
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(longest < .seconds(1), "\(longest)")
        }

        /// Descriptors are counted in a process of its own, so that nobody else opens any.
        @Test func descriptorsAreTheSameAfter200Reloads() async {
            let result = await #expect(
                processExitsWith: .success, observing: [\.standardErrorContent]
            ) {
                let serving = try await Serving { $0.process["ready_timeout"] = "10s" }
                for _ in 0..<3 { _ = try await serving.master.reload() }
                try await serving.settle()
                let before = try Inventory()
                let bad = ["refuse", "exit-in-init", "garbage", "send-descriptors", "lie"]
                for round in 0..<200 {
                    let mode = round % 4 == 3 ? bad[round / 4 % bad.count] : "ok"
                    try serving.master.setWorker(mode)
                    let record = try await serving.master.reload()
                    guard record.status == (mode == "ok" ? .succeeded : .failed) else {
                        return explain("round \(round), \(mode): \(record)\n\(serving.master.log)")
                    }
                }
                try await serving.settle()
                let after = try Inventory()
                if after != before { explain("before \(before)\nafter \(after)") }
                let zombies = ProcessInspection(pid: Int(getpid())).zombies
                if !zombies.isEmpty { explain("zombies \(zombies)") }
            }
            let words = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
            #expect(words.isEmpty)
        }
    }
}

extension Serving {
    /// Only the serving generation is left.
    func settle() async throws {
        _ = try await master.waitUntil("the leavers' end") { snapshot in
            snapshot.generations.count { $0.phase != .exited } == 1 ? true : nil
        }
    }
}

/// From the process of an exit test to its parent: there, what is said is a failure.
func explain(_ words: String) {
    try? Files.writeAll(2, Array("\(words)\n".utf8))
}

/// The descriptors of this process by what they are. The numbers may differ: a worker's pidfd has
/// another one than its predecessor's.
struct Inventory: Equatable {
    private var kinds: [String: Int] = [:]
    private(set) var highest = 0
    var count: Int { kinds.values.reduce(0, +) }

    init() throws {
        for descriptor in try Files.openDescriptors() {
            let path = "/proc/self/fd/\(descriptor)"
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path)
            // `socket:[4711]` is one of `socket:[]`.
            kinds[target?.filter { !$0.isNumber } ?? "", default: 0] += 1
            highest = max(highest, Int(descriptor))
        }
    }

    static func == (left: Inventory, right: Inventory) -> Bool { left.kinds == right.kinds }
}

/// Values from many threads.
final class Collected: Sendable {
    private let values = Mutex<[String]>([])

    var all: [String] { values.withLock { $0 } }

    func add(_ value: String) { values.withLock { $0.append(value) } }
}
