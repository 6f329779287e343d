// How many may watch at once, and word for them that the server stops. Any thread.

import Synchronization

final class WatcherPlaces: Sendable {
    static let countMax = 256

    private struct State {
        var count = 0
        var isClosed = false
    }
    private let state = Mutex(State())

    /// A watcher's place, free again with its last reference.
    final class Place: Sendable {
        private let places: WatcherPlaces

        fileprivate init(_ places: WatcherPlaces) {
            self.places = places
        }

        deinit { places.state.withLock { $0.count -= 1 } }

        /// The server stops.
        var isClosed: Bool { places.state.withLock { $0.isClosed } }
    }

    var count: Int { state.withLock { $0.count } }

    /// Nil if all are taken.
    func take() -> Place? {
        let isTaken = state.withLock { state in
            if state.count >= Self.countMax || state.isClosed { return false }
            state.count += 1
            return true
        }
        return isTaken ? Place(self) : nil
    }

    func close() { state.withLock { $0.isClosed = true } }
}
