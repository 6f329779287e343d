// A JSON value as strict YAML: block style, no anchors, no tags, and every string that a YAML 1.1
// or 1.2 reader could take for something else in double quotes. Pure.

import JSON

enum YAMLText {
    /// One document, without a marker, that ends with a line feed.
    static func document(_ value: JSONValue) -> String {
        switch value {
        case .array(let elements) where !elements.isEmpty: lines(elements, indent: "")
        case .object(let object) where !object.members.isEmpty: lines(object, indent: "")
        default: inline(value) + "\n"
        }
    }

    private static func lines(_ object: JSONObject, indent: String) -> String {
        object.members.map { member in
            let key = indent + string(member.name) + ":"
            return switch member.value {
            case .array(let elements) where !elements.isEmpty:
                key + "\n" + lines(elements, indent: indent + "  ")
            case .object(let object) where !object.members.isEmpty:
                key + "\n" + lines(object, indent: indent + "  ")
            default:
                key + " " + inline(member.value) + "\n"
            }
        }.joined()
    }

    /// An element's first line stands behind its dash.
    private static func lines(_ elements: [JSONValue], indent: String) -> String {
        elements.map { element in
            let inner = indent + "  "
            let text =
                switch element {
                case .array(let elements) where !elements.isEmpty: lines(elements, indent: inner)
                case .object(let object) where !object.members.isEmpty:
                    lines(object, indent: inner)
                default: inner + inline(element) + "\n"
                }
            return indent + "- " + text.dropFirst(inner.count)
        }.joined()
    }

    /// What fits on the line of its key: scalars and what is empty.
    private static func inline(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool(let truth): truth ? "true" : "false"
        case .integer(let number): "\(number)"
        case .double(let number): double(number)
        case .string(let text): string(text)
        case .array: "[]"
        case .object: "{}"
        }
    }

    /// YAML 1.1 wants a point in the mantissa: `1e-06` is a string there.
    private static func double(_ number: Double) -> String {
        let text = "\(number)"
        guard !text.contains("."), let exponent = text.firstIndex(of: "e") else { return text }
        return text[..<exponent] + ".0" + text[exponent...]
    }

    /// Plain only if nobody can read it as a number, a truth value, a time or syntax.
    private static func string(_ text: String) -> String {
        let isPlain =
            text.first.map { $0 == "/" || $0.isASCII && $0.isLetter } == true
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"):
                    true
                default: false
                }
            } && !words.contains(text.lowercased())
        return isPlain ? text : "\"\(text.unicodeScalars.map(escaped).joined())\""
    }

    /// Truth values and nulls of YAML 1.1 (yaml.org/type/bool.html) that start with a letter.
    private static let words: Set = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]

    /// YAML 1.2 §5.7; what is not visible is written by its number.
    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\"": return "\\\""
        case "\\": return "\\\\"
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        default: break
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned,
            .surrogate:
            let digits = String(scalar.value, radix: 16, uppercase: true)
            let isWide = scalar.value > 0xFFFF
            let zeros = String(repeating: "0", count: (isWide ? 8 : 4) - digits.count)
            return (isWide ? "\\U" : "\\u") + zeros + digits
        default:
            return String(Character(scalar))
        }
    }
}
