// Text from elsewhere on its way into a request target or a Location. Pure.

enum TargetText {
    /// As it is where it is unreserved (RFC 3986 §2.3), otherwise as `%XX`: no value ends a segment,
    /// a parameter or a line, or begins a query.
    static func write(_ byte: UInt8, to writer: inout ByteWriter) {
        if isUnreserved(byte) {
            writer.append(byte)
        } else {
            writer.append(ASCII.percent)
            writer.append(upperHexDigit(byte >> 4))
            writer.append(upperHexDigit(byte & 15))
        }
    }

    /// Means the same with and without an escape.
    static func isUnreserved(_ byte: UInt8) -> Bool {
        let letter = ASCII.lowercased(byte)
        return letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "z")
            || ASCII.isDigit(byte) || byte == UInt8(ascii: "-") || byte == ASCII.dot
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "~")
    }

    private static func upperHexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? ASCII.zero &+ value : UInt8(ascii: "A") &+ (value &- 10)
    }
}
