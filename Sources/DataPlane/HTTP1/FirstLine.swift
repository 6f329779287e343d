// Whether a connection speaks HTTP/1, by the first line that its client sends (RFC 9112 §3), before
// it is known who will serve it. About the shape of the line only: whoever reads the request decides
// what of it is wrong, and says so. Bounded; pure.

/// What the first line of a connection is.
enum FirstLineVerdict: Equatable {
    /// Not all of it is here that decides.
    case incomplete
    /// A method, a target and a version of HTTP/1, with single spaces where they must be.
    case http
    /// Nobody takes it for a request.
    case other
    /// Somebody lenient may take it for one: with other blanks, without a version, of another
    /// version, in other letters, behind a PROXY header, or longer than any that is served here.
    case unclear
}

/// Follows one line through a buffer that grows. Each byte of a long one is looked at twice at most.
struct FirstLine: BitwiseCopyable {
    /// With what stands before it: no frontend takes a longer head.
    static var limitBytes: Int { 15_360 }
    /// Of what stands before it, and of its method: far beyond any.
    private static var wordBytes: Int { 64 }

    /// Bytes in which there is no line feed behind the method.
    private var scanned: Int32 = 0

    init() {}

    /// - Parameter bytes: everything from the connection's first byte; at each call as much as before
    ///   or more.
    mutating func look(at bytes: Bytes) -> FirstLineVerdict {
        let start = Self.startOfText(bytes)
        guard start < Self.wordBytes else { return .unclear }
        let word = bytes.suffix(from: start).prefix(Self.wordBytes)
        let methodLength = word.tokenLength(at: 0).length
        guard methodLength < word.count else {
            return methodLength < Self.wordBytes ? .incomplete : .unclear
        }
        guard methodLength > 0, Self.isBlank(word[methodLength]) else { return .other }
        let methodEnd = start &+ methodLength
        guard
            let lineFeed = bytes.firstIndex(of: ASCII.lineFeed, from: max(methodEnd, Int(scanned)))
        else {
            scanned = Int32(truncatingIfNeeded: bytes.count)
            return bytes.count < Self.limitBytes ? .incomplete : .unclear
        }
        guard lineFeed < Self.limitBytes else { return .unclear }
        let line = bytes.slice(start, lineFeed &- start)
        if !Self.beginsWithBlank(bytes), Self.isRequest(line, methodLength) { return .http }
        return Self.mayBeRequest(line, methodLength) ? .unclear : .other
    }

    /// For somebody lenient: with a version or a target of whatever look; or with a header before it
    /// that a proxy would write.
    private static func mayBeRequest(_ line: Bytes, _ methodLength: Int) -> Bool {
        let method = line.prefix(methodLength)
        if method.equalsIgnoringCase("get") || method.equalsIgnoringCase("proxy") { return true }
        var index = methodLength
        while index < line.count, isBlank(line[index]) { index &+= 1 }
        if index < line.count, line[index] == ASCII.slash { return true }
        if line.contains(Bytes("://")) { return true }
        let version = Bytes("http/")
        while index &+ version.count <= line.count {
            if line.slice(index, version.count).equalsIgnoringCase(version) { return true }
            index &+= 1
        }
        return false
    }

    /// Behind empty lines, as some clients send them (RFC 9112 §2.2), and blanks, which some servers
    /// overlook.
    private static func startOfText(_ bytes: Bytes) -> Int {
        var index = 0
        while index < min(bytes.count, wordBytes) {
            let byte = bytes[index]
            guard isBlank(byte) || byte == ASCII.lineFeed else { break }
            index &+= 1
        }
        return index
    }

    private static func beginsWithBlank(_ bytes: Bytes) -> Bool {
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case ASCII.carriageReturn, ASCII.lineFeed: index &+= 1
            case let byte: return isBlank(byte)
            }
        }
        return false
    }

    /// What lenient parsers divide a line by (RFC 9112 §3).
    private static func isBlank(_ byte: UInt8) -> Bool {
        switch byte {
        case ASCII.space, ASCII.tab, 0x0B, 0x0C, ASCII.carriageReturn: true
        default: false
        }
    }

    /// `METHOD SP target SP HTTP/1.DIGIT`; the line's end is cut off, but for a CR.
    private static func isRequest(_ line: Bytes, _ methodLength: Int) -> Bool {
        let hasReturn = line.count > 0 && line[line.count &- 1] == ASCII.carriageReturn
        let text = hasReturn ? line.prefix(line.count &- 1) : line
        let version = Bytes(" HTTP/1.")
        let tail = version.count &+ 1
        // At least one byte of a target between two spaces.
        guard text.count > methodLength &+ 1 &+ tail, text[methodLength] == ASCII.space else {
            return false
        }
        return text.suffix(from: text.count &- tail).begins(with: version)
            && ASCII.isDigit(text[text.count &- 1])
    }
}
