import Foundation
import Testing

@testable import Supervisor

/// Thousands of worlds, each from one seed: `APUS_SIM_SEEDS` sets how many, `APUS_SIM_SEED` replays
/// one with a trace.
struct SimulationTests {
    static let environment = ProcessInfo.processInfo.environment

    @Test func everyInvariantHoldsInEveryWorld() {
        if let seed = Self.environment["APUS_SIM_SEED"].flatMap(UInt64.init) {
            var world = World(seed: seed, traces: true)
            let breach = world.run()
            print(world.trace.joined(separator: "\n"))
            #expect(breach == nil, "seed \(seed)")
            return
        }
        let count = Self.environment["APUS_SIM_SEEDS"].flatMap(UInt64.init) ?? 2000
        var failures = 0
        for seed in 0..<count {
            var world = World(seed: seed)
            guard let breach = world.run() else { continue }
            Issue.record("\(breach); replay: make sim SEED=\(seed)")
            failures += 1
            if failures == 5 { return }
        }
    }

    /// The worlds reach every outcome there is; else the invariants say little.
    @Test func nothingIsOutOfReach() {
        var sights: Set<String> = []
        for seed in 0..<UInt64(400) {
            var world = World(seed: seed)
            _ = world.run()
            sights.formUnion(world.observer.sights)
        }
        let statuses = ReloadRecord.Status.allCases.filter(\.isTerminal).map(\.rawValue)
        let reasons = GenerationRecord.SigtermReason.allCases.map(\.rawValue)
        let codes = [
            "config-invalid", "file-missing", "listener-bind-failed", "spawn-failed",
            "worker-exited-in-init", "worker-refused", "worker-protocol-error", "ready-timeout",
            "switch-failed", "store-failed", "cancelled", "shutting-down",
        ]
        let others = [
            "rolled back", "condemned", "restart SUCCEEDED", "restart FAILED", "rollback FAILED",
            "busy", "too many", "unchanged", "started from the last good",
            "exit 0", "exit 1", "exit 3", "exit 4",
        ]
        let expected = Set(statuses + reasons + codes + others)
        #expect(expected.subtracting(sights).isEmpty)
    }

    /// A test that nothing can fail is worth nothing: rules broken on purpose are seen.
    @Test(
        arguments: [
            (Sabotage.ageOnFailedReload, "reloads, had"),
            (.terminateTwice, "SIGTERM twice"),
            (.leaveBeforeReleased, "still accepts"),
            (.countRestarts, "reloads, had"),
        ])
    func aBrokenRuleIsSeen(sabotage: Sabotage, words: String) {
        for seed in 0..<UInt64(200) {
            var world = World(seed: seed, sabotage: sabotage)
            if let breach = world.run() {
                #expect(breach.contains(words))
                return
            }
        }
        Issue.record("not seen in 200 worlds")
    }
}
