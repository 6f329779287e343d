// The inside of JSON strings (RFC 8259 §7), written byte by byte. Whatever bytes come in, what goes
// out is valid JSON in valid UTF-8: a byte that belongs to no UTF-8 sequence is written as \u00XX.
// Hot (access log); pure.

enum JSONText {
    /// One byte by itself: ASCII as JSON needs it, everything else as \u00XX.
    @inline(__always)
    static func writeByte(_ byte: UInt8, to writer: inout ByteWriter) {
        switch byte {
        case UInt8(ascii: "\""): writer.append("\\\"")
        case ASCII.backslash: writer.append("\\\\")
        case ASCII.space..<0x7F: writer.append(byte)
        default:
            writer.append("\\u00")
            writer.append(ByteWriter.hexDigit(byte >> 4))
            writer.append(ByteWriter.hexDigit(byte & 15))
        }
    }

    /// At most `limit` bytes of `text`; a sequence that the limit cuts is left out.
    @inline(__always)
    static func write(_ text: Bytes, limit: Int, to writer: inout ByteWriter) {
        let end = min(text.count, limit)
        let plainEnd = text.prefix(end).endOfPrintable(at: 0)
        writer.append(text.prefix(plainEnd))
        if plainEnd < end { writeEscaped(text, from: plainEnd, to: end, &writer) }
    }

    private static func writeEscaped(
        _ text: Bytes, from start: Int, to end: Int, _ writer: inout ByteWriter
    ) {
        var index = start
        while index < end {
            let byte = text[index]
            if byte < 0x80 {
                writeByte(byte, to: &writer)
                index &+= 1
                continue
            }
            let length = sequenceLength(text, at: index)
            if length == 0 {
                writeByte(byte, to: &writer)
                index &+= 1
            } else if index &+ length > end {
                return
            } else {
                writer.append(text.slice(index, length))
                index &+= length
            }
        }
    }

    /// Length of the well-formed UTF-8 sequence of more than one byte at `index` (Unicode 3.9,
    /// table 3-7), or 0.
    private static func sequenceLength(_ text: Bytes, at index: Int) -> Int {
        let first = text[index]
        var low: UInt8 = 0x80
        var high: UInt8 = 0xBF
        let length: Int
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF:
            length = 3
            if first == 0xE0 { low = 0xA0 }
            if first == 0xED { high = 0x9F }
        case 0xF0...0xF4:
            length = 4
            if first == 0xF0 { low = 0x90 }
            if first == 0xF4 { high = 0x8F }
        default: return 0
        }
        guard index + length <= text.count else { return 0 }
        guard text[index + 1] >= low, text[index + 1] <= high else { return 0 }
        var next = index + 2
        while next < index + length {
            guard text[next] & 0xC0 == 0x80 else { return 0 }
            next += 1
        }
        return length
    }
}
