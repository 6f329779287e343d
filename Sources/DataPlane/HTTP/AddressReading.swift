// Text → address: the counterpart of `AddressText`, as strict as the configuration language, and
// without a String. Pure.

enum AddressReading {
    /// Either family, without brackets.
    static func address(_ text: Bytes) -> ClientAddress? {
        if let word = ipv4(text) { return ClientAddress(ipv4: word) }
        return ipv6(text).map { ClientAddress(high: $0.high, low: $0.low) }
    }

    /// Decimal without leading zeros, 0…65535.
    static func port(_ text: Bytes) -> UInt16? {
        decimal(text, limit: 65_535).map { UInt16(truncatingIfNeeded: $0) }
    }

    private static func decimal(_ text: Bytes, limit: UInt32) -> UInt32? {
        guard (1...5).contains(text.count), text.count == 1 || text[0] != ASCII.zero else {
            return nil
        }
        var value: UInt32 = 0
        var index = 0
        while index < text.count {
            guard ASCII.isDigit(text[index]) else { return nil }
            value = value &* 10 &+ UInt32(text[index] &- ASCII.zero)
            index &+= 1
        }
        return value <= limit ? value : nil
    }

    /// Four octets.
    static func ipv4(_ text: Bytes) -> UInt32? {
        var word: UInt32 = 0
        var rest = text
        for octet in 0..<4 {
            let end = rest.firstIndex(of: ASCII.dot) ?? rest.count
            guard octet < 3 ? end < rest.count : end == rest.count,
                let value = decimal(rest.prefix(end), limit: 255)
            else { return nil }
            word = word << 8 | value
            if octet < 3 { rest = rest.suffix(from: end + 1) }
        }
        return word
    }

    /// RFC 4291 §2.2: up to eight groups, one gap, perhaps a dotted tail.
    static func ipv6(_ text: Bytes) -> (high: UInt64, low: UInt64)? {
        var groups = InlineArray<8, UInt16>(repeating: 0)
        var count = 0
        var gap: Int?
        var rest = text
        if rest.count >= 2, rest[0] == ASCII.colon {
            guard rest[1] == ASCII.colon else { return nil }
            gap = 0
            rest = rest.suffix(from: 2)
        }
        while !rest.isEmpty {
            let end = rest.firstIndex(of: ASCII.colon) ?? rest.count
            let part = rest.prefix(end)
            if end == rest.count, part.firstIndex(of: ASCII.dot) != nil {
                guard count <= 6, let word = ipv4(part) else { return nil }
                groups[count] = UInt16(truncatingIfNeeded: word >> 16)
                groups[count + 1] = UInt16(truncatingIfNeeded: word)
                count += 2
                break
            }
            guard count < 8, let group = group(part) else { return nil }
            groups[count] = group
            count += 1
            if end == rest.count { break }
            rest = rest.suffix(from: end + 1)
            if rest.isEmpty { return nil }
            if rest[0] == ASCII.colon {
                guard gap == nil else { return nil }
                gap = count
                rest = rest.suffix(from: 1)
            }
        }
        return words(groups, count, gap)
    }

    private static func group(_ digits: Bytes) -> UInt16? {
        guard (1...4).contains(digits.count) else { return nil }
        var value: UInt16 = 0
        var index = 0
        while index < digits.count {
            guard let digit = ASCII.hexValue(digits[index]) else { return nil }
            value = value << 4 | UInt16(digit)
            index &+= 1
        }
        return value
    }

    /// The missing groups stand at the gap, which is for one at least.
    private static func words(
        _ groups: InlineArray<8, UInt16>, _ count: Int, _ gap: Int?
    ) -> (high: UInt64, low: UInt64)? {
        guard gap == nil ? count == 8 : count < 8 else { return nil }
        var words = InlineArray<2, UInt64>(repeating: 0)
        for place in 0..<8 {
            let missing = 8 - count
            let head = gap ?? 8
            let value: UInt16 =
                place < head ? groups[place] : place < head + missing ? 0 : groups[place - missing]
            words[place / 4] = words[place / 4] << 16 | UInt64(value)
        }
        return (words[0], words[1])
    }
}
