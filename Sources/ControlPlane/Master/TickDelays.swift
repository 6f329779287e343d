// How late the master's loop comes to what it does four times a second: what others do to it, and
// what it does to itself, shows here. Pure value; kept by `MasterBoard`.

internal import Clock

/// Delays since the master started.
public struct TickDelays: Sendable, Equatable {
    public private(set) var histogram = DurationHistogram()
    /// The longest of all, whole milliseconds, rounded down.
    public private(set) var longestMilliseconds = 0

    public init() {}

    mutating func add(_ delay: Duration) {
        let milliseconds = max(0, Int(clamping: delay.wholeMilliseconds))
        histogram.add(milliseconds)
        longestMilliseconds = max(longestMilliseconds, milliseconds)
    }
}
