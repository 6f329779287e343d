// How long to wait before a crashed generation is replaced. Pure value.

import Clock

/// At once the first time, then 100 ms, 200 ms, … 30 s, until something served long enough.
struct RestartBackoff: Sendable {
    static let first: Duration = .milliseconds(100)
    static let limit: Duration = .seconds(30)
    /// Serving this long, or for its probation if that is longer, ends a series of crashes.
    static let calm: Duration = .seconds(60)

    private(set) var crashes = 0

    mutating func didServe(for time: Duration, probation: Duration) {
        if time >= max(Self.calm, probation) { reset() }
    }

    mutating func reset() { crashes = 0 }

    mutating func nextDelay() -> Duration {
        defer { crashes += 1 }
        guard crashes > 0 else { return .zero }
        // 100 ms × 2⁹ is beyond the limit.
        return min(Self.limit, Self.first * (1 << min(crashes - 1, 9)))
    }
}

/// A replacement that waits for its turn.
struct PendingRestart: Sendable {
    var plan: GenerationPlan
    var source: ReloadRecord.Source
    var crashedGeneration: Int
    /// Of the crashed generation: where a rollback comes from. Nil when nothing crashed: the master
    /// starts from the last good revision.
    var crashedRevision: Int?
    /// From 1.
    var attempt: Int
    var dueAt: Instant
    /// It let one reload by request go first; it does not do so again.
    var hasYielded = false

    /// Unique: a generation's number is never reused.
    var id: String { "rs_\(crashedGeneration)_\(attempt)" }

    var reason: String {
        crashedRevision == nil
            ? "the configuration is not valid" : "generation \(crashedGeneration) crashed"
    }
}
