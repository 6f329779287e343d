// Where in the shared memory each rate limit has its cells. A limit keeps them as long as any
// generation has it with the same name, key and size, so that a reload forgets nobody; another rate
// or burst is no other limit. Any thread.

internal import Model
internal import SharedState
internal import Synchronization

/// One for the life of a master.
final class RateLimitRooms: Sendable {
    private struct Identity: Hashable {
        var name: String
        var key: RequestKey
        var bucketCount: Int

        init(_ limit: RateLimit) {
            name = limit.name
            key = limit.key
            bucketCount = RateLimitPlacement.bucketCount(entries: limit.entries)
        }
    }
    private struct State {
        var rooms: [Identity: Int] = [:]
        var generations: [Int: [Identity]] = [:]
    }
    private let region: SharedRegion
    private let state = Mutex(State())

    init(_ region: SharedRegion) {
        self.region = region
    }

    /// The first bucket of each limit of a generation about to be started, in their order. -1: there
    /// is no room beside those of other generations; the worker counts for itself then.
    func firstBuckets(for configuration: Configuration, generation: Int) -> [Int] {
        state.withLock { state in
            let identities = configuration.rateLimits.map(Identity.init)
            state.generations[generation] = identities
            let used = Set(state.generations.values.joined())
            state.rooms = state.rooms.filter { used.contains($0.key) }
            return identities.map { identity in
                if state.rooms[identity] == nil { give(identity, in: &state) }
                return state.rooms[identity] ?? -1
            }
        }
    }

    /// The generation has no worker any more, or never had one.
    func forget(generation: Int) {
        state.withLock { _ = $0.generations.removeValue(forKey: generation) }
    }

    /// The first gap that is wide enough.
    private func give(_ identity: Identity, in state: inout State) {
        var start = 0
        for (other, first) in state.rooms.sorted(by: { $0.value < $1.value }) {
            if first - start >= identity.bucketCount { break }
            start = first + other.bucketCount
        }
        let placement = RateLimitPlacement(
            firstBucket: start, bucketCount: identity.bucketCount)
        guard let table = RateLimitTable(region, placement) else { return }
        table.clear()
        state.rooms[identity] = start
    }
}
