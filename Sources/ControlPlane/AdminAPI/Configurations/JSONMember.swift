// Where the value of one member stands in the text of an object. Pure, any thread.

enum JSONMember {
    /// The text with blanks for everything but the value of that member of the whole, line ends
    /// aside: what is left has its lines and columns still. The text was parsed before, so it is
    /// JSON. Nil where the member is not found, as where its name is escaped.
    static func blanking(allBut name: String, of text: [UInt8]) -> [UInt8]? {
        guard let value = range(of: name, in: text) else { return nil }
        var result = text
        for index in text.indices where !value.contains(index) && text[index] != 0x0A {
            // One blank for one character.
            result[index] = text[index] & 0xC0 == 0x80 ? 0 : UInt8(ascii: " ")
        }
        return result.enumerated().filter { $0.element != 0 || value.contains($0.offset) }
            .map(\.element)
    }

    private static func range(of name: String, in text: [UInt8]) -> Range<Int>? {
        var scan = Scan(text: text)
        scan.skip(to: UInt8(ascii: "{"))
        while scan.index < text.count {
            scan.skip(to: UInt8(ascii: "\""))
            let key = scan.string()
            scan.skip(to: UInt8(ascii: ":"))
            let start = scan.index
            scan.value()
            if key == Array(name.utf8) { return start..<min(scan.index, text.count) }
        }
        return nil
    }

    private struct Scan {
        let text: [UInt8]
        var index = 0

        /// Just behind the next such byte.
        mutating func skip(to byte: UInt8) {
            while index < text.count, text[index] != byte { index += 1 }
            index += 1
        }

        /// From behind the opening quote to behind the closing one; the bytes between.
        mutating func string() -> [UInt8] {
            let start = min(index, text.count)
            while index < text.count, text[index] != UInt8(ascii: "\"") {
                index += text[index] == UInt8(ascii: "\\") ? 2 : 1
            }
            let end = min(index, text.count)
            index += 1
            return Array(text[start..<end])
        }

        /// To the comma or the brace that ends a member.
        mutating func value() {
            var depth = 0
            while index < text.count {
                switch text[index] {
                case UInt8(ascii: "\""):
                    index += 1
                    _ = string()
                    continue
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    if depth == 0 { return }
                    depth -= 1
                case UInt8(ascii: ",") where depth == 0: return
                default: break
                }
                index += 1
            }
        }
    }
}
