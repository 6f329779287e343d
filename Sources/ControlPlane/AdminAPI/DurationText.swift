// Durations as people write them in queries and on the command line. Pure, any thread.

/// Reading of `500ms`, `30s`, `5m`, `2h`.
public enum DurationText {
    /// Nil unless `text` is digits and one of the units ms, s, m and h. Saturates at 24 days.
    public static func parse(_ text: String) -> Duration? {
        let units: [(suffix: String, milliseconds: Int)] = [
            ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000),
        ]
        guard let unit = units.first(where: { text.hasSuffix($0.suffix) }) else { return nil }
        let digits = text.utf8.dropLast(unit.suffix.utf8.count)
        guard !digits.isEmpty, digits.count <= 9,
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let count = Int(Substring(digits))
        else { return nil }
        let millisecondsMax = 24 * 24 * 3_600_000
        return .milliseconds(min(count * unit.milliseconds, millisecondsMax))
    }
}
