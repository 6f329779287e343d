// Dates, for people and logs only: nothing is ever scheduled by them.

internal import CLinux

/// A moment in UTC, to the millisecond, as RFC 3339 writes it: `2026-11-21T00:10:03.412Z`.
public struct WallTime: Comparable, Hashable, Sendable, Codable {
    /// Since 1970-01-01T00:00:00Z.
    public var milliseconds: Int64

    /// A moment known from elsewhere: a record, a test.
    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// What the system's clock says (clock_gettime(2), CLOCK_REALTIME). It may jump.
    public static func now() -> WallTime {
        WallTime(milliseconds: clinux_wall_ms())
    }

    public static func < (left: WallTime, right: WallTime) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// The moment this long after (or before); saturates.
    public static func + (time: WallTime, duration: Duration) -> WallTime {
        let (sum, overflow) = time.milliseconds.addingReportingOverflow(duration.wholeMilliseconds)
        return overflow
            ? WallTime(milliseconds: duration < .zero ? .min : .max)
            : WallTime(milliseconds: sum)
    }

    /// How long after `earlier`; saturates.
    public static func - (later: WallTime, earlier: WallTime) -> Duration {
        let (difference, overflow) = later.milliseconds.subtractingReportingOverflow(
            earlier.milliseconds)
        return .milliseconds(overflow ? (later < earlier ? .min : .max) : difference)
    }

    /// How many bytes `write(_:)` yields: `2026-11-21T00:10:03.412Z`.
    public static let byteCount = 24

    /// RFC 3339 §5.6, 24 characters. Years outside 0…9999 are shown as the nearest moment inside.
    public var rfc3339: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        write { bytes.append($0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The 24 ASCII bytes of `rfc3339`, in order, to a log line's own buffer: no allocation.
    @inlinable
    public func write(_ put: (UInt8) -> Void) {
        let fields = CalendarFields(self)
        Self.write(fields.year, digits: 4, put)
        put(UInt8(ascii: "-"))
        Self.write(fields.month, digits: 2, put)
        put(UInt8(ascii: "-"))
        Self.write(fields.day, digits: 2, put)
        put(UInt8(ascii: "T"))
        Self.write(fields.hour, digits: 2, put)
        put(UInt8(ascii: ":"))
        Self.write(fields.minute, digits: 2, put)
        put(UInt8(ascii: ":"))
        Self.write(fields.second, digits: 2, put)
        put(UInt8(ascii: "."))
        Self.write(fields.millisecond, digits: 3, put)
        put(UInt8(ascii: "Z"))
    }

    @inlinable
    static func write(_ number: Int, digits: Int, _ put: (UInt8) -> Void) {
        var divisor = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            put(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
    }
}

/// The Gregorian calendar's fields of a moment in UTC.
public struct CalendarFields: Equatable, Sendable {
    /// 0…9999.
    public var year: Int
    /// 1…12.
    public var month: Int
    /// 1…31.
    public var day: Int
    /// 0…23.
    public var hour: Int
    /// 0…59.
    public var minute: Int
    /// 0…59: the system's clock knows no leap second.
    public var second: Int
    /// 0…999.
    public var millisecond: Int

    /// Clamped to the years 0…9999.
    public init(_ time: WallTime) {
        let yearZero: Int64 = -62_167_219_200_000
        let endOfYear9999: Int64 = 253_402_300_799_999
        let clamped = Int(min(max(time.milliseconds, yearZero), endOfYear9999))
        let millisecondsPerDay = 86_400_000
        // Days begin in the year 0 here, so nothing below is negative.
        let sinceYearZero = clamped - Int(yearZero)
        let (days, ofDay) = sinceYearZero.quotientAndRemainder(dividingBy: millisecondsPerDay)
        millisecond = ofDay % 1000
        second = ofDay / 1000 % 60
        minute = ofDay / 60_000 % 60
        hour = ofDay / 3_600_000

        // Years counted from March, so that the leap day is a year's last: 400 years have 146,097
        // days, and the five months from March have 153. 0000-01-01 is 306 days before the March
        // of a leap cycle; 306 days earlier is a whole cycle minus 60 days later.
        let daysFromMarch = days + 146_097 - 60
        let (cycle, ofCycle) = daysFromMarch.quotientAndRemainder(dividingBy: 146_097)
        let yearOfCycle =
            (ofCycle - ofCycle / 1460 + ofCycle / 36_524 - ofCycle / 146_096) / 365
        let ofYear = ofCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let monthFromMarch = (5 * ofYear + 2) / 153
        day = ofYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = cycle * 400 + yearOfCycle - 400 + (month <= 2 ? 1 : 0)
    }
}
