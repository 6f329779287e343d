// Where the loop publishes what is so and everybody else reads it. Owns the last snapshot, those
// who wait for the next, and the generations' last words. The loop writes, any thread reads; the
// lock is held for copies of references only.

internal import Clock
internal import Supervisor
internal import Synchronization

final class MasterBoard: Sendable {
    /// Generations whose last lines are kept.
    static let logTailCountMax = 50

    private struct State {
        var snapshot: MasterSnapshot
        var nextWaiter: UInt64 = 0
        var waiters: [UInt64: Waiter] = [:]
        /// Waiters whose time ended before they were in `waiters`.
        var early: Set<UInt64> = []
        /// Lines of one generation, by the worker's place in it.
        var logTails: [Int: [Int: [String]]] = [:]
    }
    private struct Waiter {
        var sequence: UInt64
        var continuation: CheckedContinuation<Void, Never>
    }
    private let state: Mutex<State>
    private let tick: Mutex<(last: Instant, delays: TickDelays)>
    private let gauges: GaugeReader
    private let feed: Mutex<EventFeed>

    init(snapshot: MasterSnapshot, gauges: GaugeReader) {
        state = Mutex(State(snapshot: snapshot))
        tick = Mutex((snapshot.loopTick, TickDelays()))
        self.gauges = gauges
        feed = Mutex(EventFeed(startedAt: snapshot.startedAt, findings: snapshot.findings))
    }

    // MARK: The loop's side

    /// Replaces what is known; `sequence` grows, and those who wait are woken, but not by the loop:
    /// thousands of them must not make it late.
    func publish(_ change: (inout MasterSnapshot) -> Void) {
        let waiting = state.withLock { state in
            change(&state.snapshot)
            state.snapshot.sequence += 1
            let waiting = state.waiters
            state.waiters = [:]
            return waiting
        }
        if !waiting.isEmpty { Task { wake(waiting) } }
    }

    /// Those who wait for something later go on waiting.
    private func wake(_ waiting: [UInt64: Waiter]) {
        for (id, waiter) in waiting {
            let isDue = state.withLock { state in
                if state.snapshot.sequence > waiter.sequence || state.early.contains(id) {
                    return true
                }
                state.waiters[id] = waiter
                return false
            }
            if isDue { waiter.continuation.resume() }
        }
    }

    /// What the supervisor decided, as events. They come before the snapshot that shows them.
    func observe(_ effects: [SupervisorEffect], of supervisor: Supervisor, at now: WallTime) {
        feed.withLock { $0.observe(effects, of: supervisor, at: now) }
    }

    /// What became of servers, as events; wakes those who wait for them.
    func observe(_ changes: [ServerChange], at now: WallTime) {
        if changes.isEmpty { return }
        feed.withLock { feed in
            for change in changes { feed.observe(change, at: now) }
        }
        publish { _ in }
    }

    /// What an operator wants of a server, or wanted; wakes those who wait for events.
    func observe(_ wish: ServerWish, at now: WallTime) {
        feed.withLock { $0.observe(wish, at: now) }
        publish { _ in }
    }

    func observe(_ override: DroppedOverride, at now: WallTime) {
        feed.withLock { $0.observe(override, at: now) }
        publish { _ in }
    }

    /// The loop has come round.
    func publish(tick now: Instant) {
        tick.withLock { $0.last = now }
    }

    /// Its regular work began that late.
    func publish(tickDelay delay: Duration) {
        tick.withLock { $0.delays.add(delay) }
    }

    func publish(logTail lines: [String], of worker: WorkerID) {
        state.withLock { state in
            state.logTails[worker.generation, default: [:]][worker.index] = lines
            while state.logTails.count > Self.logTailCountMax,
                let oldest = state.logTails.keys.min()
            {
                state.logTails[oldest] = nil
            }
        }
    }

    /// From any thread: the loop has no part in it.
    func tell(_ notice: ExpiryNotice, at now: WallTime) {
        feed.withLock { $0.tell(notice, at: now) }
        publish { _ in }
    }

    // MARK: The readers' side

    func snapshot() -> MasterSnapshot {
        var snapshot = state.withLock { $0.snapshot }
        (snapshot.loopTick, snapshot.tickDelays) = tick.withLock { $0 }
        snapshot.takenAt = Moment(instant: .now(), wall: .now())
        snapshot.workers = gauges.read(at: snapshot.takenAt.instant)
        snapshot.totals = gauges.totals()
        snapshot.tally = feed.withLock { $0.tally }
        return snapshot
    }

    /// Of the newest snapshot, without its gauges.
    var sequence: UInt64 { state.withLock { $0.snapshot.sequence } }

    /// The generation that serves.
    var serving: Int? { state.withLock { $0.snapshot.serving } }

    /// Of the last event.
    var lastEvent: UInt64 { feed.withLock { $0.ring.lastSequence } }

    func events(after position: UInt64, atMost count: Int) -> MasterEvents {
        feed.withLock { $0.ring.events(after: position, atMost: count) }
    }

    func logTail(generation: Int) -> [String] {
        state.withLock { state in
            let tails = state.logTails[generation] ?? [:]
            return tails.sorted { $0.key < $1.key }.flatMap(\.value)
        }
    }

    func waitForChange(after sequence: UInt64, atMost limit: Duration) async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let timer = Task {
            if (try? await Task.sleep(for: limit)) != nil { wake(id) }
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    if state.snapshot.sequence > sequence || state.early.contains(id) {
                        return true
                    }
                    state.waiters[id] = Waiter(sequence: sequence, continuation: continuation)
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            wake(id)
        }
        timer.cancel()
        await timer.value
        state.withLock { _ = $0.early.remove(id) }
    }

    private func wake(_ id: UInt64) {
        let waiter = state.withLock { state in
            let waiter = state.waiters.removeValue(forKey: id)
            if waiter == nil { state.early.insert(id) }
            return waiter
        }
        waiter?.continuation.resume()
    }
}
