// A value made of files, and made again when one of them has changed. Looks at most once in a
// period, when somebody asks. Any thread; may block for the time of the disk.

import Clock
import Synchronization
import Syscalls

final class WatchedFiles<Value: Sendable>: Sendable {
    /// A change is noticed after so long at the latest.
    static var period: Duration { .seconds(1) }

    private struct State {
        var value: Value
        /// Nil for a file that is not there.
        var seen: [Files.Status?]
        var nextLook: Instant
    }

    private let paths: [String]
    private let renew: @Sendable (Value) -> Value
    private let state: Mutex<State>

    /// - Parameter renew: is given the value so far, and decides what counts from now on.
    init<Failure: Error>(
        _ paths: [String], at now: Instant = .now(), read: () throws(Failure) -> Value,
        renew: @escaping @Sendable (Value) -> Value
    ) throws(Failure) {
        self.paths = paths
        self.renew = renew
        // First the status: what changes afterwards is noticed.
        let seen = Self.statuses(paths)
        state = Mutex(State(value: try read(), seen: seen, nextLook: now + Self.period))
    }

    func current(at now: Instant = .now()) -> Value {
        state.withLock { state in
            guard now >= state.nextLook else { return state.value }
            state.nextLook = now + Self.period
            let seen = Self.statuses(paths)
            if seen != state.seen {
                state.seen = seen
                state.value = renew(state.value)
            }
            return state.value
        }
    }

    private static func statuses(_ paths: [String]) -> [Files.Status?] {
        paths.map { try? Files.status(of: $0) }
    }
}
