// When a server is checked: a pure value per server. Checks of many servers are spread evenly over
// the interval and stay so, because each is due an interval after its own last one; a little jitter
// keeps them from falling into step with anything else. A new generation goes on where the old one
// was: a reload neither hurries a check nor puts it off.

internal import SharedState

/// Times in milliseconds.
struct CheckSchedule: BitwiseCopyable, Equatable {
    /// A server that nothing is known of is checked within this time.
    static var firstWindow: Int64 { 2_000 }

    var interval: Int64
    var fastInterval: Int64
    var downInterval: Int64

    /// - Parameters:
    ///   - place: of the server among `count` that begin together.
    ///   - sinceLast: since the last check began; nil: nothing is known of the server.
    /// - Returns: the wait until its first check.
    func first(
        place: Int, of count: Int, state: ServerHealthState, sinceLast: Int64?,
        random: inout SmallRandom
    ) -> Int64 {
        if let sinceLast {
            let wait = interval(state)
            return max(0, wait - max(0, sinceLast))
        }
        let window = min(interval, Self.firstWindow)
        let count = Int64(max(1, count))
        let share = max(1, window / count)
        return window * Int64(place) / count + random.next(below: share)
    }

    /// From the beginning of a check to that of the next: up to a twentieth more or less.
    func next(state: ServerHealthState, random: inout SmallRandom) -> Int64 {
        let wait = interval(state)
        return wait - wait / 20 + random.next(below: wait / 10 + 1)
    }

    private func interval(_ state: ServerHealthState) -> Int64 {
        switch state {
        case .unchecked, .up: interval
        case .goingDown, .goingUp: fastInterval
        case .down: downInterval
        }
    }
}
