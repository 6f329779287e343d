// Host with an optional port, as in Host and in absolute targets (RFC 9110 §7.2, RFC 3986 §3.2),
// and narrower: names of letters, digits, `-`, `.`, `_` and `~`, IPv4 or bracketed IPv6, a port of
// 1…65535. No user, no list, no escapes: two hosts in one field is how requests get to the wrong
// place. Pure.

enum Authority {
    /// Length of the host at the start of `text`, without port and trailing dot; nil if it is no
    /// authority.
    static func hostLength(_ text: Bytes) -> Int? {
        guard text.count > 0, text.count <= 261 else { return nil }
        let isBracketed = text[0] == UInt8(ascii: "[")
        guard let end = isBracketed ? bracketedEnd(text) : nameEnd(text) else { return nil }
        if end < text.count {
            guard text[end] == ASCII.colon, isPort(text.suffix(from: end + 1)) else { return nil }
        }
        guard !isBracketed, text[end - 1] == ASCII.dot else { return end }
        return end > 1 ? end - 1 : nil
    }

    private static func nameEnd(_ text: Bytes) -> Int? {
        var index = 0
        var previous = ASCII.dot
        while index < text.count, text[index] != ASCII.colon {
            let byte = text[index]
            switch byte {
            case ASCII.dot: if previous == ASCII.dot { return nil }
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: break
            case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"): break
            default: return nil
            }
            previous = byte
            index += 1
        }
        return index > 0 ? index : nil
    }

    private static func bracketedEnd(_ text: Bytes) -> Int? {
        var index = 1
        var colons = 0
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: "]"): return colons >= 2 && index <= 46 ? index + 1 : nil
            case ASCII.colon: colons += 1
            case ASCII.dot: break
            case let byte where ASCII.hexValue(byte) != nil: break
            default: return nil
            }
            index += 1
        }
        return nil
    }

    private static func isPort(_ text: Bytes) -> Bool {
        guard text.count >= 1, text.count <= 5 else { return false }
        var number = 0
        var index = 0
        while index < text.count {
            guard ASCII.isDigit(text[index]) else { return false }
            number = number * 10 + Int(text[index] - ASCII.zero)
            index += 1
        }
        return number >= 1 && number <= 65_535
    }
}
