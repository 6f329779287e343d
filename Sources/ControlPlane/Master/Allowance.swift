internal import Clock

/// So many of something in each second, by the count of the second that runs: a limit on what a
/// worker may make the master do. Pure value.
struct Allowance: Sendable {
    let perSecond: Int
    private var windowStart = Instant(nanoseconds: 0)
    private var taken = 0

    init(perSecond: Int) {
        self.perSecond = perSecond
    }

    /// Whether one more is allowed now.
    mutating func take(at now: Instant) -> Bool {
        if now - windowStart >= .seconds(1) {
            windowStart = now
            taken = 0
        }
        guard taken < perSecond else { return false }
        taken += 1
        return true
    }

    /// The last one was asked for, and does not count.
    mutating func giveBack() {
        taken = max(0, taken - 1)
    }
}
