// Permits as words: taken, handed over, given back, taken back from the dead.

import Testing

@testable import SharedState

@Suite struct PermitTests {
    /// The master's side.
    private final class Book {
        var slots: WorkerSlotTable
        var permits: PermitBook

        init(_ region: SharedRegion) {
            slots = WorkerSlotTable(region)
            permits = PermitBook(region)
        }

        func provide(_ count: Int, number: Int) -> Bool {
            permits.provide(count, number: number)
        }
        func forget(number: Int) { permits.forget(number: number) }
        func count(of number: Int) -> Int { permits.count(of: number) }
        func reclaim(slot: Int) { permits.reclaim(slot: slot) }
        func addSlot() -> Int? { slots.allocate(generation: 1, workerIndex: 0, loopCount: 1) }
    }

    private let region: SharedRegion
    private let book: Book
    private let record: ServerRecord
    private static let number = 7

    init() throws {
        region = try SharedRegion.create().region
        book = Book(region)
        record = try #require(ServerRecord(region, number: Self.number))
    }

    private var permits: ServerPermits { ServerPermits(region, record) }

    private func addWorker() throws -> WorkerBell {
        let slot = try #require(book.addSlot())
        return try #require(WorkerBell(region, slot: slot))
    }

    @Test func asManyAsThereAre() throws {
        #expect(book.provide(3, number: Self.number))
        let holder = try #require(try addWorker().holder)
        let permits = permits
        #expect(permits.count == 3)
        #expect((0..<3).map { _ in permits.take(holder, below: 3, hint: 0) } == [0, 1, 2])
        #expect(permits.take(holder, below: 3, hint: 0) == nil)
        permits.free(1)
        #expect(permits.take(holder, below: 3, hint: 2) == 1)
        #expect(permits.heldCount == 3)
    }

    /// As many as could be taken, wherever one begins to count: of the first ones only, and of those
    /// none whose turn is over as long as a permit above the limit is held.
    @Test func howManyAreFree() throws {
        #expect(book.provide(6, number: Self.number))
        let holder = try #require(try addWorker().holder)
        let permits = permits
        func free(below limit: Int, atMost most: Int = 100) -> Set<Int> {
            Set((-1...7).map { permits.freeCount(below: limit, atMost: most, hint: $0) })
        }
        #expect(free(below: 6) == [6] && free(below: 4) == [4] && free(below: 100) == [6])
        #expect(free(below: 0) == [0] && free(below: -1) == [0] && free(below: 6, atMost: 2) == [2])
        for number in [0, 3, 4] { #expect(permits.take(holder, below: 6, hint: number) == number) }
        #expect(free(below: 6) == [3])
        // 4 is above a limit of 4 and stands for 0, which is held; above one of 3 it stands for 1.
        #expect(free(below: 4) == [2] && free(below: 3) == [1])
        permits.free(4)
        #expect(free(below: 4) == [2] && free(below: 3) == [2])
        for limit in 1...6 {
            var taken: [Int] = []
            while let number = permits.take(holder, below: limit, hint: 2) { taken.append(number) }
            for number in taken { permits.free(number) }
            #expect(free(below: limit) == [taken.count])
        }
    }

    /// A limit that grows by one each time; the numbers of those that are held stay.
    @Test func moreLater() throws {
        let holder = try #require(try addWorker().holder)
        for count in 1...500 {
            #expect(book.provide(count, number: Self.number))
            #expect(permits.take(holder, below: count, hint: count - 1) == count - 1)
        }
        #expect(permits.heldCount == 500)
        #expect(record.permitRuns.count <= 10)
        #expect(book.provide(100, number: Self.number) && book.count(of: Self.number) >= 500)
    }

    /// What a lowered limit left over runs to its end, and nobody adds to it.
    @Test func loweredLimit() throws {
        let holder = try #require(try addWorker().holder)
        #expect(book.provide(6, number: Self.number))
        let permits = permits
        for _ in 0..<6 { _ = permits.take(holder, below: 6, hint: 0) }
        permits.free(0)
        permits.free(1)
        // 2 and 4 have the remainder of 0, 3 and 5 that of 1.
        #expect(permits.take(holder, below: 2, hint: 0) == nil)
        permits.free(3)
        permits.free(4)
        #expect(permits.take(holder, below: 2, hint: 0) == nil)
        permits.free(5)
        #expect(permits.take(holder, below: 2, hint: 0) == 1)
        permits.free(2)
        #expect(permits.take(holder, below: 2, hint: 0) == 0)
        #expect(permits.take(holder, below: 2, hint: 0) == nil)
    }

    /// Exactly what a dead worker held is free again, also what was left to it unseen.
    @Test func theDeadGiveBack() throws {
        #expect(book.provide(4, number: Self.number))
        let dead = try addWorker()
        let alive = try addWorker()
        let (deadHolder, holder) = (try #require(dead.holder), try #require(alive.holder))
        let permits = permits
        _ = permits.take(deadHolder, below: 4, hint: 0)
        _ = permits.take(holder, below: 4, hint: 0)
        _ = permits.take(holder, below: 4, hint: 0)
        permits.handOver(2, to: deadHolder.asGranted)
        record.setWaiting(dead.slot)
        record.setWaiting(alive.slot)
        #expect(permits.granted(to: deadHolder) == [2])
        book.slots.free(slot: dead.slot)
        #expect(dead.holder == nil)
        book.reclaim(slot: dead.slot)
        #expect((0..<4).map { permits[$0] } == [0, holder.word, 0, 0])
        #expect(!record.isWaiting(dead.slot) && record.isWaiting(alive.slot))
        // The slot's next worker is another one.
        let next = try addWorker()
        #expect(next.slot == dead.slot && next.holder != deadHolder)
        book.reclaim(slot: 200)
        #expect(permits.heldCount == 1)
    }

    @Test func waitingInRotation() throws {
        #expect(!record.hasWaiting && record.nextWaiting(after: 3) == nil)
        let waiting = [0, 5, 63, 64, 200, 255]
        for slot in waiting { record.setWaiting(slot) }
        var seen: [Int] = []
        var slot = 5
        for _ in 0..<7 {
            slot = try #require(record.nextWaiting(after: slot))
            seen.append(slot)
        }
        #expect(seen == [63, 64, 200, 255, 0, 5, 63])
        for slot in waiting where slot != 64 { record.clearWaiting(slot) }
        #expect(record.nextWaiting(after: 64) == 64 && record.nextWaiting(after: 65) == 64)
        record.clearWaiting(64)
        #expect(!record.hasWaiting)
    }

    @Test func theBellSaysWhere() throws {
        let bell = try addWorker()
        let before = bell.count
        bell.ring(number: 3)
        bell.ring(number: 515)
        bell.ring(number: 100)
        #expect(bell.count == before + 2 + 1)
        let numbers = bell.takeNumbers()
        #expect((0..<512).filter(numbers.contains) == [3, 100])
        #expect(bell.takeNumbers() == WorkerBell.Numbers())
        bell.ringAll()
        #expect((0..<512).allSatisfy(bell.takeNumbers().contains))
        // It has moved on: no wait.
        bell.wait(from: before)
    }

    @Test func queueLengthsAreTheirWorkers() throws {
        let length = try #require(QueueLength(region, slot: 3, number: 9))
        length.set(12, incarnation: 5)
        #expect(length.value(incarnation: 5) == 12)
        #expect(length.value(incarnation: 6) == 0)
        #expect(QueueLength(region, slot: 3, number: 0) == nil)
        #expect(QueueLength(region, slot: 256, number: 1) == nil)
    }

    @Test func runsComeBack() throws {
        for number in 1...10 { #expect(book.provide(100_000, number: number)) }
        #expect(!book.provide(100_000, number: 11))
        for number in [3, 5, 4] { book.forget(number: number) }
        #expect(book.provide(300_000, number: 12))
        #expect(!book.provide(100_000, number: 11))
    }

    /// Whatever stands in the memory, no word outside of the permits is touched.
    @Test(arguments: [1, 0xFFFF_FFFF, 1 << 62, UInt64.max])
    func rubbishIsHarmless(word: UInt64) {
        for place in 0..<RegionLayout.runCountMax {
            region.store(
                (RegionLayout.serverOffset(Self.number) ?? 0)
                    + (RegionLayout.runWord + place) * 8, word)
        }
        let permits = ServerPermits(region, record)
        #expect(permits.count <= RegionLayout.runCountMax)
    }
}
