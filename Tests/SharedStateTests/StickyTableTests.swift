// Whom a client belongs to, in shared memory: bounded, forgotten in time, harmless whatever stands
// there.

import Glibc
import SharedState
import Synchronization
import Syscalls
import Testing

@Suite struct StickyTableTests {
    private func table(buckets: Int = 64) throws -> StickyTable {
        try #require(
            StickyTable(
                SharedRegion.create().region,
                TablePlacement(firstBucket: 128, bucketCount: buckets)))
    }

    /// A key of its own in bucket 0.
    private func key(_ number: UInt64) -> UInt64 { number << 44 }

    @Test func keptWhileUsed() throws {
        let table = try table()
        #expect(table.server(of: key(1), now: 0, idle: 10) == nil)
        #expect(table.set(7, of: key(1), now: 0, idle: 10))
        // Each use counts anew, and only the right key.
        for now in stride(from: Int64(0), through: 100, by: 10) {
            #expect(table.server(of: key(1), now: now, idle: 10) == 7)
            #expect(table.server(of: key(2), now: now, idle: 10) == nil)
        }
        #expect(table.server(of: key(1), now: 111, idle: 10) == nil)
        #expect(table.set(StickyTable.serverMax - 1, of: key(1), now: 112, idle: 10))
        #expect(table.server(of: key(1), now: 112, idle: 10) == StickyTable.serverMax - 1)
        table.clear()
        #expect(table.server(of: key(1), now: 112, idle: 10) == nil)
    }

    /// Who is known stays known; room comes with time.
    @Test func aFullBucket() throws {
        let table = try table(buckets: 1)
        for number in 1...8 {
            #expect(table.set(UInt32(number), of: key(UInt64(number)), now: 0, idle: 10))
        }
        #expect(!table.set(9, of: key(9), now: 5, idle: 10))
        #expect(table.server(of: key(9), now: 5, idle: 10) == nil)
        // One of them is used, and may change.
        #expect(table.server(of: key(3), now: 9, idle: 10) == 3)
        #expect(table.set(30, of: key(4), now: 9, idle: 10))
        for number in 10...15 {
            #expect(table.set(UInt32(number), of: key(UInt64(number)), now: 11, idle: 10))
        }
        #expect(!table.set(16, of: key(16), now: 11, idle: 10))
        #expect(table.server(of: key(3), now: 11, idle: 10) == 3)
        #expect(table.server(of: key(4), now: 11, idle: 10) == 30)
        #expect(table.server(of: key(15), now: 11, idle: 10) == 15)
        #expect(table.server(of: key(1), now: 11, idle: 10) == nil)
    }

    /// Two keys that share a bucket and 20 bits are one; others are not, for as many as there is
    /// room for.
    @Test func collisions() throws {
        let table = try table()
        #expect(table.set(1, of: key(5), now: 0, idle: 10))
        #expect(table.server(of: key(5) | 1 << 30, now: 0, idle: 10) == 1)
        #expect(table.server(of: key(5) | 1, now: 0, idle: 10) == nil)
        let large = try self.table(buckets: StickyTable.bucketCount(entries: 10_000))
        var random = SystemRandomNumberGenerator()
        let keys = (0..<10_000).map { _ in random.next() as UInt64 }
        for (number, key) in keys.enumerated() {
            large.set(UInt32(number), of: key, now: 0, idle: 10)
        }
        let known = keys.enumerated().count { number, key in
            large.server(of: key, now: 1, idle: 10) == UInt32(number)
        }
        #expect(known > 9_800)
    }

    /// The clock of 24 bits comes round each 194 days, and that of another loop may be a little
    /// behind ours.
    @Test func clocks() throws {
        let table = try table()
        let round = Int64(1) << 24
        #expect(table.set(3, of: key(1), now: round - 1, idle: 10))
        #expect(table.server(of: key(1), now: round - 2, idle: 10) == 3)
        #expect(table.server(of: key(1), now: round + 8, idle: 10) == 3)
        #expect(table.server(of: key(1), now: round + 19, idle: 10) == nil)
    }

    @Test(arguments: [
        (-1, 1), (0, 0), (0, 3), (1 << 20, 1), (1, 1 << 20), (Int.max, 2), (0, Int.min),
    ])
    func thereIsNoSuchPlacement(first: Int, count: Int) throws {
        let placement = TablePlacement(firstBucket: first, bucketCount: count)
        #expect(StickyTable(try SharedRegion.create().region, placement) == nil)
    }

    /// Two mappings, several threads, one bucket: whoever was told that there was room is known.
    @Test func threadsAndMappings() throws {
        let created = try SharedRegion.create()
        let regions = [created.region, try SharedRegion(fd: created.file.rawValue)]
        let placement = TablePlacement(firstBucket: 0, bucketCount: 1)
        let counts = ThreadCounts()
        for number in 0..<4 {
            let table = try #require(StickyTable(regions[number % 2], placement))
            try Thread.start(name: "sets") {
                for round in 0..<20 {
                    let key = UInt64(number * 20 + round + 1) << 44
                    guard table.set(UInt32(number), of: key, now: 1, idle: 10) else { continue }
                    counts.taken.add(1, ordering: .relaxed)
                    if table.server(of: key, now: 1, idle: 10) == UInt32(number) {
                        counts.known.add(1, ordering: .relaxed)
                    }
                }
                counts.done.add(1, ordering: .releasing)
            }
        }
        let deadline = ContinuousClock.now + .seconds(20)
        while counts.done.load(ordering: .acquiring) < 4, ContinuousClock.now < deadline {
            usleep(1_000)
        }
        #expect(counts.done.load(ordering: .acquiring) == 4)
        #expect(counts.taken.load(ordering: .relaxed) == 8)
        #expect(counts.known.load(ordering: .relaxed) == 8)
    }
}

private final class ThreadCounts: Sendable {
    let taken = Atomic<Int>(0)
    let known = Atomic<Int>(0)
    let done = Atomic<Int>(0)
}
