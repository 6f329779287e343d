// The project's only reading of monotonic time. Every thread of every process; never blocks.
// Machines take an `Instant` as an argument and do not call `now()` (docs: style, state machines).

internal import CLinux

/// A point of CLOCK_MONOTONIC: comparable between the processes of one boot, unrelated to dates.
public struct Instant: Comparable, Hashable, Sendable, Codable {
    /// Since an unspecified start, usually boot. Never 0 for a reading of the clock.
    public var nanoseconds: UInt64

    /// An instant known from elsewhere: shared memory, a test.
    @inlinable
    public init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    /// Later than everything; a deadline that never comes.
    public static let distantFuture = Instant(nanoseconds: .max)

    /// The clock's time, to the nanosecond (clock_gettime(2), about 20 ns of work).
    public static func now() -> Instant {
        Instant(nanoseconds: UInt64(clamping: clinux_monotonic_ns()))
    }

    /// The time of the kernel's last tick, up to 4 ms ago, at a fraction of the cost of `now()`.
    public static func coarseNow() -> Instant {
        Instant(nanoseconds: UInt64(clamping: clinux_monotonic_coarse_ns()))
    }

    @inlinable
    public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// Saturates at both ends: `distantFuture` plus anything stays `distantFuture`.
    public static func + (instant: Instant, duration: Duration) -> Instant {
        let distance = duration.wholeNanoseconds
        let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(distance.magnitude)
        let (difference, underflow) = instant.nanoseconds.subtractingReportingOverflow(
            distance.magnitude)
        if instant == .distantFuture { return .distantFuture }
        if distance < 0 { return Instant(nanoseconds: underflow ? 0 : difference) }
        return overflow ? .distantFuture : Instant(nanoseconds: sum)
    }

    /// The instant this long before; saturates like `+`.
    public static func - (instant: Instant, duration: Duration) -> Instant {
        instant + (.zero - duration)
    }

    /// From `earlier` to `later`; negative the other way round; at most 292 years.
    public static func - (later: Instant, earlier: Instant) -> Duration {
        if later >= earlier {
            return .nanoseconds(Int64(clamping: later.nanoseconds - earlier.nanoseconds))
        }
        return .zero - .nanoseconds(Int64(clamping: earlier.nanoseconds - later.nanoseconds))
    }
}
