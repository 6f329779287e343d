import Glibc
import SharedState
import Syscalls
import Testing

/// Maps the same memory a second time, as a worker does.
private func makeBothSides() throws -> (master: SharedRegion, worker: SharedRegion) {
    let created = try SharedRegion.create()
    return (created.region, try SharedRegion(fd: created.file.rawValue))
}

@Suite struct SharedStateTests {
    @Test func whatALoopWritesTheMasterReads() throws {
        let (master, worker) = try makeBothSides()
        var table = WorkerSlotTable(master)
        let allocated = table.allocate(generation: 7, workerIndex: 1, loopCount: 2)
        let slot = try #require(allocated)
        table.setPID(42, slot: slot)
        let header = try #require(WorkerSlotHeader(worker, slot: slot))
        #expect(header.generation == 7 && header.workerIndex == 1)
        #expect(header.loopCount == 2 && header.pid == 42)

        for loop in 0..<2 {
            let record = try #require(LoopRecord(worker, slot: slot, loop: loop))
            for counter in LoopCounter.allCases {
                record.add(counter, UInt64(counter.rawValue + 1))
                record.add(counter)
            }
            for gauge in LoopGauge.allCases { record.set(gauge, UInt64(100 + gauge.rawValue)) }
            record.setOldestSessionStarted(nanoseconds: UInt64(900 + loop))
            record.tick()
        }

        let report = try #require(table.report(of: slot))
        #expect(report.loops.count == 2)
        for counter in LoopCounter.allCases {
            #expect(report.loops[0][counter] == UInt64(counter.rawValue + 2))
            #expect(report[counter] == 2 * UInt64(counter.rawValue + 2))
        }
        for gauge in LoopGauge.allCases {
            #expect(report.loops[1][gauge] == UInt64(100 + gauge.rawValue))
        }
        #expect(report.oldestSessionStartedNanoseconds == 900)
        #expect(report.loops[0].progress == 1)
    }

    @Test func slotsAreGivenOutTakenBackAndCleared() throws {
        let (master, worker) = try makeBothSides()
        var table = WorkerSlotTable(master)
        let slots = (0..<SharedRegion.workerSlotCount).compactMap {
            table.allocate(generation: 1, workerIndex: $0, loopCount: 64)
        }
        #expect(slots == Array(0..<SharedRegion.workerSlotCount))
        let oneTooMany = table.allocate(generation: 1, workerIndex: 0, loopCount: 1)
        #expect(oneTooMany == nil)

        try #require(LoopRecord(worker, slot: 255, loop: 63)).add(.requests, 5)
        #expect(table.report(of: 255)?[.requests] == 5)
        #expect(table.report(of: 254)?[.requests] == 0)
        table.free(slot: 255)
        #expect(table.report(of: 255) == nil)
        #expect(WorkerSlotHeader(worker, slot: 255) == nil)
        let again = table.allocate(generation: 2, workerIndex: 0, loopCount: 64)
        #expect(again == 255)
        #expect(table.report(of: 255)?[.requests] == 0)
    }

    @Test(arguments: [(-1, 0), (256, 0), (0, -1), (0, 64), (Int.max, Int.max), (Int.min, 0)])
    func indicesOutOfRange(slot: Int, loop: Int) throws {
        let (master, _) = try makeBothSides()
        #expect(LoopRecord(master, slot: slot, loop: loop) == nil)
        #expect(LoopReport(master, slot: slot, loop: loop) == nil)
        if slot != 0 { #expect(WorkerSlotHeader(master, slot: slot) == nil) }
    }

    @Test func aForeignMemoryFileIsRefused() throws {
        let created = try SharedRegion.create()
        let size = Int(try Files.byteCount(of: created.file.rawValue))

        let small = try MemoryFile.createShared(name: "t", byteCount: 4096)
        #expect(throws: SharedRegionError.wrongSize) { try SharedRegion(fd: small.rawValue) }
        let empty = try MemoryFile.createShared(name: "t", byteCount: size)
        #expect(throws: SharedRegionError.wrongMagic) { try SharedRegion(fd: empty.rawValue) }
        let pipe = try PacketSocket.makePair()
        #expect(throws: SharedRegionError.self) { try SharedRegion(fd: pipe.first.rawValue) }

        // The header's second word is the version.
        let version: [UInt8] = [99, 0, 0, 0, 0, 0, 0, 0]
        #expect(unsafe pwrite(created.file.rawValue, version, 8, 8) == 8)
        #expect(throws: SharedRegionError.wrongLayoutVersion(99)) {
            try SharedRegion(fd: created.file.rawValue)
        }
    }

    @Test func aWorkerThatWritesNonsenseMisleadsNobody() throws {
        let created = try SharedRegion.create()
        var table = WorkerSlotTable(created.region)
        let allocated = table.allocate(generation: 1, workerIndex: 0, loopCount: 1)
        let slot = try #require(allocated)
        let nonsense = [UInt8](repeating: 0xFF, count: 4096)
        #expect(unsafe pwrite(created.file.rawValue, nonsense, 4096, 4096) == 4096)
        #expect(WorkerSlotHeader(created.region, slot: slot) == nil)
        let report = try #require(table.report(of: slot))
        #expect(report.loops.count == 1)
        #expect(report[.requests] == .max)
    }

    @Test func trafficIsAddedToByEverybody() async throws {
        let (master, worker) = try makeBothSides()
        let word = TrafficCounter.requests.rawValue
        let last = TrafficRecord.count - 1
        let record = try #require(TrafficRecord(worker, number: last))
        await withTaskGroup { group in
            for _ in 0..<4 {
                group.addTask { for _ in 0..<10_000 { record.add(3, toWord: word) } }
            }
        }
        record.add(1, toWord: TrafficLayout.wordCount)
        let read = try #require(TrafficRecord(master, number: last))
        #expect(TrafficTotals(words: read.read())[.requests] == 120_000)
        #expect(read.read().reduce(0, &+) == 120_000)
        read.clear()
        #expect(record.read().allSatisfy { $0 == 0 })
        #expect(TrafficRecord(master, number: -1) == nil)
        #expect(TrafficRecord(master, number: TrafficRecord.count) == nil)
    }

    @Test func aReaderSeesTotalsThatOnlyGrow() async throws {
        let (master, worker) = try makeBothSides()
        var table = WorkerSlotTable(master)
        let allocated = table.allocate(generation: 1, workerIndex: 0, loopCount: 1)
        let slot = try #require(allocated)
        let record = try #require(LoopRecord(worker, slot: slot, loop: 0))
        let rounds: UInt64 = 200_000
        let writer = Task.detached {
            for _ in 0..<rounds {
                record.add(.bytesIn, 1 << 33)
                record.tick()
            }
        }
        var last: UInt64 = 0
        while last < rounds << 33 {
            let seen = try #require(table.report(of: slot))[.bytesIn]
            #expect(seen >= last && seen % (1 << 33) == 0)
            last = seen
        }
        await writer.value
        #expect(table.report(of: slot)?.loops[0].progress == rounds)
    }
}

@Suite struct ServerRecordTests {
    @Test func whatTheMasterSaysOfAServerWorkersRead() throws {
        let (master, worker) = try makeBothSides()
        let writer = try #require(ServerRecord(master, number: 5))
        let reader = try #require(ServerRecord(worker, number: 5))
        let other = try #require(ServerRecord(worker, number: 6))
        let changes = ServerChanges(worker)
        let before = changes.count
        writer.set(.adminState, UInt64(ServerAdminState.maintenance.rawValue))
        writer.set(.weightOverride, 8)
        writer.set(.maxConnectionsOverride, 1)
        #expect(writer.advance(.epoch) == 1)
        #expect(changes.count == before + 4)
        writer.note(.lastCheckAt, 9)
        #expect(changes.count == before + 4)
        #expect(reader.adminState == .maintenance)
        #expect(reader.weightOverride == 7 && reader.maxConnectionsOverride == 0)
        #expect(reader[.epoch] == 1 && reader[.lastCheckAt] == 9)
        #expect(ServerWord.allCases.allSatisfy { other[$0] == 0 })
        #expect(other.adminState == .ready && other.weightOverride == nil)
        writer.clear()
        #expect(ServerWord.allCases.allSatisfy { reader[$0] == 0 })
    }

    /// Both sides distrust the memory: any number is some state.
    @Test(arguments: [5, 300, UInt64.max])
    func rubbishIsHarmless(value: UInt64) throws {
        let region = try makeBothSides().master
        let record = try #require(ServerRecord(region, number: 16_383))
        for word in ServerWord.allCases { record.set(word, value) }
        _ = record.adminState
        _ = record.healthState
        #expect((record.weightOverride ?? 0) <= 256)
        #expect((record.maxConnectionsOverride ?? 0) <= 10_000_000)
    }

    @Test(arguments: [-1, 0, 16_384, Int.max]) func thereIsNoSuchRecord(number: Int) throws {
        #expect(ServerRecord(try makeBothSides().master, number: number) == nil)
    }
}
