// Calendar dates as text, in UTC, without Foundation: `Date` fields and log lines. Pure.

/// A moment of the proleptic Gregorian calendar, UTC.
private struct CivilTime {
    let year: Int64, month: Int64, day: Int64
    let hour: Int64, minute: Int64, second: Int64
    /// 0 is Sunday.
    let weekday: Int

    /// Days to a date after Howard Hinnant's `civil_from_days`: eras of 400 years that begin in
    /// March.
    init(secondsSince1970 seconds: Int64) {
        // The years 1970…9999: what a clock may say, and what four digits hold.
        let seconds = min(max(seconds, 0), 253_402_300_799)
        let days = seconds / 86_400
        let rest = seconds % 86_400
        hour = rest / 3_600
        minute = rest % 3_600 / 60
        second = rest % 60
        weekday = Int((days + 4) % 7)
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }
}

enum WallClockText {
    /// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
    static func writeHTTPDate(_ secondsSince1970: Int64, to writer: inout ByteWriter) {
        let time = CivilTime(secondsSince1970: secondsSince1970)
        writer.append(Bytes("SunMonTueWedThuFriSat").slice(time.weekday * 3, 3))
        writer.append(", ")
        writer.append(padded: time.day, width: 2)
        writer.append(ASCII.space)
        writer.append(monthName(time))
        writer.append(ASCII.space)
        writer.append(padded: time.year, width: 4)
        writer.append(ASCII.space)
        writeTimeOfDay(time, &writer)
        writer.append(" GMT")
    }

    /// `2026-11-21T02:12:26.123Z` (RFC 3339).
    static func writeISO8601(milliseconds: Int64, to writer: inout ByteWriter) {
        let time = CivilTime(secondsSince1970: milliseconds / 1_000)
        writer.append(padded: time.year, width: 4)
        writer.append(UInt8(ascii: "-"))
        writer.append(padded: time.month, width: 2)
        writer.append(UInt8(ascii: "-"))
        writer.append(padded: time.day, width: 2)
        writer.append(UInt8(ascii: "T"))
        writeTimeOfDay(time, &writer)
        writer.append(ASCII.dot)
        writer.append(padded: milliseconds % 1_000, width: 3)
        writer.append(UInt8(ascii: "Z"))
    }

    /// `21/Nov/2026:02:12:26.123`, as proxies log it.
    static func writeLogTime(milliseconds: Int64, to writer: inout ByteWriter) {
        let time = CivilTime(secondsSince1970: milliseconds / 1_000)
        writeLogTime(time, &writer)
        writer.append(ASCII.dot)
        writer.append(padded: milliseconds % 1_000, width: 3)
    }

    /// `29/Nov/2026:04:02:11 +0000`, as the Common Log Format has it.
    static func writeCLF(_ secondsSince1970: Int64, to writer: inout ByteWriter) {
        let time = CivilTime(secondsSince1970: secondsSince1970)
        writeLogTime(time, &writer)
        writer.append(" +0000")
    }

    /// `29/Nov/2026:04:02:11`.
    private static func writeLogTime(_ time: CivilTime, _ writer: inout ByteWriter) {
        writer.append(padded: time.day, width: 2)
        writer.append(ASCII.slash)
        writer.append(monthName(time))
        writer.append(ASCII.slash)
        writer.append(padded: time.year, width: 4)
        writer.append(ASCII.colon)
        writeTimeOfDay(time, &writer)
    }

    private static func monthName(_ time: CivilTime) -> Bytes {
        Bytes("JanFebMarAprMayJunJulAugSepOctNovDec").slice((Int(time.month) - 1) * 3, 3)
    }

    private static func writeTimeOfDay(_ time: CivilTime, _ writer: inout ByteWriter) {
        writer.append(padded: time.hour, width: 2)
        writer.append(ASCII.colon)
        writer.append(padded: time.minute, width: 2)
        writer.append(ASCII.colon)
        writer.append(padded: time.second, width: 2)
    }
}
