// The master's side of the shared state, for loops inside the test process.

import SharedState
import Testing

@testable import DataPlane

/// A region with its worker slots and permits.
final class SharedPlace: Sendable {
    let region: SharedRegion
    private let state: Guarded<State>

    private struct State: Sendable {
        var slots: WorkerSlotTable
        var permits: PermitBook
    }

    init() throws {
        region = try SharedRegion.create().region
        state = Guarded(State(slots: WorkerSlotTable(region), permits: PermitBook(region)))
    }

    func addWorker(loopCount: Int) throws -> Int {
        let slot = state.withLock {
            $0.slots.allocate(generation: 1, workerIndex: 0, loopCount: loopCount)
        }
        return try #require(slot)
    }

    /// The worker is no more: what it held is taken back, and everybody rung.
    func removeWorker(_ slot: Int) {
        state.withLock { state in
            state.slots.free(slot: slot)
            state.permits.reclaim(slot: slot)
            for slot in state.slots.slotsInUse { WorkerBell(region, slot: slot)?.ringAll() }
        }
    }

    func provide(_ count: Int, number: Int) throws {
        let isDone = state.withLock { $0.permits.provide(count, number: number) }
        try #require(isDone)
    }

    func heldCount(_ number: Int) -> Int {
        guard let record = ServerRecord(region, number: number) else { return -1 }
        return ServerPermits(region, record).heldCount
    }
}
