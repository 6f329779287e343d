// Client connections at once, against their limit, over all loops of a worker. Touched at accept
// and close only. Any thread.

internal import Synchronization

/// A count that cannot exceed its limit.
final class ConnectionGauge: Sendable {
    private let limit: Int
    private let count = Atomic<Int>(0)

    /// - Parameter limit: at least 1.
    init(limit: Int) {
        self.limit = max(1, limit)
    }

    /// Reserves a place; false if none is free.
    func take() -> Bool {
        if count.add(1, ordering: .relaxed).newValue <= limit { return true }
        give()
        return false
    }

    /// Takes a place even if none is free.
    func takeBeyondLimit() {
        count.add(1, ordering: .relaxed)
    }

    /// Gives a place back.
    func give() {
        count.subtract(1, ordering: .relaxed)
    }

    /// How many there are now.
    var current: Int { count.load(ordering: .relaxed) }

    /// Whether `take` would fail now.
    var isFull: Bool { count.load(ordering: .relaxed) >= limit }
}
