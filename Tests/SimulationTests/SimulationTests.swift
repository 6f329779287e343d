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
