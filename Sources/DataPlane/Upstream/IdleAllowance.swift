// How many connections to one server the loops of a worker may park together. A loop takes permits
// as it grows and gives back what it does not need, so that parking costs nothing shared and the
// limit holds at every moment. Any thread.

internal import Synchronization

/// Permits that no loop has.
final class IdleAllowance: Sendable {
    private let free: Atomic<Int>

    init(limit: Int) {
        free = Atomic(max(0, limit))
    }

    /// One permit; false if none is free.
    func take() -> Bool {
        var seen = free.load(ordering: .relaxed)
        while seen > 0 {
            let result = free.weakCompareExchange(
                expected: seen, desired: seen - 1, ordering: .relaxed)
            if result.exchanged { return true }
            seen = result.original
        }
        return false
    }

    func give(_ count: Int) {
        free.add(count, ordering: .relaxed)
    }
}
