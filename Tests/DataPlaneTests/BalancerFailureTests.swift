// The policy that compares latencies, with servers that fail or that nothing is known of; pure, with a
// clock that the test moves.

import Model
import Testing

@testable import DataPlane

@Suite struct BalancerFailureTests {
    private let arena = ConfigurationArena()

    /// Servers that answer, or fail, at once.
    private struct World {
        var view: TableView
        var balancer: Balancer
        var random = SmallRandom(seed: 7)
        var now: Int64 = 1_000_000

        /// A request; `failing` servers fail it, others take `latency` microseconds.
        mutating func request(latency: Double, failing: (Int) -> Bool) -> Int {
            guard
                let place = balancer.pick(
                    view, avoiding: nil, key: 0, now: now, random: &random)
            else { return -1 }
            if failing(place) {
                view.penalties[place] = view.penalties[place].afterFailure(at: now)
                if let usual = balancer.usualLatency(view, besides: place, now: now) {
                    view.latencies[place] = view.latencies[place].raised(
                        toMicroseconds: usual, at: now)
                }
            } else {
                view.latencies[place] = view.latencies[place].adding(
                    microseconds: latency, at: now)
                if !view.penalties[place].isNone {
                    view.penalties[place] = view.penalties[place].afterSuccess(at: now)
                }
            }
            return place
        }

        /// How many of the requests the server got; one each `step` milliseconds.
        mutating func share(
            of place: Int, requests: Int, every step: Int64, failing: (Int) -> Bool
        ) -> Int {
            var count = 0
            for _ in 0..<requests {
                if request(latency: 2_000, failing: failing) == place { count += 1 }
                now += step
            }
            return count
        }
    }

    private func world(_ count: Int, isKnown: Bool = true) -> World {
        let weights = Array(repeating: 100, count: count)
        var world = World(
            view: TableView(count),
            balancer: Balancer(
                BalancePolicy(.peakEWMA), names: (0..<count).map { arena.bytes("s\($0)") },
                weights: weights, offset: 0))
        if isKnown {
            for place in 0..<count {
                world.view.latencies[place] = LatencyPeak(microseconds: 2_000, at: world.now)
            }
        }
        return world
    }

    /// Slowly and quickly, for a quarter of an hour: what is known of it must not fade to nothing.
    @Test(arguments: [(2, 10, false), (2, 100, true), (10, 10, true), (10, 10, false)])
    func failingForLong(count: Int, step: Int64, isKnown: Bool) {
        var world = world(count, isKnown: isKnown)
        let requests = Int(900_000 / step)
        let failed = world.share(of: 0, requests: requests, every: step) { $0 == 0 }
        // An attempt in fourteen seconds, and by chance.
        #expect(failed >= 20 && failed <= 120 + requests / 200, "\(failed) of \(requests)")
        // Well again: it is in use within a quarter of a minute, and then has its share.
        _ = world.share(of: 0, requests: Int(15_000 / step), every: step) { _ in false }
        let share = world.share(of: 0, requests: 1_000, every: step) { _ in false }
        #expect(share > 500 / count, "\(share) of 1000")
    }

    /// Nothing like that for who fails a request in a hundred, as all do.
    @Test func failingNowAndThen() {
        var world = world(4)
        var counts = [0, 0, 0, 0]
        for number in 0..<20_000 {
            let place = world.request(latency: 2_000) { _ in number % 100 == 0 }
            counts[place] += 1
            world.now += 5
        }
        #expect(counts.allSatisfy { (3_500..<6_500).contains($0) }, "\(counts)")
    }

    /// Every other one fails: the others are better.
    @Test func failingHalf() {
        var world = world(4)
        var number = 0
        let share = world.share(of: 0, requests: 10_000, every: 5) { place in
            if place == 0 { number += 1 }
            return place == 0 && number % 2 == 0
        }
        #expect(share < 500, "\(share)")
    }

    /// All fail, then all are well, then one is: nobody stays out, nobody has all.
    @Test func allFail() {
        var world = world(4)
        for _ in 0..<4_000 {
            _ = world.request(latency: 2_000) { _ in true }
            world.now += 5
        }
        var counts = [0, 0, 0, 0]
        world.now += 15_000
        for _ in 0..<4_000 {
            counts[world.request(latency: 2_000) { _ in false }] += 1
            world.now += 5
        }
        #expect(counts.allSatisfy { $0 > 500 }, "\(counts)")
    }

    /// However busy the others are.
    @Test func theOthersAreBusy() {
        var world = world(3)
        world.view.loads = [0, 1_000, 1_000]
        let failed = world.share(of: 0, requests: 2_000, every: 1) { $0 == 0 }
        // Until it has cost more than they do, and again when that has halved.
        #expect(failed < 15, "\(failed)")
    }

    /// A server that nothing is known of is taken for what is usual.
    @Test(arguments: [2, 10]) func newcomer(count: Int) {
        var world = world(count)
        world.view.latencies[0] = .unknown
        let random = world.random
        var counts = Array(repeating: 0, count: count)
        for _ in 0..<10_000 {
            let place = world.balancer.pick(
                world.view, avoiding: nil, key: 0, now: world.now, random: &world.random)
            if let place { counts[place] += 1 }
        }
        #expect(abs(counts[0] - 10_000 / count) < 1_000, "\(counts)")
        // One of the others out of order makes no difference.
        world.view.latencies[1] = LatencyPeak(microseconds: 3_000_000, at: world.now)
        world.random = random
        let usual = world.balancer.usualLatency(world.view, besides: 0, now: world.now)
        #expect(count == 2 || (usual ?? 0) < 2_500)
    }

    @Test func levels() {
        var penalty = ServerPenalty.none
        #expect(penalty.factor(at: 5) == 1)
        penalty = penalty.afterFailure(at: 10_000)
        #expect(penalty.factor(at: 10_000) == 4 && penalty.factor(at: 11_000) == 2)
        #expect(penalty.factor(at: 12_000) == 1 && penalty.factor(at: 1_000_000) == 1)
        // Again, after any time: longer.
        penalty = penalty.afterFailure(at: 13_000)
        #expect(penalty.factor(at: 13_000) == 16)
        penalty = penalty.afterSuccess(at: 14_000)
        #expect(penalty.factor(at: 14_000) == 4)
        for _ in 0..<2 { penalty = penalty.afterSuccess(at: 14_000) }
        #expect(penalty.isNone)
        for _ in 0..<100 { penalty = penalty.afterFailure(at: 20_000) }
        #expect(penalty.factor(at: 20_000) == 16_384 && penalty.factor(at: 34_000) == 1)
        // Rubbish, and the clock of 32 bits that wraps.
        #expect(ServerPenalty(word: .max).factor(at: 0xFFFF_FFFF) == 16_384)
        let late = ServerPenalty.none.afterFailure(at: 0xFFFF_FFFF)
        #expect(late.factor(at: 0x1_0000_0000) == 4)
    }

    /// A loop whose round began before the one that noted something has not forgotten it.
    @Test func anEarlierClock() {
        let penalty = ServerPenalty.none.afterFailure(at: 5_000).afterFailure(at: 5_000)
        #expect(penalty.factor(at: 4_999) == penalty.factor(at: 5_000))
        #expect(penalty.afterSuccess(at: 4_000).factor(at: 4_000) > 1)
        let latency = LatencyPeak(microseconds: 900, at: 5_000)
        #expect(latency.microseconds(at: 4_000) == 900)
    }
}
