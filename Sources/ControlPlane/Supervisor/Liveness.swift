// When a worker counts as stuck, and when it is not its fault. Constants and one pure rule.

import Clock

enum Liveness {
    /// A watched worker shows progress this often or is killed. With the master sampling every
    /// 250 ms and the kill itself, a stuck worker is replaced within 3 s of its last step.
    static let progressTimeout: Duration = .seconds(2)
    /// How often the supervisor wants to run while it watches anybody.
    static let tick: Duration = .milliseconds(500)
    /// An event this much later than a deadline says that the master did not run.
    static let pauseTolerance: Duration = .milliseconds(500)

    /// Until when everybody has time again if `now` shows that the master itself had paused (it
    /// was stopped, the machine suspended); nil if it had not. What workers said meanwhile may
    /// still stand in their channels.
    static func graceAfterPause(deadline: Instant?, at now: Instant) -> Instant? {
        guard let deadline, now - deadline > pauseTolerance else { return nil }
        return now + progressTimeout
    }
}
