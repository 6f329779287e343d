// Conversions of `Duration` to the integers that system calls, logs and JSON want.
// They saturate: a duration comes from a configuration or an API and may be absurd.

extension Duration {
    /// Truncated towards zero; saturates at ±292 years.
    public var wholeNanoseconds: Int64 { inUnits(of: 1) }

    /// Truncated towards zero.
    public var wholeMicroseconds: Int64 { inUnits(of: 1000) }

    /// Truncated towards zero.
    public var wholeMilliseconds: Int64 { inUnits(of: 1_000_000) }

    /// Truncated towards zero.
    public var wholeSeconds: Int64 { components.seconds }

    /// For epoll_wait(2): rounded up, so that a wait never ends just before its deadline;
    /// 0 for everything past, at most `Int32.max`.
    public var timeoutMilliseconds: Int32 {
        guard self > .zero else { return 0 }
        let (seconds, attoseconds) = components
        let attosecondsPerMillisecond: Int64 = 1_000_000_000_000_000
        let (whole, remainder) = attoseconds.quotientAndRemainder(
            dividingBy: attosecondsPerMillisecond)
        let part = whole + (remainder > 0 ? 1 : 0)
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        let (sum, carry) = product.addingReportingOverflow(part)
        return overflow || carry ? .max : Int32(clamping: sum)
    }

    private func inUnits(of unitNanoseconds: Int64) -> Int64 {
        let (seconds, attoseconds) = components
        let unitsPerSecond = 1_000_000_000 / unitNanoseconds
        let part = attoseconds / 1_000_000_000 / unitNanoseconds
        let (product, overflow) = seconds.multipliedReportingOverflow(by: unitsPerSecond)
        let (sum, carry) = product.addingReportingOverflow(part)
        return overflow || carry ? (seconds < 0 ? .min : .max) : sum
    }
}
