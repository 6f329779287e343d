// Every order of steps of small worlds, and random orders of larger ones.

import Testing

@Suite struct PermitModelTests {
    struct World: Sendable, CustomTestStringConvertible {
        var permits = 1
        var loops: [[Int]]
        var deaths = 0
        var timeouts = 0
        var testDescription: String {
            "\(permits) permits, \(loops), \(deaths) deaths, \(timeouts) timeouts"
        }

        func model(_ broken: BrokenRule? = nil) -> PermitModel {
            PermitModel(
                permits: permits, loops: loops, deaths: deaths, timeouts: timeouts, broken: broken)
        }
    }

    private static let smallWorlds = [
        World(loops: [[1, 1]]), World(loops: [[1, 1, 1]], timeouts: 1),
        World(loops: [[1], [1]]), World(loops: [[2], [1]]),
        World(loops: [[1], [1]], deaths: 1), World(loops: [[1], [1]], timeouts: 1),
    ]
    private static let largeWorlds = [
        World(loops: [[3, 3], [3, 3]], timeouts: 2),
        World(permits: 2, loops: [[2, 2], [2, 2], [2]], deaths: 1, timeouts: 2),
        World(loops: [[2, 2], [2], [2]], deaths: 2, timeouts: 1),
        World(permits: 3, loops: [[4, 4], [4, 4]], deaths: 1),
    ]

    /// What is wrong with a state that can be reached, nil if there is none.
    private func search(_ start: PermitModel, limit: Int) -> (fault: String?, states: Int) {
        var seen: Set<PermitModel> = [start]
        var open = [start]
        while let state = open.popLast(), seen.count < limit {
            if let fault = state.fault { return (fault, seen.count) }
            for event in state.events {
                var next = state
                next.perform(event)
                if seen.insert(next).inserted { open.append(next) }
            }
        }
        return (nil, seen.count)
    }

    /// One random life.
    private func play(_ start: PermitModel, seed: UInt64) -> String? {
        var state = start
        var random = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        for _ in 0..<5_000 {
            if let fault = state.fault { return fault }
            let events = state.events
            if events.isEmpty { return nil }
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            state.perform(events[Int(random % UInt64(events.count))])
        }
        return "no end after 5000 steps"
    }

    @Test(arguments: smallWorlds) func everyOrder(world: World) {
        let (fault, states) = search(world.model(), limit: 300_000)
        #expect(fault == nil)
        #expect(states < 300_000, "too large to be searched")
    }

    @Test(arguments: largeWorlds) func randomOrders(world: World) {
        for seed in 1...300 as ClosedRange<UInt64> {
            let fault = play(world.model(), seed: seed)
            #expect(fault == nil, "seed \(seed)")
        }
    }

    /// The model is able to fail: each rule is there for something.
    @Test(arguments: BrokenRule.allCases) func brokenRulesAreFound(rule: BrokenRule) {
        let found =
            Self.smallWorlds.contains {
                search($0.model(rule), limit: 300_000).fault != nil
            }
            || Self.largeWorlds.contains { world in
                (1...3_000 as ClosedRange<UInt64>).contains {
                    play(world.model(rule), seed: $0) != nil
                }
            }
        #expect(found)
    }
}
