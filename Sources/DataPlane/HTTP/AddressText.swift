// An address as people write it. Pure, any thread.

/// Dotted IPv4; IPv6 in the form of RFC 5952, an IPv4 address inside it as IPv4.
enum AddressText {
    static func write(_ address: ClientAddress, to writer: inout ByteWriter) {
        if address.isIPv6 {
            write(
                high: UInt64(truncatingIfNeeded: address.value >> 64),
                low: UInt64(truncatingIfNeeded: address.value), to: &writer)
        } else {
            write(ipv4: UInt32(truncatingIfNeeded: address.value), to: &writer)
        }
    }

    static func write(high: UInt64, low: UInt64, to writer: inout ByteWriter) {
        if high == 0, low >> 32 == 0xFFFF {
            write(ipv4: UInt32(truncatingIfNeeded: low), to: &writer)
        } else {
            writeIPv6(high, low, &writer)
        }
    }

    static func write(ipv4 word: UInt32, to writer: inout ByteWriter) {
        var shift: UInt32 = 24
        while true {
            writeOctet(UInt8(truncatingIfNeeded: word >> shift), &writer)
            if shift == 0 { return }
            writer.append(UInt8(ascii: "."))
            shift &-= 8
        }
    }

    @inline(__always)
    private static func writeOctet(_ value: UInt8, _ writer: inout ByteWriter) {
        if value >= 100 { writer.append(UInt8(ascii: "0") &+ value / 100) }
        if value >= 10 { writer.append(UInt8(ascii: "0") &+ value / 10 % 10) }
        writer.append(UInt8(ascii: "0") &+ value % 10)
    }

    private static func writeIPv6(_ high: UInt64, _ low: UInt64, _ writer: inout ByteWriter) {
        let zeros = longestZeros(high, low)
        var index = 0
        while index < 8 {
            if index == zeros.start, zeros.count > 1 {
                writer.append("::")
                index += zeros.count
                continue
            }
            if index > 0, index != zeros.start + zeros.count || zeros.count < 2 {
                writer.append(UInt8(ascii: ":"))
            }
            writeGroup(group(index, high, low), &writer)
            index += 1
        }
    }

    private static func group(_ index: Int, _ high: UInt64, _ low: UInt64) -> UInt64 {
        let word = index < 4 ? high : low
        return word >> UInt64(48 - index % 4 * 16) & 0xFFFF
    }

    /// The first longest run of zero groups (RFC 5952 §4.2).
    private static func longestZeros(_ high: UInt64, _ low: UInt64) -> (start: Int, count: Int) {
        var best = (start: -1, count: 0)
        var run = 0
        for index in 0..<8 {
            run = group(index, high, low) == 0 ? run + 1 : 0
            if run > best.count { best = (index - run + 1, run) }
        }
        return best
    }

    private static func writeGroup(_ value: UInt64, _ writer: inout ByteWriter) {
        var shift: UInt64 = 12
        while shift > 0, value >> shift == 0 { shift -= 4 }
        while true {
            writer.append(ByteWriter.hexDigit(UInt8(truncatingIfNeeded: value >> shift & 15)))
            if shift == 0 { return }
            shift -= 4
        }
    }
}
