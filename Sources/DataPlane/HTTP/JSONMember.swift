// One member of a JSON text (RFC 8259), found without a tree and in one pass. The text is a client's or
// a server's and may be anything: what does not lead to the member is skipped, not judged, and a text
// that ends too early has none. Pure.

/// Where a reader is in a text.
struct JSONMember {
    private let text: Bytes
    private var index = 0

    private init(_ text: Bytes) {
        self.text = text
    }

    /// Writes the member that the names of objects and the places in arrays lead to: the text of a
    /// string, anything else as it stands. Of a name that stands twice the first counts.
    static func write(_ path: Run<Bytes>, of text: Bytes, to writer: inout ByteWriter) {
        var reader = JSONMember(text)
        var step = 0
        while step < path.count {
            guard reader.enter(path[step]) else { return }
            step &+= 1
        }
        reader.skipBlanks()
        let start = reader.index
        if reader.next == ASCII.quote {
            guard let inside = reader.takeString() else { return }
            var decoded = JSONStringBytes(inside)
            while let byte = decoded.next() { writer.append(byte) }
        } else if reader.skipValue() {
            writer.append(text.slice(start, reader.index &- start))
        }
    }

    private var next: UInt8? { index < text.count ? text[index] : nil }

    private mutating func skipBlanks() {
        while let byte = next,
            byte == ASCII.space || byte == ASCII.tab || byte == ASCII.lineFeed
                || byte == ASCII.carriageReturn
        {
            index &+= 1
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipBlanks()
        guard next == byte else { return false }
        index &+= 1
        return true
    }

    /// To the value of that name in an object, or at that place in an array.
    private mutating func enter(_ name: Bytes) -> Bool {
        if take(UInt8(ascii: "{")) { return findName(name) }
        if take(UInt8(ascii: "[")) { return findPlace(name) }
        return false
    }

    private mutating func findName(_ name: Bytes) -> Bool {
        while true {
            skipBlanks()
            guard let found = takeString(), take(ASCII.colon) else { return false }
            var decoded = JSONStringBytes(found)
            if decoded.equals(name) { return true }
            skipBlanks()
            guard skipValue(), take(ASCII.comma) else { return false }
        }
    }

    private mutating func findPlace(_ number: Bytes) -> Bool {
        // As ports are written: decimal, without leading zeros, 65535 at most.
        guard let place = AddressReading.port(number) else { return false }
        for _ in 0..<place {
            skipBlanks()
            guard skipValue(), take(ASCII.comma) else { return false }
        }
        return true
    }

    /// What stands between the quotes; nil: there is no string.
    private mutating func takeString() -> Bytes? {
        guard next == ASCII.quote else { return nil }
        let start = index &+ 1
        var end = start
        while end < text.count, text[end] != ASCII.quote {
            end &+= text[end] == ASCII.backslash ? 2 : 1
        }
        guard end < text.count else { return nil }
        index = end &+ 1
        return text.slice(start, end &- start)
    }

    /// Over one value, however deep; false: there is none, or it does not end.
    private mutating func skipValue() -> Bool {
        let start = index
        var depth = 0
        while let byte = next {
            switch byte {
            case ASCII.quote:
                guard takeString() != nil else { return false }
                if depth == 0 { return true }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth &+= 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return index > start }
                depth &-= 1
                if depth == 0 {
                    index &+= 1
                    return true
                }
            case ASCII.comma, ASCII.space, ASCII.tab, ASCII.lineFeed, ASCII.carriageReturn:
                if depth == 0 { return index > start }
            default: break
            }
            index &+= 1
        }
        return depth == 0 && index > start
    }
}

/// The bytes that the inside of a JSON string stands for, in UTF-8 (RFC 8259 §7). Half of a surrogate
/// pair and an escape that is none are U+FFFD.
struct JSONStringBytes {
    private let text: Bytes
    private var index = 0
    /// What is left of a character, the next byte lowest.
    private var pending: UInt32 = 0
    private var pendingCount = 0

    init(_ inside: Bytes) {
        text = inside
    }

    mutating func next() -> UInt8? {
        if pendingCount > 0 { return takePending() }
        guard index < text.count else { return nil }
        let byte = text[index]
        index &+= 1
        guard byte == ASCII.backslash else { return byte }
        guard index < text.count else { return replacement() }
        let escape = text[index]
        index &+= 1
        switch escape {
        case ASCII.quote, ASCII.backslash, ASCII.slash: return escape
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0C
        case UInt8(ascii: "n"): return ASCII.lineFeed
        case UInt8(ascii: "r"): return ASCII.carriageReturn
        case UInt8(ascii: "t"): return ASCII.tab
        case UInt8(ascii: "u"): return character()
        default: return replacement()
        }
    }

    /// Whether these are the bytes, all of them.
    mutating func equals(_ other: Bytes) -> Bool {
        var place = 0
        while let byte = next() {
            guard place < other.count, other[place] == byte else { return false }
            place &+= 1
        }
        return place == other.count
    }

    private mutating func character() -> UInt8? {
        guard let first = takeHex() else { return replacement() }
        switch first {
        case 0xD800...0xDBFF:
            guard index &+ 6 <= text.count, text[index] == ASCII.backslash,
                text[index &+ 1] == UInt8(ascii: "u")
            else { return replacement() }
            let back = index
            index &+= 2
            guard let second = takeHex(), (0xDC00...0xDFFF).contains(second) else {
                index = back
                return replacement()
            }
            return write(0x1_0000 &+ (first &- 0xD800) << 10 &+ (second &- 0xDC00))
        case 0xDC00...0xDFFF: return replacement()
        default: return write(first)
        }
    }

    private mutating func replacement() -> UInt8? { write(0xFFFD) }

    private mutating func takeHex() -> UInt32? {
        guard index &+ 4 <= text.count else { return nil }
        var value: UInt32 = 0
        for place in 0..<4 {
            guard let digit = ASCII.hexValue(text[index &+ place]) else { return nil }
            value = value << 4 | UInt32(digit)
        }
        index &+= 4
        return value
    }

    /// The first byte of a code point; the others are pending.
    private mutating func write(_ point: UInt32) -> UInt8? {
        func tail(_ shift: UInt32) -> UInt32 { 0x80 | point >> shift & 0x3F }
        switch point {
        case ..<0x80:
            (pending, pendingCount) = (point, 1)
        case ..<0x800:
            (pending, pendingCount) = (0xC0 | point >> 6 | tail(0) << 8, 2)
        case ..<0x1_0000:
            (pending, pendingCount) = (0xE0 | point >> 12 | tail(6) << 8 | tail(0) << 16, 3)
        default:
            pending = 0xF0 | point >> 18 | tail(12) << 8 | tail(6) << 16 | tail(0) << 24
            pendingCount = 4
        }
        return takePending()
    }

    private mutating func takePending() -> UInt8 {
        let byte = UInt8(truncatingIfNeeded: pending)
        pending >>= 8
        pendingCount &-= 1
        return byte
    }
}
