// How a single value is written: as its author did, without quotes that nobody needs. Pure.

enum ScalarText {
    /// In one line; nil for what only a block can hold.
    static func inline(_ text: String, _ style: YAMLEvent.Style) -> String {
        switch style {
        case .plain where !text.unicodeScalars.contains(where: isBreak):
            return text
        case .singleQuoted, .doubleQuoted:
            return isPlainForEverybody(text) ? text : quoted(text)
        default:
            return quoted(text)
        }
    }

    /// A text that no reader of YAML, of whatever version, takes for a number, a date, a truth
    /// value or something with a structure.
    static func isPlainForEverybody(_ text: String) -> Bool {
        let words: Set = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"]
        guard let first = text.utf8.first, first == UInt8(ascii: "/") || isLetter(first) else {
            return false
        }
        return text.utf8.allSatisfy { Names.isLetterOrDigit($0) || "/._-".utf8.contains($0) }
            && !words.contains(text.lowercased())
    }

    private static func quoted(_ text: String) -> String {
        let needsEscapes = text.unicodeScalars.contains { isBreak($0) || !isPrintable($0) }
        let hasMarks = text.utf8.contains { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }
        if hasMarks, !needsEscapes, !text.utf8.contains(UInt8(ascii: "'")) { return "'\(text)'" }
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            case _ where isBreak(scalar) || !isPrintable(scalar):
                let digits = String(scalar.value, radix: 16, uppercase: true)
                let width = scalar.value > 0xFFFF ? 8 : 4
                result += width == 8 ? "\\U" : "\\u"
                result += String(repeating: "0", count: width - digits.utf8.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        Names.isLetterOrDigit(byte) && byte > UInt8(ascii: "9")
    }

    /// YAML 1.1 §5.4.
    private static func isBreak(_ scalar: Unicode.Scalar) -> Bool {
        ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"].contains(scalar)
    }

    /// YAML 1.1 §5.1, without what terminals and editors would act upon.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7E, 0xA0...0x200A, 0x2010...0x2027, 0x202F...0x205F, 0x2070...0xD7FF,
            0xE000...0xFEFE, 0xFF00...0xFFFD, 0x10000...0x10FFFF:
            true
        default: false
        }
    }
}
