// Numbers with units as the language writes them.

import Model

enum Units {
    /// Decimal digits with an optional minus: what JSON calls an integer.
    static func isInteger(_ text: String) -> Bool {
        var digits = text.utf8[...]
        if digits.first == UInt8(ascii: "-") { digits = digits.dropFirst() }
        if digits.count > 1, digits.first == UInt8(ascii: "0") { return false }
        return !digits.isEmpty && digits.allSatisfy(isDigit)
    }

    /// `500ms`, `5s`, `2m`, `1h`: digits, as in a number, and one unit. Nil for anything else, or
    /// beyond a century.
    static func duration(_ text: String) -> Duration? {
        guard let (count, unit) = split(text) else { return nil }
        let milliseconds: Int? =
            switch unit {
            case "ms": 1
            case "s": 1_000
            case "m": 60_000
            case "h": 3_600_000
            default: nil
            }
        guard let milliseconds else { return nil }
        let (total, overflow) = count.multipliedReportingOverflow(by: milliseconds)
        guard !overflow, total <= 100 * 366 * 24 * 3_600_000 else { return nil }
        return .milliseconds(total)
    }

    /// `1500`, `16k`, `10m`, `1g`: bytes, powers of 1024.
    static func size(_ text: String) -> Int? {
        guard let (count, unit) = split(text) else { return nil }
        let factor: Int? =
            switch unit {
            case "": 1
            case "k": 1 << 10
            case "m": 1 << 20
            case "g": 1 << 30
            default: nil
            }
        guard let factor else { return nil }
        let (total, overflow) = count.multipliedReportingOverflow(by: factor)
        return overflow ? nil : total
    }

    /// `20%`: digits and a percent sign. Nil for anything else.
    static func percent(_ text: String) -> Int? {
        guard let (count, unit) = split(text), unit == "%" else { return nil }
        return count
    }

    /// `100/s`, `30/m`, `5/h`: digits, a slash and one unit of time. Nil for anything else.
    static func rate(_ text: String) -> (count: Int, period: Duration)? {
        guard let (count, unit) = split(text) else { return nil }
        switch unit {
        case "/s": return (count, .seconds(1))
        case "/m": return (count, .seconds(60))
        case "/h": return (count, .seconds(3_600))
        default: return nil
        }
    }

    /// As it is written; a period that no unit has, in seconds, cannot come from the language.
    static func text(_ rate: Rate) -> String {
        switch rate.period {
        case .seconds(60): "\(rate.count)/m"
        case .seconds(3_600): "\(rate.count)/h"
        default: "\(rate.count)/s"
        }
    }

    /// The shortest way to write a duration of whole milliseconds.
    static func text(_ duration: Duration) -> String {
        let milliseconds = duration / .milliseconds(1)
        for (unit, size) in [("h", 3_600_000.0), ("m", 60_000.0), ("s", 1_000.0)]
        where milliseconds >= size && milliseconds.truncatingRemainder(dividingBy: size) == 0 {
            return "\(Int(milliseconds / size))\(unit)"
        }
        return "\(Int(milliseconds))ms"
    }

    /// The shortest way to write so many bytes.
    static func sizeText(_ bytes: Int) -> String {
        for (unit, shift) in [("g", 30), ("m", 20), ("k", 10)]
        where bytes >= 1 << shift && bytes & ((1 << shift) - 1) == 0 {
            return "\(bytes >> shift)\(unit)"
        }
        return "\(bytes)"
    }

    private static func split(_ text: String) -> (count: Int, unit: String)? {
        let bytes = text.utf8
        let digits = bytes.prefix(while: isDigit)
        if digits.count > 1, digits.first == UInt8(ascii: "0") { return nil }
        guard !digits.isEmpty, digits.count <= 18, let count = Int(String(digits) ?? "") else {
            return nil
        }
        return (count, String(bytes[digits.endIndex...]) ?? "")
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
