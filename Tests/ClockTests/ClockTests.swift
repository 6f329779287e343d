import Clock
import Testing

@Suite struct InstantTests {
    @Test func theClockGoesForward() {
        let first = Instant.now()
        let second = Instant.now()
        #expect(first.nanoseconds > 0 && first <= second)
        #expect(second - Instant.coarseNow() < .seconds(1))
    }

    @Test func arithmetic() {
        let instant = Instant(nanoseconds: 1_000_000_000)
        #expect(instant + .milliseconds(5) == Instant(nanoseconds: 1_005_000_000))
        #expect(instant + .milliseconds(-5) == Instant(nanoseconds: 995_000_000))
        #expect(instant - .seconds(1) == Instant(nanoseconds: 0))
        #expect((instant + .seconds(3)) - instant == .seconds(3))
        #expect(instant - (instant + .seconds(3)) == .seconds(-3))
    }

    @Test func arithmeticSaturates() {
        let instant = Instant(nanoseconds: 5)
        #expect(instant - .seconds(1) == Instant(nanoseconds: 0))
        #expect(Instant(nanoseconds: .max - 1) + .seconds(1) == .distantFuture)
        #expect(Instant.distantFuture - .seconds(1) == .distantFuture)
        #expect(instant + .seconds(Int64.max) > instant)
        #expect(Instant.distantFuture - instant == .nanoseconds(Int64.max))
        #expect(instant - Instant.distantFuture == .nanoseconds(-Int64.max))
    }
}

@Suite struct DurationConversionTests {
    @Test func units() {
        let duration = Duration.seconds(90) + .nanoseconds(1_999_999)
        #expect(duration.wholeSeconds == 90)
        #expect(duration.wholeMilliseconds == 90_001)
        #expect(duration.wholeMicroseconds == 90_001_999)
        #expect(duration.wholeNanoseconds == 90_001_999_999)
        #expect(Duration.milliseconds(-1500).wholeMilliseconds == -1500)
    }

    @Test func saturation() {
        #expect(Duration.seconds(Int64.max).wholeMilliseconds == .max)
        #expect(Duration.seconds(Int64.min).wholeNanoseconds == .min)
    }

    @Test(arguments: [
        (Duration.zero, Int32(0)), (.seconds(-5), 0), (.nanoseconds(1), 1), (.milliseconds(1), 1),
        (.microseconds(1001), 2), (.seconds(2), 2000), (.seconds(Int64.max), .max),
    ])
    func timeouts(duration: Duration, milliseconds: Int32) {
        #expect(duration.timeoutMilliseconds == milliseconds)
    }
}

@Suite struct WallTimeTests {
    @Test(arguments: [
        (Int64(0), "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (1_795_219_803_412, "2026-11-21T00:10:03.412Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (951_868_799_999, "2000-02-29T23:59:59.999Z"),
        (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (1_735_689_599_999, "2024-12-31T23:59:59.999Z"),
        (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        (.min, "0000-01-01T00:00:00.000Z"),
        (.max, "9999-12-31T23:59:59.999Z"),
    ])
    func text(milliseconds: Int64, expected: String) {
        #expect(WallTime(milliseconds: milliseconds).rfc3339 == expected)
    }

    /// Every day of a whole cycle of the calendar follows the one before.
    @Test func daysFollowEachOther() {
        let daysOfMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        let start = WallTime(milliseconds: -11_676_096_000_000)  // 1600-01-01
        var last = CalendarFields(start)
        #expect(last.year == 1600 && last.month == 1 && last.day == 1)
        for day in 1...146_097 {
            let next = CalendarFields(start + .seconds(86_400 * day))
            let isLeap = last.year % 4 == 0 && (last.year % 100 != 0 || last.year % 400 == 0)
            let monthEnd = daysOfMonth[last.month - 1] + (last.month == 2 && isLeap ? 1 : 0)
            var expected = last
            expected.day += 1
            if last.day == monthEnd { (expected.day, expected.month) = (1, last.month + 1) }
            if expected.month == 13 { (expected.month, expected.year) = (1, last.year + 1) }
            guard next == expected else {
                Issue.record("\(next) after \(last)")
                return
            }
            last = next
        }
    }

    @Test func now() {
        #expect(WallTime.now() > WallTime(milliseconds: 1_700_000_000_000))
        #expect(WallTime.now().rfc3339.utf8.count == WallTime.byteCount)
    }
}
