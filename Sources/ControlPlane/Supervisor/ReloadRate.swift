// How many reloads may be asked for through the API: `process.reload_rate`, with room for a burst.
// Pure value; `Supervisor` asks it, and signals do not come by here.

import Clock

/// A token bucket, as the tokens that are missing from it. The interval may be another each time.
struct ReloadRate: Sendable {
    /// So many at once are let through: a deployment that touches several things, a nervous
    /// person. The queue settles them (`ReloadQueue`), the rate is against loops.
    static let burst = 20
    /// Before a generation serves, and unless the configuration says otherwise: 2/s.
    static let standardInterval: Duration = .milliseconds(500)

    private var missing = 0.0
    private var countedAt = Instant(nanoseconds: 0)

    /// Nil: it is let through, and its token is to be taken. Else how long until one would be.
    mutating func wait(interval: Duration, at now: Instant) -> Duration? {
        let elapsed = now - countedAt
        countedAt = now
        missing = interval > .zero ? max(0, missing - elapsed / interval) : 0
        let excess = missing - Double(Self.burst - 1)
        return excess > 0 ? interval * excess : nil
    }

    mutating func take() { missing += 1 }
}
