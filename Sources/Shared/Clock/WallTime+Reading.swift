// Dates that people write: RFC 3339 in UTC, or a day. Pure.

extension WallTime {
    /// `2026-11-21T00:10:03Z`, with or without milliseconds (RFC 3339 §5.6, UTC only), or
    /// `2026-11-21`, which is the beginning of that day. Nil for anything else, and for days that
    /// there are not.
    public init?(_ text: String) {
        let parts = text.split(separator: "T", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count),
            let day = Self.day(parts[0]),
            let within = parts.count == 1 ? 0 : Self.timeOfDay(parts[1])
        else { return nil }
        self.init(milliseconds: day * 86_400_000 + within)
        // The 31st of a month with 30 days is another day when it is written again.
        guard rfc3339.hasPrefix(parts[0]) else { return nil }
    }

    /// Days since 1970-01-01.
    private static func day(_ text: Substring) -> Int64? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, let year = number(parts[0], digits: 4),
            let month = number(parts[1], digits: 2), let day = number(parts[2], digits: 2),
            (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        // Years that begin in March end with the leap day.
        let shifted = month > 2 ? year : year - 1
        guard shifted >= 0 else { return nil }
        let months = (month + 9) % 12
        let beforeYear = 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400
        return beforeYear + (153 * months + 2) / 5 + day - 1 - 719_468
    }

    /// Milliseconds since midnight.
    private static func timeOfDay(_ text: Substring) -> Int64? {
        guard text.last == "Z" else { return nil }
        let parts = text.dropLast().split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, let hour = number(parts[0], digits: 2),
            let minute = number(parts[1], digits: 2), hour < 24, minute < 60
        else { return nil }
        let seconds = parts[2].split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(seconds.count), let second = number(seconds[0], digits: 2),
            second < 60, let fraction = seconds.count == 1 ? 0 : number(seconds[1], digits: 3)
        else { return nil }
        return ((hour * 60 + minute) * 60 + second) * 1000 + fraction
    }

    private static func number(_ text: Substring, digits: Int) -> Int64? {
        guard text.utf8.count == digits,
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int64(text)
    }
}
