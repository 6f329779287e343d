// A text as lines, and as what libyaml is given of it: without a byte order mark, and with the
// surrogate pairs of JSON written as the one escape that YAML has for them.
// Positions are always those of the text as written.

struct SourceText {
    /// As written, without the byte order mark, which editors do not count as a column.
    let bytes: [UInt8]
    /// What libyaml reads.
    let parserBytes: [UInt8]
    /// Where each line begins in `bytes`.
    private let lineStarts: [Int]
    /// By line: columns (of `parserBytes`) at which an escape became shorter by two.
    private let joinedPairs: [Int: [Int]]

    init(_ bytes: [UInt8]) {
        let hasMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        let text = hasMark ? Array(bytes.dropFirst(3)) : bytes
        self.bytes = text
        lineStarts = Self.lineStarts(text)
        (parserBytes, joinedPairs) = SurrogatePairs.joined(text)
    }

    /// A position of the parser as one of the text that was written.
    func written(_ position: TextPosition) -> TextPosition {
        guard let columns = joinedPairs[position.line] else { return position }
        let before = columns.count { $0 < position.column }
        return TextPosition(line: position.line, column: position.column + 2 * before)
    }

    /// Where the first byte is that is not UTF-8, nil when all of it is.
    func firstInvalidByte() -> Int? {
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes.span)
            return nil
        } catch {
            return error.byteOffsets.lowerBound
        }
    }

    func position(ofByte offset: Int) -> TextPosition {
        let line = max(1, lineStarts.count { $0 <= offset })
        let before = bytes[
            lineStarts[line - 1]..<max(lineStarts[line - 1], min(offset, bytes.count))]
        return TextPosition(line: line, column: 1 + before.count { $0 & 0xC0 != 0x80 })
    }

    /// The first line beyond the allowed number of those that begin as a directive (`%TAG`) does:
    /// libyaml compares each of them with all before it.
    func excessDirective() -> TextPosition? {
        let starts = lineStarts.enumerated().lazy.filter { _, start in
            start < bytes.count && bytes[start] == UInt8(ascii: "%")
        }
        let excess = starts.dropFirst(DocumentLimit.directiveCount).first { _ in true }
        return excess.map { TextPosition(line: $0.offset + 1, column: 1) }
    }

    func byte(at position: TextPosition) -> UInt8? {
        let offset = byteOffset(of: position)
        return offset < bytes.count ? bytes[offset] : nil
    }

    /// Places of `needle` between two positions, in order; none in a line so long that looking
    /// would take longer than the place is worth.
    func positions(of needle: String, from start: TextPosition, to end: TextPosition)
        -> [TextPosition]
    {
        let needle = Array(needle.utf8)
        guard start.column <= Self.searchedColumnMax else { return [] }
        let range = byteOffset(of: start)..<max(byteOffset(of: start), byteOffset(of: end))
        var found: [TextPosition] = []
        var position = start
        var index = range.lowerBound
        while index < range.upperBound {
            if bytes[index] == needle.first, bytes[index...].starts(with: needle) {
                found.append(position)
            }
            if let length = Self.lineBreakLength(bytes, index) {
                position = TextPosition(line: position.line + 1, column: 1)
                index += length
            } else {
                index += 1
                if index < bytes.count, bytes[index] & 0xC0 == 0x80 { continue }
                position.column += 1
            }
        }
        return found
    }

    private static let searchedColumnMax = 100_000

    private func byteOffset(of position: TextPosition) -> Int {
        guard position.line <= lineStarts.count else { return bytes.count }
        var index = lineStarts[position.line - 1]
        var column = 1
        while index < bytes.count, column < position.column || bytes[index] & 0xC0 == 0x80 {
            if bytes[index] & 0xC0 != 0x80 { column += 1 }
            index += 1
        }
        return index
    }

    private static func lineStarts(_ bytes: [UInt8]) -> [Int] {
        var starts = [0]
        var index = 0
        while index < bytes.count {
            if let length = lineBreakLength(bytes, index) {
                index += length
                starts.append(index)
            } else {
                index += 1
            }
        }
        return starts
    }

    /// The breaks that libyaml counts: LF, CR, CRLF, NEL, LS and PS (YAML 1.1 §5.4).
    private static func lineBreakLength(_ bytes: [UInt8], _ index: Int) -> Int? {
        switch bytes[index] {
        case 0x0A: 1
        case 0x0D: index + 1 < bytes.count && bytes[index + 1] == 0x0A ? 2 : 1
        case 0xC2 where bytes[index...].starts(with: [0xC2, 0x85]): 2
        case 0xE2 where bytes[index...].starts(with: [0xE2, 0x80, 0xA8]): 3
        case 0xE2 where bytes[index...].starts(with: [0xE2, 0x80, 0xA9]): 3
        default: nil
        }
    }
}

/// JSON writes a character above U+FFFF as two escapes of four digits (RFC 8259 §7), which YAML
/// does not know; as one escape of eight digits it means the same to libyaml.
private enum SurrogatePairs {
    static func joined(_ text: [UInt8]) -> (bytes: [UInt8], columns: [Int: [Int]]) {
        guard isFlowMapping(text), text.contains(UInt8(ascii: "\\")) else { return (text, [:]) }
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var columns: [Int: [Int]] = [:]
        var position = TextPosition(line: 1, column: 1)
        var index = 0
        while index < text.count {
            var length = 1
            if text[index] == UInt8(ascii: "\\") {
                if let scalar = pair(text, at: index) {
                    columns[position.line, default: []].append(position.column)
                    let digits = String(scalar, radix: 16)
                    result += "\\U".utf8
                    result += String(repeating: "0", count: 8 - digits.utf8.count).utf8
                    result += digits.utf8
                    position.column += 10
                    index += 12
                    continue
                }
                // An escaped character is never the start of another escape.
                if index + 1 < text.count, text[index + 1] >= 0x20 { length = 2 }
            }
            for byte in text[index..<(index + length)] {
                result.append(byte)
                if byte == 0x0A {
                    position = TextPosition(line: position.line + 1, column: 1)
                } else if byte & 0xC0 != 0x80 {
                    position.column += 1
                }
            }
            index += length
        }
        return (result, columns)
    }

    private static func isFlowMapping(_ text: [UInt8]) -> Bool {
        text.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "{")
    }

    private static func pair(_ text: [UInt8], at index: Int) -> UInt32? {
        guard let high = escape(text, at: index), (0xD800...0xDBFF).contains(high),
            let low = escape(text, at: index + 6), (0xDC00...0xDFFF).contains(low)
        else { return nil }
        return 0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)
    }

    /// The value of `\uXXXX`.
    private static func escape(_ text: [UInt8], at index: Int) -> UInt32? {
        guard index + 6 <= text.count, text[index] == UInt8(ascii: "\\"),
            text[index + 1] == UInt8(ascii: "u")
        else { return nil }
        let digits = text[(index + 2)..<(index + 6)]
        guard digits.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) else {
            return nil
        }
        return UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    }
}
