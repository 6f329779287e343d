// Bytes → PROXY header. Strict: what the specification does not allow is no header, and the
// connection is refused; nothing is guessed. Each call reads the header from its first byte: before
// it is complete that takes a few comparisons, whatever the pieces. Pure.

internal import Syscalls

enum ProxyHeaderParser {
    /// §2.1: the longest line, with its CRLF.
    static var lineLimitBytes: Int { 107 }
    /// Of a binary header, the fixed 16 bytes included: several times what any sender needs.
    static var limitBytes: Int { 8_192 }
    static var fixedBytes: Int { 16 }
    /// `\r\n\r\n\0\r\nQUIT\n`
    static var signature: (high: UInt64, low: UInt64) { (0x0D0A_0D0A_000D_0A51, 0x5549_540A) }

    /// Reads the header that `bytes` begin with; `header` is of value only if it is complete.
    static func parse(_ bytes: Bytes, into header: inout ProxyHeader) -> ProxyHeaderResult {
        header = ProxyHeader()
        guard !bytes.isEmpty else { return .incomplete }
        if bytes[0] == UInt8(ascii: "P") { return parseLine(bytes, &header) }
        return parseBinary(bytes, &header)
    }

    /// The n-th byte of the binary form's signature.
    static func signatureByte(_ index: Int) -> UInt8 {
        let word = index < 8 ? signature.high : signature.low << 32
        return UInt8(truncatingIfNeeded: word >> UInt64(56 - index % 8 * 8))
    }
}

// MARK: Version 2, binary

extension ProxyHeaderParser {
    private static func parseBinary(
        _ bytes: Bytes, _ header: inout ProxyHeader
    ) -> ProxyHeaderResult {
        var index = 0
        while index < min(12, bytes.count) {
            if bytes[index] != signatureByte(index) { return .failed(.notAHeader) }
            index &+= 1
        }
        guard bytes.count >= fixedBytes else { return .incomplete }
        guard bytes[12] >> 4 == 2 else { return .failed(.badVersion) }
        let command = bytes[12] & 15
        guard command <= 1 else { return .failed(.badCommand) }
        let length = fixedBytes + bytes.word16(14)
        guard length <= limitBytes else { return .failed(.tooLong) }
        guard bytes.count >= length else { return .incomplete }
        let whole = bytes.prefix(length)
        let isLocal = command == 0
        // LOCAL: whatever follows is to be skipped (§2.2).
        guard !isLocal else { return .complete(length) }
        guard let addressBytes = addressBytes(whole[13]) else { return .failed(.badFamily) }
        guard length - fixedBytes >= addressBytes else { return .failed(.badLength) }
        readAddresses(whole, &header)
        if let error = readTLVs(whole, from: fixedBytes + addressBytes, &header) {
            return .failed(error)
        }
        return .complete(length)
    }

    /// Of the two addresses, by family and transport; nil for what the specification does not name.
    private static func addressBytes(_ family: UInt8) -> Int? {
        switch family {
        case 0x00: 0
        case 0x11, 0x12: 12
        case 0x21, 0x22: 36
        case 0x31, 0x32: 216
        default: nil
        }
    }

    private static func readAddresses(_ bytes: Bytes, _ header: inout ProxyHeader) {
        switch bytes[13] >> 4 {
        case 1:
            header.source = RawSocketAddress(
                host: .ipv4(bytes.word32(16)), port: UInt16(bytes.word16(24)))
            header.destination = RawSocketAddress(
                host: .ipv4(bytes.word32(20)), port: UInt16(bytes.word16(26)))
        case 2:
            header.source = RawSocketAddress(
                host: .ipv6(high: bytes.word64(16), low: bytes.word64(24)),
                port: UInt16(bytes.word16(48)))
            header.destination = RawSocketAddress(
                host: .ipv6(high: bytes.word64(32), low: bytes.word64(40)),
                port: UInt16(bytes.word16(50)))
        default: break
        }
    }

    /// §2.2: type, length, value, until the header ends with one.
    private static func readTLVs(
        _ bytes: Bytes, from start: Int, _ header: inout ProxyHeader
    ) -> ProxyHeaderError? {
        var offset = start
        var hasChecksum = false
        while offset < bytes.count {
            guard bytes.count - offset >= 3 else { return .badTLV }
            let type = bytes[offset]
            let length = bytes.word16(offset + 1)
            offset += 3
            guard length <= bytes.count - offset else { return .badTLV }
            let value = bytes.slice(offset, length)
            switch type {
            case TLV.authority:
                guard length <= ProxyHeader.authorityLimitBytes, header.authority.isEmpty else {
                    return .badTLV
                }
                header.authority = ByteRange(offset, offset + length)
            case TLV.checksum:
                guard length == 4, !hasChecksum else { return .badTLV }
                hasChecksum = true
                guard CRC32C.of(bytes, zeroing: offset) == value.word32(0) else {
                    return .badChecksum
                }
            case TLV.uniqueID:
                if length > ProxyHeader.uniqueIDLimitBytes { return .badTLV }
            case TLV.tls:
                guard isTLS(value) else { return .badTLV }
                header.isSecure = value[0] & clientCameByTLS != 0
            default: break
            }
            offset += length
        }
        return nil
    }

    /// PP2_CLIENT_SSL (§2.2.6).
    private static var clientCameByTLS: UInt8 { 0x01 }

    /// §2.2.6: a byte of flags, four of the verification's result, TLVs.
    private static func isTLS(_ value: Bytes) -> Bool {
        guard value.count >= 5 else { return false }
        var offset = 5
        while offset < value.count {
            guard value.count - offset >= 3 else { return false }
            let length = value.word16(offset + 1)
            guard length <= value.count - offset - 3 else { return false }
            offset += 3 + length
        }
        return true
    }

    enum TLV {
        static var authority: UInt8 { 0x02 }
        static var checksum: UInt8 { 0x03 }
        static var uniqueID: UInt8 { 0x05 }
        static var tls: UInt8 { 0x20 }
    }
}

// MARK: Version 1, a line

extension ProxyHeaderParser {
    private static func parseLine(
        _ bytes: Bytes, _ header: inout ProxyHeader
    ) -> ProxyHeaderResult {
        let begin = Bytes("PROXY ")
        let known = min(begin.count, bytes.count)
        guard bytes.prefix(known).equals(begin.prefix(known)) else { return .failed(.notAHeader) }
        let seen = bytes.prefix(lineLimitBytes)
        guard let end = seen.firstIndex(of: ASCII.lineFeed) else {
            return seen.count == lineLimitBytes ? .failed(.tooLong) : .incomplete
        }
        guard end >= begin.count, bytes[end - 1] == ASCII.carriageReturn else {
            return .failed(.badLine)
        }
        let line = bytes.slice(begin.count, end - 1 - begin.count)
        guard readLine(line, &header) else { return .failed(.badLine) }
        return .complete(end + 1)
    }

    /// `TCP4 source destination port port`, single spaces between.
    private static func readLine(_ line: Bytes, _ header: inout ProxyHeader) -> Bool {
        var words = Words(rest: line)
        guard let family = words.next() else { return false }
        // What follows UNKNOWN is to be ignored (§2.1).
        if family.equals(Bytes("UNKNOWN")) { return true }
        let isIPv4 = family.equals(Bytes("TCP4"))
        guard isIPv4 || family.equals(Bytes("TCP6")),
            let source = words.next().flatMap({ AddressReading.host($0, isIPv4: isIPv4) }),
            let destination = words.next().flatMap({ AddressReading.host($0, isIPv4: isIPv4) }),
            let sourcePort = words.next().flatMap(AddressReading.port),
            let destinationPort = words.next().flatMap(AddressReading.port), words.isAtEnd
        else { return false }
        header.source = RawSocketAddress(host: source, port: sourcePort)
        header.destination = RawSocketAddress(host: destination, port: destinationPort)
        return true
    }

    private struct Words {
        private(set) var rest: Bytes
        private(set) var isAtEnd = false

        init(rest: Bytes) {
            self.rest = rest
        }

        mutating func next() -> Bytes? {
            guard !isAtEnd else { return nil }
            guard let space = rest.firstIndex(of: ASCII.space) else {
                isAtEnd = true
                return rest
            }
            let word = rest.prefix(space)
            rest = rest.suffix(from: space + 1)
            return word
        }
    }
}

extension Bytes {
    /// Two bytes, the higher first.
    @inline(__always)
    func word16(_ offset: Int) -> Int {
        Int(self[offset]) << 8 | Int(self[offset &+ 1])
    }

    @inline(__always)
    func word32(_ offset: Int) -> UInt32 {
        UInt32(word16(offset)) << 16 | UInt32(word16(offset &+ 2))
    }

    @inline(__always)
    func word64(_ offset: Int) -> UInt64 {
        UInt64(word32(offset)) << 32 | UInt64(word32(offset &+ 4))
    }
}
