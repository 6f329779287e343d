// When failures of exchanges take a server out for a while: the rule of a backend, in the terms of
// a loop. Pure values.

internal import Clock
internal import Model
internal import SharedState

/// Times in milliseconds.
struct EjectionRule: BitwiseCopyable, Equatable {
    var consecutiveFailures: UInt64
    var baseTime: Int64
    var maxTime: Int64
    var maxPercent: Int

    init(_ ejection: Ejection) {
        consecutiveFailures = UInt64(max(1, ejection.consecutiveFailures))
        baseTime = min(max(1, ejection.baseTime.wholeMilliseconds), 86_400_000)
        maxTime = min(max(baseTime, ejection.maxTime.wholeMilliseconds), 86_400_000)
        maxPercent = ejection.maxPercent
    }

    /// How many of `count` servers may be out at once; one always stays.
    func outMax(of count: Int) -> Int {
        max(0, min(count - 1, count * maxPercent / 100))
    }

    /// Ejections in a row before one that begins now.
    ///
    /// - Parameters:
    ///   - count: as of the last one.
    ///   - lastEnd: when that one ended, or ends.
    func earlier(_ count: UInt64, lastEnd: Int64, now: Int64) -> UInt64 {
        now &- lastEnd >= maxTime || lastEnd > now &+ maxTime ? 0 : min(count, 32)
    }

    /// Doubles with each ejection in a row.
    func time(earlier count: UInt64) -> Int64 {
        let (time, overflow) = baseTime.multipliedReportingOverflow(by: 1 << Int64(min(count, 32)))
        return overflow ? maxTime : min(maxTime, time)
    }

    /// Whether an answer with that status is the server's failure. 501 and 505 speak of the request:
    /// a client could have every server taken out with them.
    static func isFailure(status: Int) -> Bool {
        (500...599).contains(status) && status != 501 && status != 505
    }
}
