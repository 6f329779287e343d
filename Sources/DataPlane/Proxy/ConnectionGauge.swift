// Client connections at once, against their limit: of all together, or of a frontend,
// over all workers.
// Touched at accept and close only. Any thread.

internal import SharedState
internal import Synchronization

/// A count that cannot exceed its limit.
final class ConnectionGauge: Sendable {
    private let limit: Int
    /// Nil: there is no place in the shared memory, and the worker counts alone.
    private let shared: ClientConnections?
    private let count = Atomic<Int>(0)

    /// - Parameter limit: at least 1.
    init(limit: Int, shared: ClientConnections? = nil) {
        self.limit = max(1, limit)
        self.shared = shared
    }

    /// Reserves a place; false if none is free.
    func take() -> Bool {
        if let shared {
            if limit < .max { return shared.take(below: limit) }
            shared.takeBeyondLimit()
            return true
        }
        if count.add(1, ordering: .relaxed).newValue <= limit { return true }
        give()
        return false
    }

    /// Takes a place even if none is free.
    func takeBeyondLimit() {
        if let shared { return shared.takeBeyondLimit() }
        count.add(1, ordering: .relaxed)
    }

    /// Gives a place back.
    func give() {
        if let shared { return shared.give() }
        count.subtract(1, ordering: .relaxed)
    }

    /// Whether other workers should have the next ones.
    var isAhead: Bool { shared?.isAhead ?? false }

    /// How many there are now.
    var current: Int { shared?.total ?? count.load(ordering: .relaxed) }

    /// Whether `take` would fail now.
    var isFull: Bool { current >= limit }
}
