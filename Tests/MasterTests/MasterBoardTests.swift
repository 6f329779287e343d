import Clock
import SharedState
import Supervisor
import TestKit
import Testing

@testable import Master

@Suite struct MasterBoardTests {
    let board: MasterBoard

    init() throws {
        board = MasterBoard(
            snapshot: MasterSnapshot(instanceID: "i", version: "v", reloads: []),
            gauges: GaugeReader(try SharedRegion.create().region))
    }

    @Test func waitEndsWithTheChange() async {
        let board = board
        async let waited: Void = board.waitForChange(after: 1, atMost: .seconds(60))
        // Whether the wait began before or after makes no difference.
        board.publish { $0.shuttingDown = true }
        await waited
        #expect(board.snapshot().sequence == 2)
    }

    @Test func pastChangeIsNotWaitedFor() async {
        board.publish { $0.serving = 1 }
        await board.waitForChange(after: 1, atMost: .seconds(60))
        await board.waitForChange(after: 0, atMost: .seconds(60))
    }

    @Test(arguments: [Duration.zero, .milliseconds(-5), .milliseconds(1), .milliseconds(30)])
    func waitEndsWithItsTime(_ limit: Duration) async {
        for _ in 0..<20 { await board.waitForChange(after: 1, atMost: limit) }
        #expect(board.snapshot().sequence == 1)
    }

    @Test func waitEndsWithItsTask() async {
        let board = board
        for _ in 0..<100 {
            let task = Task { await board.waitForChange(after: 1, atMost: .seconds(60)) }
            task.cancel()
            await task.value
        }
    }

    /// Who waits for something later is not woken by what comes before.
    @Test func aLaterChangeIsWaitedFor() async {
        let board = board
        let task = Task {
            await board.waitForChange(after: 3, atMost: .seconds(60))
            return board.sequence
        }
        for _ in 0..<3 {
            board.publish { $0.serving = 1 }
            try? await Task.sleep(for: .milliseconds(5))
        }
        #expect(await task.value == 4)
    }

    @Test func delaysOfTheLoop() {
        for delay in [-5, 0, 7, 60, 12] { board.publish(tickDelay: .milliseconds(delay)) }
        let delays = board.snapshot().tickDelays
        #expect(delays.histogram.count == 5)
        #expect(delays.longestMilliseconds == 60)
        #expect(delays.histogram.sumMilliseconds == 79)
    }

    @Test func manyWaitForOne() async {
        let board = board
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<200 {
                group.addTask { await board.waitForChange(after: 1, atMost: .seconds(60)) }
            }
            group.addTask { board.publish { $0.serving = 3 } }
        }
    }

    @Test func lastLinesOfTheLatestGenerations() {
        for generation in 1...60 {
            board.publish(logTail: ["b"], of: WorkerID(generation: generation, index: 1))
            board.publish(logTail: ["a"], of: WorkerID(generation: generation, index: 0))
        }
        #expect(board.logTail(generation: 60) == ["a", "b"])
        #expect(board.logTail(generation: 1).isEmpty)
        #expect(board.logTail(generation: 999).isEmpty)
    }

    /// Totals never go down, whoever leaves.
    @Test func totalsOutliveWorkers() throws {
        let region = try SharedRegion.create().region
        let gauges = GaugeReader(region)
        let worker = WorkerID(generation: 1, index: 0)
        gauges.add(worker, GaugeReader.Entry(pid: 1, slot: 3, loopCount: 2))
        for loop in 0..<2 {
            let record = try #require(LoopRecord(region, slot: 3, loop: loop))
            record.add(.requests, 5)
            record.set(.clientConnections, 2)
        }
        #expect(gauges.totals()["requests"] == 10)
        #expect(gauges.read(at: .now())[worker]?.clientConnections == 4)
        gauges.remove(worker)
        #expect(gauges.totals()["requests"] == 10)
        #expect(gauges.read(at: .now()).isEmpty)
        gauges.add(
            WorkerID(generation: 2, index: 0), GaugeReader.Entry(pid: 1, slot: 3, loopCount: 2))
        #expect(gauges.totals()["requests"] == 20)
    }

    /// A worker writes what it likes into its own memory.
    @Test func totalsOfALyingWorkerDoNotFall() throws {
        let region = try SharedRegion.create().region
        let gauges = GaugeReader(region)
        let worker = WorkerID(generation: 1, index: 0)
        gauges.add(worker, GaugeReader.Entry(pid: 1, slot: 3, loopCount: 1))
        try #require(LoopRecord(region, slot: 3, loop: 0)).add(.requests, 50)
        #expect(gauges.totals()["requests"] == 50)
        // A new record begins at zero.
        let record = try #require(LoopRecord(region, slot: 3, loop: 0))
        record.add(.requests, 7)
        #expect(gauges.totals()["requests"] == 50)
        gauges.remove(worker)
        #expect(gauges.totals()["requests"] == 50)
        gauges.add(
            WorkerID(generation: 2, index: 0), GaugeReader.Entry(pid: 1, slot: 3, loopCount: 1))
        record.add(.requests, .max - 7)
        #expect(gauges.totals()["requests"] == .max)
    }
}
