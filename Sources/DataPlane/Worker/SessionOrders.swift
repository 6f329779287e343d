// Orders to end sessions that loops are still busy with. A value; the main thread's.

internal import Wire

struct SessionOrders {
    /// The master gives one at a time, and another one if it waited in vain.
    private static let countMax = 64

    private struct Pending {
        var loops: LoopSet
        var outcome: SessionOutcome
    }
    /// Oldest first.
    private var pending: [Pending] = []

    /// Loops were asked. The outcome, where there are none.
    mutating func didAsk(_ loops: LoopSet, _ id: UInt64) -> SessionOutcome? {
        let outcome = SessionOutcome(id: id, matched: 0, ended: 0)
        if loops.count == 0 { return outcome }
        if pending.count >= Self.countMax { pending.removeFirst() }
        pending.append(Pending(loops: loops, outcome: outcome))
        return nil
    }

    /// The outcome, if this was the last loop.
    mutating func loopDidEnd(
        _ loop: Int, _ id: UInt64, matched: Int, ended: Int
    ) -> SessionOutcome? {
        guard let place = pending.firstIndex(where: { $0.outcome.id == id }) else { return nil }
        pending[place].loops.remove(loop)
        pending[place].outcome.matched += matched
        pending[place].outcome.ended += ended
        guard pending[place].loops.count == 0 else { return nil }
        return pending.remove(at: place).outcome
    }
}
