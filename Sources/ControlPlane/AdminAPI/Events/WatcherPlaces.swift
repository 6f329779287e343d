// Who watches events: how many may, and the one bell that wakes them. Watchers wait here and not at
// the master, which would have to wake each of them; a single task looks for what is new and for
// heartbeats that are due, and runs only while somebody watches. Any thread.

import Clock
import Synchronization

final class WatcherPlaces: Sendable {
    /// A watcher costs about 25 KiB: its connection, its task, and a place here.
    static let countMax = 10_240
    /// How often heartbeats that are due are looked for.
    private static let slice = Duration.milliseconds(500)
    /// After the bell: what happens together is written together, so many watchers do not compete
    /// with a reload that is running.
    private static let pause = Duration.milliseconds(50)

    /// After that much silence a stream shows that it is still there.
    let heartbeatPeriod: Duration
    let frames = EventFrames()

    private struct Waiter {
        var position: UInt64
        var due: Instant
        var continuation: CheckedContinuation<Void, Never>
    }
    private struct State {
        var count = 0
        var nextID: UInt64 = 0
        var isClosed = false
        var isRinging = false
        /// The last event that the bell has rung for.
        var newest: UInt64 = 0
        var waiters: [UInt64: Waiter] = [:]
        /// Watchers whose connection is gone.
        var ended: Set<UInt64> = []
    }
    private let state = Mutex(State())

    init(heartbeatPeriod: Duration = EventFormat.heartbeatPeriod) {
        self.heartbeatPeriod = heartbeatPeriod
    }

    /// A watcher's place, free again with its last reference.
    final class Place: Sendable {
        private let places: WatcherPlaces
        private let id: UInt64

        fileprivate init(_ places: WatcherPlaces, id: UInt64) {
            self.places = places
            self.id = id
        }

        deinit {
            places.state.withLock { state in
                state.count -= 1
                state.ended.remove(id)
            }
        }

        var heartbeatPeriod: Duration { places.heartbeatPeriod }
        var frames: EventFrames { places.frames }

        /// The server stops.
        var isClosed: Bool { places.state.withLock { $0.isClosed } }

        /// The connection is gone.
        var isEnded: Bool { places.state.withLock { $0.ended.contains(id) } }

        /// Its connection is gone: whoever waits is woken.
        func end() {
            places.state.withLock { _ = $0.ended.insert(id) }
            places.wake(id)
        }

        /// Until there is an event after `position`, the time has come, or all is over.
        func wait(after position: UInt64, until due: Instant) async {
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let mustWait = places.state.withLock { state in
                        let isOver =
                            state.isClosed || state.newest > position
                            || state.ended.contains(id) || Task.isCancelled
                        if isOver { return false }
                        state.waiters[id] = Waiter(
                            position: position, due: due, continuation: continuation)
                        return true
                    }
                    if !mustWait { continuation.resume() }
                }
            } onCancel: {
                end()
            }
        }
    }

    var count: Int { state.withLock { $0.count } }

    /// Nil if all are taken.
    func take() -> Place? {
        let id: UInt64? = state.withLock { state in
            if state.count >= Self.countMax || state.isClosed { return nil }
            state.count += 1
            state.nextID += 1
            return state.nextID
        }
        return id.map { Place(self, id: $0) }
    }

    /// Rings as long as there are watchers. To be called after a place was taken; nothing happens
    /// if somebody rings already.
    func ring(for port: any ControlPort) {
        let mustStart = state.withLock { state in
            let mustStart = !state.isRinging && !state.isClosed
            if mustStart { state.isRinging = true }
            return mustStart
        }
        if mustStart { Task { await ring(port) } }
    }

    func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            return Self.takeAll(&state)
        }
        for waiter in waiters { waiter.continuation.resume() }
    }

    private func ring(_ port: any ControlPort) async {
        var position = port.lastEvent
        while true {
            let isOver = state.withLock { state in
                if state.count == 0 || state.isClosed { state.isRinging = false }
                return !state.isRinging
            }
            if isOver { return }
            _ = await port.events(after: position, atMost: 1, waiting: Self.slice)
            let newest = port.lastEvent
            let hasNews = newest != position
            position = newest
            let now = Instant.now()
            let due = state.withLock { state in
                state.newest = newest
                return hasNews ? Self.takeAll(&state) : Self.takeDue(&state, at: now)
            }
            for waiter in due { waiter.continuation.resume() }
            if hasNews { try? await Task.sleep(for: Self.pause) }
        }
    }

    private func wake(_ id: UInt64) {
        state.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume()
    }

    private static func takeAll(_ state: inout State) -> [Waiter] {
        let waiters = Array(state.waiters.values)
        state.waiters = [:]
        return waiters
    }

    private static func takeDue(_ state: inout State, at now: Instant) -> [Waiter] {
        let due = state.waiters.filter { $0.value.due <= now }
        for id in due.keys { state.waiters[id] = nil }
        return Array(due.values)
    }
}
