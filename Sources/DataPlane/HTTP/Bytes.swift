// A borrowed run of bytes and the searches over it. Owns nothing: who makes one from a buffer sees
// to it that the buffer neither moves nor changes while the value is in use (one event of one
// loop); one made from a StaticString or a ConfigurationArena lives as long as these. Hot: every
// access is checked against `count`, the searches check once and run in C (CByteScan.h). Any
// thread.

import CLinux

/// Pointer and count. Reading outside it traps, so offsets of a peer are never used unchecked.
@safe
struct Bytes: BitwiseCopyable {
    private let start: UnsafePointer<UInt8>
    let count: Int

    /// `count` bytes from `start` must be readable for as long as the value is used.
    @unsafe @inline(__always)
    init(start: UnsafePointer<UInt8>, count: Int) {
        precondition(count >= 0, "a run of bytes has no negative count")
        unsafe self.start = start
        self.count = count
    }

    /// A literal of ASCII text; it lives for ever.
    @inline(__always)
    init(_ text: StaticString) {
        // SAFETY: a literal of more than one scalar, and an empty one, is a pointer to constant
        // memory.
        unsafe start = text.utf8Start
        count = text.utf8CodeUnitCount
    }

    /// No bytes.
    static var empty: Bytes { @inline(__always) get { Bytes("") } }

    var isEmpty: Bool { @inline(__always) get { count == 0 } }

    subscript(_ index: Int) -> UInt8 {
        @inline(__always) get {
            precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "byte outside the run")
            // SAFETY: the index was checked against the count the initialiser vouched for.
            return unsafe start[index]
        }
    }

    /// `length` bytes from `offset`.
    @inline(__always)
    func slice(_ offset: Int, _ length: Int) -> Bytes {
        precondition(
            offset >= 0 && length >= 0 && offset <= count && length <= count &- offset,
            "slice outside the run")
        // SAFETY: the slice was checked to lie inside.
        return unsafe Bytes(start: start + offset, count: length)
    }

    @inline(__always)
    func slice(_ range: ByteRange) -> Bytes {
        slice(Int(range.offset), Int(range.length))
    }

    /// At most the first `length` bytes.
    @inline(__always)
    func prefix(_ length: Int) -> Bytes {
        slice(0, min(count, max(0, length)))
    }

    @inline(__always)
    func suffix(from offset: Int) -> Bytes {
        slice(offset, count &- offset)
    }

    /// Without the blanks and tabs at both ends.
    var trimmed: Bytes {
        func isBlank(_ byte: UInt8) -> Bool { byte == ASCII.space || byte == ASCII.tab }
        var (first, last) = (0, count)
        while first < last, isBlank(self[first]) { first &+= 1 }
        while last > first, isBlank(self[last &- 1]) { last &-= 1 }
        return slice(first, last &- first)
    }

    /// The first `byte` at or after `offset`, or nil.
    @inline(__always)
    func firstIndex(of byte: UInt8, from offset: Int = 0) -> Int? {
        let rest = suffix(from: offset)
        // SAFETY: pointer and count of one checked run.
        let found = unsafe apus_find_byte(rest.start, rest.count, byte)
        return found < rest.count ? offset &+ found : nil
    }

    /// Length of the token (RFC 9110 §5.6.2) at `offset`, and whether it holds a `_`.
    @inline(__always)
    func tokenLength(at offset: Int) -> (length: Int, hasUnderscore: Bool) {
        let rest = suffix(from: offset)
        // SAFETY: pointer and count of one checked run.
        let found = unsafe apus_scan_token(rest.start, rest.count)
        return (Int(truncatingIfNeeded: found & 0xFFFF_FFFF), found >> 62 != 0)
    }

    /// The lengths of name and value of the field line at `offset`, if it is as nearly all are:
    /// a name of letters, digits and `-`, a colon, one space, a value without blanks around it,
    /// CRLF. Nil says nothing about any other line, nor about one that is not complete.
    @inline(__always)
    func plainFieldLine(at offset: Int) -> (name: Int, value: Int)? {
        let rest = suffix(from: offset)
        // SAFETY: pointer and count of one checked run.
        let found = unsafe apus_scan_plain_line(rest.start, rest.count)
        guard found != 0 else { return nil }
        return (Int(truncatingIfNeeded: found & 0xFFFF_FFFF), Int(truncatingIfNeeded: found >> 32))
    }

    /// Where the field value that begins at `offset` ends: the first byte it may not hold, or
    /// `count`.
    @inline(__always)
    func endOfFieldValue(at offset: Int) -> Int {
        let rest = suffix(from: offset)
        // SAFETY: pointer and count of one checked run.
        return unsafe offset &+ apus_scan_field_value(rest.start, rest.count)
    }

    /// The first byte from `offset` that is not plain in a path, or `count`.
    @inline(__always)
    func endOfPlainPath(at offset: Int) -> Int {
        let rest = suffix(from: offset)
        // SAFETY: pointer and count of one checked run.
        return unsafe offset &+ apus_scan_path(rest.start, rest.count)
    }

    /// The first byte from `offset` that may not stand in a query, or `count`.
    @inline(__always)
    func endOfQuery(at offset: Int) -> Int {
        let rest = suffix(from: offset)
        // SAFETY: pointer and count of one checked run.
        return unsafe offset &+ apus_scan_query(rest.start, rest.count)
    }

    /// The first byte from `offset` that a log line may not hold as it is, or `count`.
    @inline(__always)
    func endOfPrintable(at offset: Int) -> Int {
        let rest = suffix(from: offset)
        // SAFETY: pointer and count of one checked run.
        return unsafe offset &+ apus_scan_printable(rest.start, rest.count)
    }

    /// Equality byte for byte.
    @inline(__always)
    func equals(_ other: Bytes) -> Bool {
        // SAFETY: both counts are the same, and each pointer is good for its count.
        unsafe count == other.count && apus_equals(start, other.start, count) != 0
    }

    @inline(__always)
    func begins(with other: Bytes) -> Bool {
        count >= other.count && prefix(other.count).equals(other)
    }

    @inline(__always)
    func ends(with other: Bytes) -> Bool {
        count >= other.count && suffix(from: count &- other.count).equals(other)
    }

    /// Takes time in proportion to the product of both lengths, of which the operator's is one.
    func contains(_ other: Bytes) -> Bool {
        var start = 0
        while start &+ other.count <= count {
            if slice(start, other.count).equals(other) { return true }
            start &+= 1
        }
        return false
    }

    /// Where `other`, which is not empty, first begins at or after `offset`.
    func firstIndex(of other: Bytes, from offset: Int) -> Int? {
        var start = offset
        while start &+ other.count <= count,
            let candidate = firstIndex(of: other[0], from: start),
            candidate &+ other.count <= count
        {
            if slice(candidate, other.count).equals(other) { return candidate }
            start = candidate &+ 1
        }
        return nil
    }

    /// Equality of ASCII text without regard to case; `lower` is in lower case already.
    @inline(__always)
    func equalsIgnoringCase(_ lower: Bytes) -> Bool {
        // SAFETY: both counts are the same, and each pointer is good for its count.
        unsafe count == lower.count && apus_equals_lower(start, lower.start, count) != 0
    }

    @inline(__always)
    func equalsIgnoringCase(_ lower: StaticString) -> Bool {
        equalsIgnoringCase(Bytes(lower))
    }

    /// The same, quicker, if this is a token (RFC 9110 §5.6.2) and `lower` letters, digits and `-`.
    @inline(__always)
    func equalsName(_ lower: StaticString) -> Bool {
        let lower = Bytes(lower)
        // SAFETY: both counts are the same, and each pointer is good for its count.
        return unsafe count == lower.count && apus_equals_name(start, lower.start, lower.count) != 0
    }

    /// Whether a server may take this field name for `lower`, which is lower case and has no `_`.
    @inline(__always)
    func standsForField(_ lower: Bytes) -> Bool {
        // SAFETY: as above.
        unsafe count == lower.count && apus_equals_field(start, lower.start, count) != 0
    }

    /// The bytes to a C call or a copy; the pointer must not leave `body`.
    @unsafe @inline(__always)
    func withPointer<Result>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result {
        unsafe body(start)
    }
}

extension Span where Element == UInt8 {
    /// The first `count` elements as a run, which must not leave `body`. For the cold paths.
    func withBytes<Result>(_ count: Int, _ body: (Bytes) -> Result) -> Result {
        let part = extracting(0..<count)
        // SAFETY: the memory of a span stays where it is within the call, and `count` was checked.
        return unsafe part.withUnsafeBufferPointer { memory in
            guard let start = memory.baseAddress else { return body(.empty) }
            return unsafe body(Bytes(start: start, count: count))
        }
    }
}

/// A part of a message by position, counted from the message's first byte: it stays right when the
/// buffer moves.
struct ByteRange: BitwiseCopyable, Equatable {
    var offset: Int32
    var length: Int32

    @inline(__always)
    init(offset: Int32 = 0, length: Int32 = 0) {
        self.offset = offset
        self.length = length
    }

    /// From `start` up to `end`; both lie inside a message, whose size is limited far below 2^31.
    @inline(__always)
    init(_ start: Int, _ end: Int) {
        offset = Int32(truncatingIfNeeded: start)
        length = Int32(truncatingIfNeeded: end &- start)
    }

    var isEmpty: Bool { length == 0 }
    var end: Int { Int(offset) &+ Int(length) }
}

/// Bytes that the message syntax is made of.
enum ASCII {
    static var tab: UInt8 { 0x09 }
    static var lineFeed: UInt8 { 0x0A }
    static var carriageReturn: UInt8 { 0x0D }
    static var space: UInt8 { 0x20 }
    static var quote: UInt8 { 0x22 }
    static var numberSign: UInt8 { 0x23 }
    static var ampersand: UInt8 { 0x26 }
    static var plus: UInt8 { 0x2B }
    static var percent: UInt8 { 0x25 }
    static var asterisk: UInt8 { 0x2A }
    static var comma: UInt8 { 0x2C }
    static var dot: UInt8 { 0x2E }
    static var slash: UInt8 { 0x2F }
    static var zero: UInt8 { 0x30 }
    static var colon: UInt8 { 0x3A }
    static var semicolon: UInt8 { 0x3B }
    static var equals: UInt8 { 0x3D }
    static var tilde: UInt8 { 0x7E }
    static var questionMark: UInt8 { 0x3F }
    static var backslash: UInt8 { 0x5C }

    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool { apus_is_token(byte) != 0 }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- zero < 10 }

    @inline(__always)
    static func lowercased(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }

    @inline(__always)
    static func uppercased(_ byte: UInt8) -> UInt8 {
        byte &- 0x61 < 26 ? byte & 0xDF : byte
    }

    /// 0…15, or nil.
    @inline(__always)
    static func hexValue(_ byte: UInt8) -> UInt8? {
        if isDigit(byte) { return byte &- zero }
        let letter = lowercased(byte) &- 0x61
        return letter < 6 ? letter &+ 10 : nil
    }
}
