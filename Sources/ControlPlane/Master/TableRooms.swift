// Where in an area of the shared memory each table has its cells: rate limits in one area, tables of
// clients in another. A table keeps them as long as any generation has it with the same name, key
// and size, so that a reload forgets nobody; another rate or another time is no other table. Any
// thread.

internal import Model
internal import SharedState
internal import Synchronization

/// One for each area, for the life of a master.
final class TableRooms: Sendable {
    /// What makes a table the same as one of another generation.
    struct Table: Hashable, Sendable {
        var name: String
        var key: RequestKey
        var bucketCount: Int

        init(_ limit: RateLimit) {
            name = limit.name
            key = limit.key
            bucketCount = RateLimitTable.bucketCount(entries: limit.entries)
        }

        /// Nil: the backend remembers nobody.
        init?(_ backend: Backend) {
            guard let table = backend.stickiness?.table else { return nil }
            name = backend.name
            key = table.key
            bucketCount = StickyTable.bucketCount(entries: table.entries)
        }
    }
    private struct State {
        var rooms: [Table: Int] = [:]
        var generations: [Int: [Table]] = [:]
    }
    private let clear: @Sendable (TablePlacement) -> Bool
    private let state = Mutex(State())

    /// - Parameter clear: empties cells; false: there are no such cells in the area.
    init(clear: @escaping @Sendable (TablePlacement) -> Bool) {
        self.clear = clear
    }

    static func rateLimits(in region: SharedRegion) -> TableRooms {
        TableRooms { placement in
            guard let table = RateLimitTable(region, placement) else { return false }
            table.clear()
            return true
        }
    }

    static func stickyTables(in region: SharedRegion) -> TableRooms {
        TableRooms { placement in
            guard let table = StickyTable(region, placement) else { return false }
            table.clear()
            return true
        }
    }

    /// The first bucket of each table of a generation about to be started, in their order; -1 where
    /// there is none, or no room beside those of other generations: the worker has its own then.
    func firstBuckets(of tables: [Table?], generation: Int) -> [Int] {
        state.withLock { state in
            state.generations[generation] = tables.compactMap(\.self)
            let used = Set(state.generations.values.joined())
            state.rooms = state.rooms.filter { used.contains($0.key) }
            return tables.map { table in
                guard let table else { return -1 }
                if state.rooms[table] == nil { give(table, in: &state) }
                return state.rooms[table] ?? -1
            }
        }
    }

    /// The generation has no worker any more, or never had one.
    func forget(generation: Int) {
        state.withLock { _ = $0.generations.removeValue(forKey: generation) }
    }

    /// The first gap that is wide enough.
    private func give(_ table: Table, in state: inout State) {
        var start = 0
        for (other, first) in state.rooms.sorted(by: { $0.value < $1.value }) {
            if first - start >= table.bucketCount { break }
            start = first + other.bucketCount
        }
        let placement = TablePlacement(firstBucket: start, bucketCount: table.bucketCount)
        if clear(placement) { state.rooms[table] = start }
    }
}
