// How an address is written: `127.0.0.1:80`, `[::1]:80`. Rendering follows RFC 5952, parsing is
// strict: decimal octets without leading zeros, at most one `::`, no zone, no name. The wildcard
// and the names that a `bind` may use belong to the configuration language, not here.

extension SocketAddress: CustomStringConvertible {
    /// `0.0.0.0:80` or `[::]:80`.
    public var description: String {
        switch host {
        case .ipv4: "\(host):\(port)"
        case .ipv6: "[\(host)]:\(port)"
        }
    }

    /// Reads `a.b.c.d:port` or `[ipv6]:port`, port 0…65535 in decimal. Nil for anything else.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")),
            let port = SocketAddress.port(bytes[(colon + 1)...])
        else { return nil }
        var hostBytes = bytes[..<colon]
        if hostBytes.first == UInt8(ascii: "["), hostBytes.last == UInt8(ascii: "]") {
            hostBytes = hostBytes.dropFirst().dropLast()
            guard let host = IPv6Text.parse(hostBytes) else { return nil }
            self.init(host: host, port: port)
        } else {
            guard let word = IPv4Text.parse(hostBytes) else { return nil }
            self.init(host: .ipv4(word), port: port)
        }
    }

    /// Decimal, no sign, no leading zero, 0…65535.
    static func port(_ digits: ArraySlice<UInt8>) -> UInt16? {
        guard let value = DecimalText.parse(digits, limit: 65_535) else { return nil }
        return UInt16(exactly: value)
    }
}

extension SocketAddress.Host: CustomStringConvertible {
    /// `127.0.0.1` or `2001:db8::1`, the form of RFC 5952 (with the dotted tail of §5 for
    /// IPv4-mapped addresses).
    public var description: String {
        switch self {
        case .ipv4(let word): IPv4Text.render(word)
        case .ipv6(let high, let low): IPv6Text.render(high: high, low: low)
        }
    }

    /// Reads an IPv4 address, or an IPv6 address without brackets. Nil for anything else.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)[...]
        if let word = IPv4Text.parse(bytes) {
            self = .ipv4(word)
        } else if let host = IPv6Text.parse(bytes) {
            self = host
        } else {
            return nil
        }
    }

    /// `0.0.0.0` and `::`, which stand for every address of their family.
    public var isWildcard: Bool {
        switch self {
        case .ipv4(let word): word == 0
        case .ipv6(let high, let low): high == 0 && low == 0
        }
    }

    /// 127.0.0.0/8 (RFC 1122 §3.2.1.3) and ::1 (RFC 4291 §2.5.3).
    public var isLoopback: Bool {
        switch self {
        case .ipv4(let word): word >> 24 == 127
        case .ipv6(let high, let low): high == 0 && low == 1
        }
    }
}

private enum DecimalText {
    static func parse(_ digits: ArraySlice<UInt8>, limit: UInt32) -> UInt32? {
        guard (1...5).contains(digits.count) else { return nil }
        if digits.count > 1, digits.first == UInt8(ascii: "0") { return nil }
        var value: UInt32 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + UInt32(digit - UInt8(ascii: "0"))
        }
        return value <= limit ? value : nil
    }
}

private enum IPv4Text {
    static func parse(_ bytes: ArraySlice<UInt8>) -> UInt32? {
        let octets = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard octets.count == 4 else { return nil }
        var word: UInt32 = 0
        for octet in octets {
            guard octet.count <= 3, let value = DecimalText.parse(octet, limit: 255) else {
                return nil
            }
            word = word << 8 | value
        }
        return word
    }

    static func render(_ word: UInt32) -> String {
        "\(word >> 24).\(word >> 16 & 255).\(word >> 8 & 255).\(word & 255)"
    }
}

private enum IPv6Text {
    static func parse(_ bytes: ArraySlice<UInt8>) -> SocketAddress.Host? {
        guard bytes.count <= 45 else { return nil }
        var groups: [UInt16] = []
        var gap: Int?
        var rest = bytes
        if rest.starts(with: "::".utf8) {
            gap = 0
            rest = rest.dropFirst(2)
        }
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: ":")) ?? rest.endIndex
            let part = rest[..<end]
            if end == rest.endIndex, part.contains(UInt8(ascii: ".")) {
                guard let word = IPv4Text.parse(part) else { return nil }
                groups += [
                    UInt16(truncatingIfNeeded: word >> 16), UInt16(truncatingIfNeeded: word),
                ]
                break
            }
            guard let group = group(part) else { return nil }
            groups.append(group)
            rest = rest[end...].dropFirst()
            if end == bytes.endIndex { break }
            if rest.isEmpty { return nil }
            if rest.first == UInt8(ascii: ":") {
                guard gap == nil else { return nil }
                gap = groups.count
                rest = rest.dropFirst()
            }
        }
        return host(groups, gap: gap)
    }

    private static func group(_ digits: ArraySlice<UInt8>) -> UInt16? {
        guard (1...4).contains(digits.count) else { return nil }
        var value: UInt16 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt16(digit - 48)
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt16(digit - 87)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt16(digit - 55)
            default: return nil
            }
        }
        return value
    }

    /// Eight groups, the missing ones at `gap`; a gap stands for at least one (RFC 4291 §2.2).
    private static func host(_ groups: [UInt16], gap: Int?) -> SocketAddress.Host? {
        var all = groups
        if let gap {
            guard all.count < 8 else { return nil }
            all.insert(contentsOf: repeatElement(0, count: 8 - all.count), at: gap)
        }
        guard all.count == 8 else { return nil }
        let high = all[0..<4].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
        let low = all[4..<8].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
        return .ipv6(high: high, low: low)
    }

    static func render(high: UInt64, low: UInt64) -> String {
        if high == 0, low >> 32 == 0xFFFF {
            return "::ffff:" + IPv4Text.render(UInt32(truncatingIfNeeded: low))
        }
        let groups = [high, low].flatMap { word in
            [48, 32, 16, 0].map { UInt16(truncatingIfNeeded: word >> UInt64($0)) }
        }
        let zeros = longestZeroRun(groups)
        let texts = groups.map { String($0, radix: 16) }
        guard zeros.count >= 2 else { return texts.joined(separator: ":") }
        return texts[..<zeros.lowerBound].joined(separator: ":") + "::"
            + texts[zeros.upperBound...].joined(separator: ":")
    }

    /// The first of the longest runs (RFC 5952 §4.2.3).
    private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int> {
        var longest = 0..<0
        var start = 0
        for index in groups.indices {
            if groups[index] != 0 {
                start = index + 1
            } else if index + 1 - start > longest.count {
                longest = start..<(index + 1)
            }
        }
        return longest
    }
}
