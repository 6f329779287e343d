// What `Authorization: Basic` holds (RFC 7617). Pure; the output is the caller's memory.

struct BasicCredentials: BitwiseCopyable {
    /// At least one byte, none of them `:`.
    let user: Bytes
    let password: Bytes

    /// Of the field's value in base 64.
    static var encodedBytesMax: Int { 1_024 }

    /// Nil: another scheme, or not what the RFC says.
    init?(_ value: Bytes, into writer: inout ByteWriter) {
        guard value.count > 6, value.prefix(6).equalsIgnoringCase(Bytes("basic ")) else {
            return nil
        }
        var start = 6
        while start < value.count, value[start] == ASCII.space { start &+= 1 }
        let from = writer.count
        guard Self.decode(value.suffix(from: start), &writer), !writer.overflowed else {
            return nil
        }
        let text = writer.written.suffix(from: from)
        guard let colon = text.firstIndex(of: ASCII.colon), colon > 0 else { return nil }
        user = text.prefix(colon)
        password = text.suffix(from: colon &+ 1)
    }

    /// Base 64 with its padding (RFC 4648 §4), and no bit set that stands for nothing.
    private static func decode(_ text: Bytes, _ writer: inout ByteWriter) -> Bool {
        guard text.count % 4 == 0, text.count > 0, text.count <= encodedBytesMax else {
            return false
        }
        var index = 0
        while index < text.count {
            let isLast = index &+ 4 == text.count
            var padding = 0
            if isLast, text[index &+ 3] == ASCII.equals {
                padding = text[index &+ 2] == ASCII.equals ? 2 : 1
            }
            var group: UInt32 = 0
            var place = 0
            while place < 4 {
                var digit: UInt32 = 0
                if place < 4 &- padding {
                    guard let known = Self.digit(text[index &+ place]) else { return false }
                    digit = known
                }
                group = group &<< 6 | digit
                place &+= 1
            }
            writer.append(UInt8(truncatingIfNeeded: group &>> 16))
            if padding < 2 {
                writer.append(UInt8(truncatingIfNeeded: group &>> 8))
            } else if group & 0xFF00 != 0 {
                return false
            }
            if padding < 1 {
                writer.append(UInt8(truncatingIfNeeded: group))
            } else if group & 0xFF != 0 {
                return false
            }
            index &+= 4
        }
        return true
    }

    private static func digit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte &- UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte &- UInt8(ascii: "a") &+ 26)
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte &- UInt8(ascii: "0") &+ 52)
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
