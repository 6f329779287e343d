// Policies by their distribution and their key movement; pure, seeded.

import Model
import Testing

@testable import DataPlane

/// Servers as a table.
struct TableView: BalanceView {
    var open: [Bool]
    var loads: [Int]
    var latencies: [LatencyPeak]
    var penalties: [ServerPenalty]

    init(_ count: Int) {
        open = Array(repeating: true, count: count)
        loads = Array(repeating: 0, count: count)
        latencies = Array(repeating: .unknown, count: count)
        penalties = Array(repeating: .none, count: count)
    }

    func isOpen(_ place: Int) -> Bool { open[place] }
    func exchanges(_ place: Int) -> Int { loads[place] }
    func latency(_ place: Int) -> LatencyPeak { latencies[place] }
    func penalty(_ place: Int) -> ServerPenalty { penalties[place] }
}

@Suite struct BalancerTests {
    private let arena = ConfigurationArena()

    private func names(_ count: Int) -> [Bytes] { (0..<count).map { arena.bytes("s\($0)") } }

    private func balancer(
        _ kind: BalancePolicy.Kind, _ weights: [Int], bound: Int? = nil
    ) -> Balancer {
        let key: RequestKey? = kind == .hash ? .clientIP : nil
        return Balancer(
            BalancePolicy(kind, key: key, boundPercent: bound), names: names(weights.count),
            weights: weights, offset: 0)
    }

    private func picks(
        _ balancer: inout Balancer, _ view: TableView, count: Int, avoiding: Int? = nil
    ) -> [Int] {
        var random = SmallRandom(seed: 7)
        var counts = Array(repeating: 0, count: view.loads.count)
        for number in 0..<count {
            let place = balancer.pick(
                view, avoiding: avoiding, key: KeyHash.mix(UInt64(number)), now: 0,
                random: &random)
            if let place { counts[place] += 1 }
        }
        return counts
    }

    /// Each policy, with equal loads, spreads by weight.
    @Test(arguments: [BalancePolicy.Kind.roundRobin, .random, .hash])
    func byWeight(kind: BalancePolicy.Kind) {
        let weights = [100, 50, 0, 50]
        var balancer = balancer(kind, weights)
        let counts = picks(&balancer, TableView(4), count: 40_000)
        #expect(counts[2] == 0)
        #expect(abs(counts[0] - 20_000) < 3_500, "\(counts)")
        #expect(abs(counts[1] - 10_000) < 3_000 && abs(counts[3] - 10_000) < 3_000, "\(counts)")
    }

    @Test(arguments: BalancePolicy.Kind.allCases) func onlyOpenOnes(kind: BalancePolicy.Kind) {
        var balancer = balancer(kind, [1, 1, 256, 1, 1])
        var view = TableView(5)
        view.open = [false, false, false, true, false]
        #expect(picks(&balancer, view, count: 50) == [0, 0, 0, 50, 0])
        // The avoided one is better than none.
        #expect(picks(&balancer, view, count: 50, avoiding: 3) == [0, 0, 0, 50, 0])
        view.open = Array(repeating: false, count: 5)
        #expect(picks(&balancer, view, count: 5) == [0, 0, 0, 0, 0])
        balancer.change(weights: [0, 0, 0, 0, 0], ringWeights: [0, 0, 0, 0, 0])
        #expect(picks(&balancer, TableView(5), count: 5) == [0, 0, 0, 0, 0])
    }

    @Test(arguments: BalancePolicy.Kind.allCases) func anotherThanTheFailed(
        kind: BalancePolicy.Kind
    ) {
        var balancer = balancer(kind, [100, 100, 100])
        let counts = picks(&balancer, TableView(3), count: 300, avoiding: 1)
        #expect(counts[1] == 0 && counts.reduce(0, +) == 300)
    }

    @Test func fewestConnections() {
        var balancer = balancer(.leastConnections, [100, 200, 100])
        var view = TableView(3)
        for _ in 0..<400 {
            var random = SmallRandom(seed: 1)
            let place = balancer.pick(view, avoiding: nil, key: 0, now: 0, random: &random)
            if let place { view.loads[place] += 1 }
        }
        #expect(view.loads == [100, 200, 100])
    }

    /// Two choices keep the greatest load near the average (Mitzenmacher, 2001).
    @Test func twoChoices() {
        var balancer = balancer(.random, Array(repeating: 100, count: 20))
        var view = TableView(20)
        var random = SmallRandom(seed: 3)
        for _ in 0..<2_000 {
            let place = balancer.pick(view, avoiding: nil, key: 0, now: 0, random: &random)
            if let place { view.loads[place] += 1 }
        }
        #expect((view.loads.max() ?? 0) <= 105)
        #expect((view.loads.min() ?? 0) >= 90)
    }

    /// Q5: one of ten servers became ten times slower.
    @Test func slowServerGetsLittle() {
        var balancer = balancer(.peakEWMA, Array(repeating: 100, count: 10))
        var view = TableView(10)
        for place in 0..<10 {
            view.latencies[place] = LatencyPeak(
                microseconds: place == 4 ? 20_000 : 2_000, at: 0)
        }
        let counts = picks(&balancer, view, count: 10_000)
        // Only when it is drawn and drawn again.
        #expect(counts[4] < 10, "\(counts)")
        #expect(counts.enumerated().allSatisfy { $0.offset == 4 || $0.element > 700 })
    }

    /// One of two: slow and as heavy; a little quicker and far lighter.
    @Test(arguments: [([100, 100], 20_000.0, 0...100), ([100, 1], 1_600, 50...500)])
    func otherOfTwo(weights: [Int], latency: Double, picked: ClosedRange<Int>) {
        var balancer = balancer(.peakEWMA, weights)
        var view = TableView(2)
        view.latencies = [2_000, latency].map { LatencyPeak(microseconds: $0, at: 0) }
        let counts = picks(&balancer, view, count: 10_000)
        #expect(picked.contains(counts[1]), "\(counts)")
    }

    @Test func firstThatIsOpen() {
        var balancer = balancer(.first, [100, 100, 100])
        var view = TableView(3)
        #expect(picks(&balancer, view, count: 9) == [9, 0, 0])
        view.open[0] = false
        #expect(picks(&balancer, view, count: 9) == [0, 9, 0])
    }

    /// Q7: who takes one of a hundred away moves its keys and no other's.
    @Test func keysMoveLittle() {
        let count = 100
        let keys = (0..<20_000).map { KeyHash.mix(UInt64($0) &* 977) }
        let before = HashRing(names: names(count), weights: Array(repeating: 100, count: count))
        let old = keys.map { before.pick($0) { _ in true } }
        // As an outage, and as a configuration without it.
        let outage = keys.map { before.pick($0) { $0 != 42 } }
        var left = names(count)
        left.remove(at: 42)
        let after = HashRing(names: left, weights: Array(repeating: 100, count: count - 1))
        let new = keys.map { key in
            after.pick(key) { _ in true }.map { $0 < 42 ? $0 : $0 + 1 }
        }
        #expect(new == outage)
        let moved = zip(old, new).filter { $0 != $1 }.count
        #expect(moved == old.filter { $0 == 42 }.count)
        #expect(moved <= keys.count / 50)
        // They spread over many.
        let heirs = Set(zip(old, new).filter { $0 != $1 }.map(\.1))
        #expect(heirs.count > 40)
        // Fair within what so many points promise.
        var loads = Array(repeating: 0, count: count)
        for place in old { if let place { loads[place] += 1 } }
        #expect((loads.max() ?? 0) < 320 && (loads.min() ?? 0) > 100)
    }

    private struct Move: Sendable {
        var old: [Int]
        var new: [Int]
        /// The share of the keys that has to move at least.
        var least: Double
    }
    private static let tenEqual = Array(repeating: 100, count: 10)
    private static let oneHeavy: [Int] = [200] + Array(repeating: 100, count: 9)
    private static let heavyGone: [Int] = [0] + Array(repeating: 100, count: 9)
    private static let moves = [
        // One becomes heavier, the heaviest of all; a heavy one goes.
        Move(old: tenEqual, new: oneHeavy, least: 0.082),
        Move(old: oneHeavy, new: heavyGone, least: 0.182),
        Move(old: [256, 1, 50, 50], new: [256, 1, 50, 100], least: 0.106),
        Move(old: [256, 128, 64, 32], new: [0, 128, 64, 32], least: 0.534),
        Move(old: [10, 10, 10, 10, 10], new: [10, 10, 10, 10, 20], least: 0.134),
    ]

    @Test(arguments: 0..<5) func keysMoveLittleByWeight(index: Int) {
        let (old, new, least) = (
            Self.moves[index].old, Self.moves[index].new, Self.moves[index].least
        )
        let keys = (0..<40_000).map { KeyHash.mix(UInt64($0) &* 977) }
        let before = HashRing(names: names(old.count), weights: old)
        let after = HashRing(names: names(new.count), weights: new)
        let owners = keys.map { (before.pick($0) { _ in true }, after.pick($0) { _ in true }) }
        let moved = owners.filter { $0.0 != $0.1 }
        let share = Double(moved.count) / Double(keys.count)
        #expect(share < least * 1.25 + 0.02, "\(share) of the keys, at least \(least)")
        // From the one that changed or to it, and nowhere else.
        let changed = old.indices.first { old[$0] != new[$0] }
        #expect(moved.allSatisfy { $0.0 == changed || $0.1 == changed })
        // By weight.
        let total = new.reduce(0, +)
        for place in new.indices where new[place] >= 50 {
            let share = Double(owners.count { $0.1 == place }) / Double(keys.count)
            let due = Double(new[place]) / Double(total)
            #expect(abs(share / due - 1) < 0.25, "\(place): \(share) instead of \(due)")
        }
    }

    @Test(arguments: [1, 100, 10_000, 16_383]) func pointsAreBounded(count: Int) {
        let points = HashRing.pointsOfHundred(serverCount: count)
        #expect((25...400).contains(points) && points * 256 / 100 * count <= 1 << 20)
    }

    /// A key that everybody has does not drown its server.
    @Test func boundOfTheLoad() {
        var balancer = balancer(.hash, Array(repeating: 100, count: 10), bound: 125)
        var view = TableView(10)
        var random = SmallRandom(seed: 3)
        for _ in 0..<1_000 {
            let place = balancer.pick(view, avoiding: nil, key: 12_345, now: 0, random: &random)
            if let place { view.loads[place] += 1 }
        }
        #expect((view.loads.max() ?? 0) <= 126)
        // Alone, the key stays where it belongs.
        let home = balancer.pick(
            TableView(10), avoiding: nil, key: 12_345, now: 0, random: &random)
        #expect(home.map { view.loads[$0] } == view.loads.max())
    }

    @Test func latencyPeaks() {
        var peak = LatencyPeak.unknown
        #expect(peak.isUnknown)
        peak = peak.adding(microseconds: 1_000, at: 1_000)
        #expect(abs(peak.microseconds(at: 1_000) - 1_000) < 1)
        // A slow answer counts at once…
        peak = peak.adding(microseconds: 9_000, at: 1_010)
        #expect(abs(peak.microseconds(at: 1_010) - 9_000) < 1)
        // …and is forgotten slowly, by quick ones and by time.
        peak = peak.adding(microseconds: 1_000, at: 2_010)
        #expect((7_500..<9_000).contains(peak.microseconds(at: 2_010)))
        #expect((500..<4_000).contains(peak.microseconds(at: 12_010)))
        #expect(peak.microseconds(at: 1_000_000) < 200)
        // Many quick answers need less time; one or two do not do.
        var paused = LatencyPeak(microseconds: 50_000, at: 5_000)
        for _ in 0..<2 { paused = paused.adding(microseconds: 1_000, at: 5_000) }
        #expect(paused.microseconds(at: 5_000) > 40_000)
        for _ in 0..<100 { paused = paused.adding(microseconds: 1_000, at: 5_100) }
        #expect((1_000..<1_300).contains(paused.microseconds(at: 5_100)))
        // The clock of 32 bits wraps.
        let late = LatencyPeak(microseconds: 500, at: 0xFFFF_FFFF)
        #expect(abs(late.microseconds(at: 0x1_0000_0010) - 500) < 20)
    }

    @Test func weightsThatChangeKeepTheTurn() {
        var balancer = balancer(.roundRobin, [1, 1, 1])
        let view = TableView(3)
        var random = SmallRandom(seed: 1)
        func next() -> Int? {
            balancer.pick(view, avoiding: nil, key: 0, now: 0, random: &random)
        }
        #expect([next(), next()] == [0, 1])
        balancer.change(weights: [2, 2, 2], ringWeights: [2, 2, 2])
        #expect([next(), next(), next()] == [2, 0, 1])
        balancer.change(weights: [0, 1, 3], ringWeights: [0, 1, 3])
        var counts = [0, 0, 0]
        for _ in 0..<40 { if let place = next() { counts[place] += 1 } }
        #expect(counts == [0, 10, 30])
    }
}

@Suite struct SlowStartTests {
    @Test(arguments: [(0, 10), (1_000, 10), (5_000, 50), (9_990, 99), (10_000, 100)])
    func ramp(age: Int64, weight: Int) {
        var standing = ServerStanding(weight: 100)
        standing.cameUpAt = 1_000_000
        #expect(standing.rampedWeight(over: 10_000, wall: 1_000_000 + age) == weight)
        #expect(standing.rampedWeight(over: 0, wall: 1_000_000 + age) == 100)
        // A clock that was set back.
        #expect(standing.rampedWeight(over: 10_000, wall: 5) == 100)
        // The clock of another loop is a little ahead: it has begun.
        #expect(standing.isRamping(over: 10_000, wall: 999_999))
        #expect(standing.rampedWeight(over: 10_000, wall: 999_999) == 10)
        #expect(standing.rampPercent(over: 10_000, wall: 999_999) == 10)
    }
}
