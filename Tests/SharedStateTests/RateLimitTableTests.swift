// GCRA in shared memory: exact by one word, bounded, harmless whatever stands there.

import Glibc
import SharedState
import Synchronization
import Syscalls
import Testing

@Suite struct RateLimitTableTests {
    private static let second: Int64 = 1_000_000

    private func table(buckets: Int = 64) throws -> RateLimitTable {
        try #require(
            RateLimitTable(
                SharedRegion.create().region,
                TablePlacement(firstBucket: 128, bucketCount: buckets)))
    }

    /// 10/s with a burst of 3: three at once, then one each 100 ms.
    @Test func burstThenRate() throws {
        let table = try table()
        func ask(_ time: Int64) -> RateLimitVerdict {
            table.ask(key: 77 << 44, now: time, interval: Self.second / 10, burst: 3)
        }
        #expect([ask(0), ask(0), ask(0)] == [.allowed, .allowed, .allowed])
        #expect(ask(0) == .refused(waitMicroseconds: 100_000))
        #expect(ask(99_999) == .refused(waitMicroseconds: 1))
        #expect(ask(100_000) == .allowed)
        #expect(ask(100_000) == .refused(waitMicroseconds: 100_000))
        // After a rest the burst is there again, and no more than it.
        #expect((0..<4).map { _ in ask(10 * Self.second) }.filter { $0 == .allowed }.count == 3)
    }

    /// A loop that comes back late, with the time of its round, is not refused for what others have
    /// counted meanwhile. Found by a soak beside compilers: 857 of 1.6 million.
    @Test func anOldTimeRefusesNobody() throws {
        let table = try table()
        // 1,000/s with a burst of 10, which comes back in 10 ms.
        func ask(_ time: Int64, _ clocks: [Int64]) -> (RateLimitVerdict, Int) {
            var reads = 0
            let verdict = table.ask(key: 9 << 44, roundTime: time, interval: 1_000, burst: 10) {
                defer { reads += 1 }
                return clocks[min(reads, clocks.count - 1)]
            }
            return (verdict, reads)
        }
        #expect(ask(100_000, []) == (.allowed, 0))
        // 80 ms behind, where it would be 90 ms to come.
        #expect(ask(20_000, [100_500, 100_501]) == (.allowed, 1))
        // And again between the clock and the table.
        #expect(ask(20_000, [60_000, 101_000, 101_001]) == (.allowed, 2))
        // Whoever is too many is refused all the same, by the latest time.
        for _ in 0..<8 { #expect(ask(101_000, [101_000]).0 == .allowed) }
        #expect(ask(20_000, [101_000, 101_001]) == (.refused(waitMicroseconds: 999), 2))
        // Nor does it give anybody a burst again, however old it is.
        #expect(ask(101_000 - 3 * Self.second, [101_000, 101_001]).0 != .allowed)
        #expect(ask(101_000, [101_000]).0 == .refused(waitMicroseconds: 1_000))
        // A clock that never stands still is asked so often only.
        #expect(ask(1_000, (1...20).map { 1_000 + $0 * 200 }).1 == 8)
    }

    /// Nor does it take the place of a key that is at its limit, where another may come again sooner.
    @Test func anOldTimeEvictsNobodyWrongly() throws {
        let table = try table(buckets: 1)
        let present = 10 * Self.second
        func ask(_ key: Int) -> RateLimitVerdict {
            table.ask(key: UInt64(key) << 44, now: present, interval: 1_000, burst: 10)
        }
        while ask(1) == .allowed {}
        for key in 2...8 { #expect(ask(key) == .allowed) }
        // Two seconds behind, a key that is not there.
        let verdict = table.ask(
            key: 99 << 44, roundTime: present - 2 * Self.second, interval: 1_000, burst: 10
        ) { present }
        #expect(verdict == .allowed)
        #expect(ask(1) != .allowed)
    }

    /// Over a long time the rate is what was asked for, whatever the offered load.
    @Test(arguments: [1, 7, 100, 3_000])
    func longRun(rate: Int64) throws {
        let table = try table()
        let interval = Self.second / rate
        var allowed: Int64 = 0
        for time in stride(from: 0, to: 20 * Self.second, by: 150) {
            let verdict = table.ask(key: 5 << 44, now: time, interval: interval, burst: 5)
            if verdict == .allowed { allowed += 1 }
        }
        #expect(abs(allowed - (20 * Self.second / interval + 5)) <= 2)
    }

    @Test func keysAreApart() throws {
        let table = try table()
        for key in 1...200 {
            let hash = UInt64(key) << 44 | UInt64(key)
            #expect(table.ask(key: hash, now: 5, interval: 1_000, burst: 1) == .allowed)
        }
        let hash = UInt64(1) << 44 | 1
        #expect(table.ask(key: hash, now: 5, interval: 1_000, burst: 1) != .allowed)
    }

    /// A full bucket forgets the key that may come again soonest.
    @Test func aFullBucketMakesRoom() throws {
        let table = try table(buckets: 1)
        for key in 1...8 {
            for _ in 0..<key {
                let verdict = table.ask(
                    key: UInt64(key) << 44, now: 0, interval: 1_000, burst: 10)
                #expect(verdict == .allowed)
            }
        }
        #expect(table.ask(key: 99 << 44, now: 0, interval: 1_000, burst: 10) == .allowed)
        // Number 8 was not the one: it has 2 of its 10 left.
        for expected in [RateLimitVerdict.allowed, .allowed, .refused(waitMicroseconds: 1_000)] {
            #expect(table.ask(key: 8 << 44, now: 0, interval: 1_000, burst: 10) == expected)
        }
    }

    /// The clock of 44 bits comes round each 203 days: what stands there since is no time to come.
    @Test func theClockComesRound() throws {
        let table = try table()
        let round = Int64(1) << 44
        #expect(table.ask(key: 3 << 44, now: round - 1, interval: 1_000, burst: 1) == .allowed)
        #expect(table.ask(key: 3 << 44, now: round, interval: 1_000, burst: 1) != .allowed)
        #expect(table.ask(key: 3 << 44, now: round + 999, interval: 1_000, burst: 1) == .allowed)
        #expect(table.ask(key: 3 << 44, now: round / 2, interval: 1_000, burst: 1) == .allowed)
    }

    /// What is left after three quarters of a round looks like time to come: it costs one interval.
    @Test func theClockHasComeHalfRound() throws {
        let table = try table()
        let half = Int64(1) << 44 - Int64(1) << 42
        func ask(_ time: Int64) -> RateLimitVerdict {
            table.ask(key: 3 << 44, now: time, interval: 1_000, burst: 2)
        }
        #expect(ask(5) == .allowed)
        #expect(ask(half + 3_000) == .refused(waitMicroseconds: 1_000))
        #expect(ask(half + 4_000) == .allowed)
    }

    /// A reload makes the burst smaller: whoever had used it up has to wait, but not for the old one.
    @Test func aSmallerBurstForgivesNothing() throws {
        let table = try table()
        func ask(_ time: Int64, burst: Int64) -> RateLimitVerdict {
            table.ask(key: 4 << 44, now: time * Self.second, interval: Self.second, burst: burst)
        }
        for _ in 0..<30 { #expect(ask(100, burst: 30) == .allowed) }
        for _ in 0..<3 { #expect(ask(100, burst: 10) == .refused(waitMicroseconds: Self.second)) }
        #expect(ask(101, burst: 10) == .allowed)
        #expect(ask(101, burst: 10) == .refused(waitMicroseconds: Self.second))
    }

    /// Loops look at the time once in a round: what one of them has put as far ahead as it may be is
    /// farther than that for the others.
    @Test func exactBetweenClocksThatDiffer() throws {
        let table = try table()
        var allowed = 0
        for step: Int64 in 0..<50_000 {
            // 5 s, four loops, up to 3 ms apart.
            let time = step * 100 - step % 4 * 1_000
            let verdict = table.ask(
                key: 6 << 44, now: 10 * Self.second + time, interval: Self.second / 10, burst: 100)
            if verdict == .allowed { allowed += 1 }
        }
        #expect(abs(allowed - 150) <= 1)
    }

    @Test(arguments: [
        (-1, 1), (0, 0), (0, 3), (1 << 19, 1), (1, 1 << 19), (Int.max, 2), (0, Int.min),
    ])
    func thereIsNoSuchPlacement(first: Int, count: Int) throws {
        let placement = TablePlacement(firstBucket: first, bucketCount: count)
        #expect(RateLimitTable(try SharedRegion.create().region, placement) == nil)
    }

    /// Two mappings, several threads, one key: exactly the burst is allowed.
    @Test func exactBetweenThreadsAndMappings() throws {
        let created = try SharedRegion.create()
        let regions = [created.region, try SharedRegion(fd: created.file.rawValue)]
        let placement = TablePlacement(firstBucket: 0, bucketCount: 16)
        let counts = ThreadCounts()
        for number in 0..<4 {
            let table = try #require(RateLimitTable(regions[number % 2], placement))
            try Thread.start(name: "asks") {
                for _ in 0..<1_000 {
                    let verdict = table.ask(
                        key: 9 << 44, now: 1, interval: 60_000_000, burst: 1_000)
                    if verdict == .allowed { counts.allowed.add(1, ordering: .relaxed) }
                }
                counts.done.add(1, ordering: .releasing)
            }
        }
        let deadline = ContinuousClock.now + .seconds(20)
        while counts.done.load(ordering: .acquiring) < 4, ContinuousClock.now < deadline {
            usleep(1_000)
        }
        #expect(counts.done.load(ordering: .acquiring) == 4)
        #expect(counts.allowed.load(ordering: .relaxed) == 1_000)
    }
}

private final class ThreadCounts: Sendable {
    let allowed = Atomic<Int>(0)
    let done = Atomic<Int>(0)
}
