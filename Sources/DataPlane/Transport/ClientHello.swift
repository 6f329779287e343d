// The name that a TLS client asks for (SNI), read out of its first flight without answering it and
// without changing a byte (RFC 8446 §4.1.2, §5.1; RFC 5246 §7.4.1.2; RFC 6066 §3). Strict and
// bounded: whatever is not the beginning of TLS is found out with its first wrong byte, and what is
// longer than `limitBytes` is not waited for. Pure.

/// What the bytes of a new connection are.
enum ClientHelloResult: Equatable {
    /// The beginning of one, as far as can be seen.
    case incomplete
    /// A whole one, which asks for this name; empty: for none. The name is of `memory` as it was
    /// given to `parse`, or of the bytes themselves.
    case complete
    /// It will never be one.
    case failed
}

/// Follows the records of one hello through a buffer that grows. Each byte of them is looked at
/// once before the hello is complete, and once more when it is.
struct ClientHelloParser: BitwiseCopyable {
    /// With the headers of its records. Real ones have 0.2 to 2 KB, with post-quantum key shares
    /// up to 12.
    static var limitBytes: Int { BufferSize.large.bytes }
    /// Of every one: the type of a handshake's record.
    static var firstByte: UInt8 { 22 }
    private static var recordHeaderBytes: Int { 5 }
    private static var messageHeaderBytes: Int { 4 }

    /// Where the next record begins.
    private var offset = 0
    private var recordCount = 0
    /// Bytes of the message in the records so far.
    private var messageBytes = 0
    /// Those of them that say how long it is.
    private var header: UInt32 = 0

    init() {}

    /// - Parameters:
    ///   - bytes: everything from the connection's first byte; at each call as much as before or
    ///     more.
    ///   - memory: room for a message that comes in several records.
    ///   - name: lower case does not matter; set when complete, without a final dot.
    mutating func parse(
        _ bytes: Bytes, joiningIn memory: inout ByteWriter, name: inout Bytes
    ) -> ClientHelloResult {
        while !isWhole {
            let rest = bytes.suffix(from: offset)
            guard Self.mayBeRecord(rest) else { return .failed }
            guard rest.count >= Self.recordHeaderBytes else { return .incomplete }
            let length = rest.word16(3)
            // RFC 8446 §5.1: no empty fragments of a handshake, at most 2^14.
            guard length > 0, length <= 1 << 14,
                offset + Self.recordHeaderBytes + length <= Self.limitBytes
            else { return .failed }
            guard mayBeMessage(rest, length) else { return .failed }
            guard rest.count >= Self.recordHeaderBytes + length else { return .incomplete }
            take(rest.slice(Self.recordHeaderBytes, length))
            guard Self.messageHeaderBytes + bodyBytes <= Self.limitBytes else { return .failed }
        }
        // The hello fills its records: whatever else a client sends comes behind the answer.
        guard messageBytes == Self.messageHeaderBytes + bodyBytes else { return .failed }
        let message: Bytes
        if recordCount == 1 {
            message = bytes.slice(Self.recordHeaderBytes, messageBytes)
        } else {
            guard join(bytes, into: &memory) else { return .failed }
            message = memory.written
        }
        guard let found = Self.serverName(message.suffix(from: Self.messageHeaderBytes)) else {
            return .failed
        }
        name = found
        return .complete
    }

    private var isWhole: Bool {
        messageBytes >= Self.messageHeaderBytes
            && messageBytes >= Self.messageHeaderBytes + bodyBytes
    }

    /// 0 while the message's header is not there.
    private var bodyBytes: Int {
        messageBytes < Self.messageHeaderBytes ? 0 : Int(header & 0xFF_FFFF)
    }

    /// A handshake record of TLS or SSL 3, as far as it is there.
    private static func mayBeRecord(_ bytes: Bytes) -> Bool {
        if bytes.count > 0, bytes[0] != firstByte { return false }
        if bytes.count > 1, bytes[1] != 3 { return false }
        return true
    }

    /// The first byte of the first record says that this is a client hello.
    private func mayBeMessage(_ record: Bytes, _ length: Int) -> Bool {
        messageBytes > 0 || record.count <= Self.recordHeaderBytes
            || record[Self.recordHeaderBytes] == 1
    }

    private mutating func take(_ fragment: Bytes) {
        var index = 0
        while index < fragment.count, messageBytes + index < Self.messageHeaderBytes {
            header = header << 8 | UInt32(fragment[index])
            index &+= 1
        }
        messageBytes += fragment.count
        offset += Self.recordHeaderBytes + fragment.count
        recordCount += 1
    }

    /// The fragments one behind the other. False: there is no room.
    private func join(_ bytes: Bytes, into memory: inout ByteWriter) -> Bool {
        var place = 0
        while place < offset {
            let length = bytes.word16(place + 3)
            memory.append(bytes.slice(place + Self.recordHeaderBytes, length))
            place += Self.recordHeaderBytes + length
        }
        return !memory.overflowed
    }
}

// MARK: The message

extension ClientHelloParser {
    private static var serverNameType: Int { 0 }
    static var nameLimitBytes: Int { 255 }

    /// Reads from the beginning of what is left.
    private struct Cursor {
        private(set) var rest: Bytes

        init(_ bytes: Bytes) {
            rest = bytes
        }

        mutating func take(_ count: Int) -> Bytes? {
            guard count <= rest.count else { return nil }
            let taken = rest.prefix(count)
            rest = rest.suffix(from: count)
            return taken
        }

        mutating func word8() -> Int? { take(1).map { Int($0[0]) } }
        mutating func word16() -> Int? { take(2)?.word16(0) }
        /// A length of so many bytes, and what it is of.
        mutating func vector8() -> Bytes? { word8().flatMap { take($0) } }
        mutating func vector16() -> Bytes? { word16().flatMap { take($0) } }
    }

    /// The name; empty: the client asks for none. Nil: this is no client hello.
    private static func serverName(_ body: Bytes) -> Bytes? {
        var cursor = Cursor(body)
        // Legacy version and random.
        guard cursor.take(34) != nil, let session = cursor.vector8(), session.count <= 32,
            let suites = cursor.vector16(), suites.count >= 2, suites.count % 2 == 0,
            let compressions = cursor.vector8(), !compressions.isEmpty
        else { return nil }
        // RFC 5246 §7.4.1.2: extensions may be left out altogether.
        if cursor.rest.isEmpty { return .empty }
        guard let extensions = cursor.vector16(), cursor.rest.isEmpty else { return nil }
        cursor = Cursor(extensions)
        var name: Bytes?
        while !cursor.rest.isEmpty {
            guard let type = cursor.word16(), let value = cursor.vector16() else { return nil }
            if type == serverNameType {
                // One of each type (RFC 8446 §4.2).
                guard name == nil, let found = hostName(value) else { return nil }
                name = found
            }
        }
        return name ?? .empty
    }

    /// RFC 6066 §3: a list, in practice of one; a name of ASCII without a final dot, and no address.
    private static func hostName(_ value: Bytes) -> Bytes? {
        var cursor = Cursor(value)
        guard let list = cursor.vector16(), cursor.rest.isEmpty, !list.isEmpty else { return nil }
        cursor = Cursor(list)
        // Type 0 is the only one that there is; it stands at most once.
        guard cursor.word8() == 0, let name = cursor.vector16(), cursor.rest.isEmpty,
            (1...nameLimitBytes).contains(name.count), isName(name)
        else { return nil }
        return name[name.count - 1] == ASCII.dot ? name.prefix(name.count - 1) : name
    }

    private static func isName(_ name: Bytes) -> Bool {
        var index = 0
        while index < name.count {
            let byte = ASCII.lowercased(name[index])
            let isLetter = byte &- UInt8(ascii: "a") < 26
            guard
                isLetter || ASCII.isDigit(byte) || byte == ASCII.dot || byte == UInt8(ascii: "-")
                    || byte == UInt8(ascii: "_")
            else { return false }
            index &+= 1
        }
        return true
    }
}
