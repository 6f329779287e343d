/// What `%{name:conversion}` makes of a value before it is written, one after the other. Nothing
/// stays nothing.
public enum TextConversion: Codable, Sendable, Equatable {
    /// ASCII letters only.
    case lower, upper
    /// Sixteen hexadecimal digits that tell one value from another; no secret (`StableHash`).
    case hash
    /// What stands between the separators, without the blanks around it: counted from 1, or from the
    /// end by -1. Nothing where there are not so many.
    case field(Int, separator: UInt8)
    /// The first so many bits of an address, the others zero; nothing for what is no address.
    case network(ipv4: Int, ipv6: Int)
    /// A member of a JSON text, by the names of objects and the places in arrays, from 0, that lead
    /// to it: the text of a string, anything else as it is written. Nothing where it leads nowhere.
    case json([String])

    /// Of a field's number, counted from either end.
    public static let fieldNumberMax = 64
    /// Of the names that lead to a member.
    public static let jsonNamesMax = 8
    /// Conversions of one value.
    public static let countMax = 8

    /// Whether this byte may stand between fields: nothing that is part of an escape `%XX`, for a
    /// field of a path stays one.
    public static func isSeparator(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "%"), UInt8(ascii: "{"),
            UInt8(ascii: "}"):
            false
        default: (0x20...0x7E).contains(byte)
        }
    }

    /// As it is written behind the colon.
    public var text: String {
        switch self {
        case .lower: "lower"
        case .upper: "upper"
        case .hash: "hash"
        case .field(let number, let separator):
            "field(\(number),\(String(UnicodeScalar(separator))))"
        case .network(let ipv4, let ipv6): "network(\(ipv4),\(ipv6))"
        case .json(let names): "json(\(names.joined(separator: ".")))"
        }
    }
}
