// Numbers as people read them. Whatever a worker wrote into the shared memory, they are some text.
// Pure, any thread.

import Clock
import SharedState

enum PageText {
    /// `42 s`, `12 min`, `3 h 4 min`, `5 d 2 h`; what lies ahead is `0 s`.
    static func age(_ duration: Duration) -> String {
        let seconds = max(0, duration.wholeSeconds)
        let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400)
        if days > 0 { return "\(days) d \(hours % 24) h" }
        if hours > 0 { return "\(hours) h \(minutes % 60) min" }
        return minutes > 0 ? "\(minutes) min" : "\(seconds) s"
    }

    /// `850 µs`, `12.3 ms`, `1.2 s`.
    static func duration(microseconds: UInt64) -> String {
        switch microseconds {
        case ..<1_000: "\(microseconds) µs"
        case ..<1_000_000: "\(PrometheusText.decimal(microseconds / 100, digits: 1)) ms"
        default: "\(PrometheusText.decimal(microseconds / 100_000, digits: 1)) s"
        }
    }

    /// `512 B`, `1.5 MiB`.
    static func bytes(_ count: UInt64) -> String {
        let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        guard count >= 1024 else { return "\(count) B" }
        let power = (UInt64.bitWidth - 1 - count.leadingZeroBitCount) / 10
        let shift = UInt64(power * 10)
        let tenths = (count >> shift) * 10 + ((count & ((1 << shift) - 1)) * 10) >> shift
        return "\(PrometheusText.decimal(tenths, digits: 1)) \(units[power - 1])"
    }

    /// How long answers took on average; `–` if there was none.
    static func meanDuration(_ totals: TrafficTotals) -> String {
        let count = sum(totals.durationBuckets)
        return count == 0 ? "–" : duration(microseconds: totals[.durationMicroseconds] / count)
    }

    /// Within which time 95 of 100 answers were given: a bound of the histogram.
    static func longDuration(_ totals: TrafficTotals) -> String {
        let buckets = totals.durationBuckets
        let count = sum(buckets)
        guard count > 0 else { return "–" }
        var seen: UInt64 = 0
        for (bucket, bound) in zip(buckets, TrafficHistogram.boundsMicroseconds) {
            seen = sum([seen, bucket])
            if seen >= count - count / 20 {
                return "≤ \(duration(microseconds: UInt64(bound)))"
            }
        }
        let longest = TrafficHistogram.boundsMicroseconds.last ?? 0
        return "> \(duration(microseconds: UInt64(longest)))"
    }

    /// Saturates: words of a worker are any numbers.
    private static func sum(_ counts: [UInt64]) -> UInt64 {
        counts.reduce(0) { sum, count in
            let (result, overflow) = sum.addingReportingOverflow(count)
            return overflow ? .max : result
        }
    }
}
