// The request line (RFC 9112 §3): method, target in one of its forms, version. Pure; hot.

import Model

enum RequestLine {
    /// Room for method, blanks, version and CRLF beside the target.
    private static var slackBytes: Int { 64 }
    private static var methodBytes: Int { 32 }

    /// How far a request line may go, and what one is called that goes further: the tighter limit
    /// of target and head, so that slow and fast arrival give one answer.
    static func limit(start: Int, _ limits: MessageLimits) -> (bytes: Int, error: HTTPError) {
        let line = start + limits.targetBytes + slackBytes
        return limits.headBytes <= line
            ? (limits.headBytes, .headTooLarge) : (line, .targetTooLong)
    }

    /// Reads the line at `start`; returns where the fields begin.
    @inline(__always)
    static func read(
        _ input: Bytes, from start: Int, limits: MessageLimits, into head: inout RequestHead
    ) throws(HeadStop) -> Int {
        let methodEnd = start &+ input.tokenLength(at: start).length
        guard methodEnd < input.count else { throw .incomplete }
        guard input[methodEnd] == ASCII.space else {
            throw stop(.invalidMethod, at: methodEnd, input, start, limits)
        }
        let methodName = input.slice(start, methodEnd &- start)
        head.methodName = ByteRange(start, methodEnd)
        head.method = HTTPMethod(methodName)

        let targetStart = methodEnd &+ 1
        guard targetStart < input.count else { throw .incomplete }
        let targetEnd: Int
        if input[targetStart] == ASCII.slash {
            targetEnd = try readPath(input, from: targetStart, start, limits, &head)
        } else {
            targetEnd = try readOtherForm(input, from: targetStart, start, limits, &head)
        }
        head.target = ByteRange(targetStart, targetEnd)
        head.version = try readVersion(input, at: targetEnd &+ 1, start, limits)

        let lineEnd = targetEnd &+ 11
        let limit = limit(start: start, limits)
        guard lineEnd <= limit.bytes else { throw .failed(limit.error) }
        guard targetEnd &- targetStart <= limits.targetBytes else { throw .failed(.targetTooLong) }
        guard methodName.count <= methodBytes else { throw .failed(.unsupportedMethod) }
        guard head.method != .connect else { throw .failed(.connectUnsupported) }
        return lineEnd
    }

    /// Path and query from `pathStart`, where a slash is; returns the end of the target.
    @inline(__always)
    private static func readPath(
        _ input: Bytes, from pathStart: Int, _ start: Int, _ limits: MessageLimits,
        _ head: inout RequestHead
    ) throws(HeadStop) -> Int {
        var end = pathStart &+ 1
        var needsCare = false
        scan: while true {
            end = input.endOfPlainPath(at: end)
            guard end < input.count else { throw .incomplete }
            switch input[end] {
            case ASCII.dot:
                if input[end &- 1] == ASCII.slash { needsCare = true }
                end &+= 1
            case ASCII.percent:
                needsCare = true
                end &+= 1
            case ASCII.space, ASCII.questionMark: break scan
            default: throw stop(targetFault(input[end]), at: end, input, start, limits)
            }
        }
        head.rawPath = ByteRange(pathStart, end)
        if input[end] == ASCII.questionMark {
            end = try readQuery(input, from: end &+ 1, start, limits, &head)
        }
        if needsCare {
            if let error = PathNormaliser.resolve(&head, in: input) {
                throw stop(error, at: end, input, start, limits)
            }
        }
        return end
    }

    @inline(__always)
    private static func readQuery(
        _ input: Bytes, from queryStart: Int, _ start: Int, _ limits: MessageLimits,
        _ head: inout RequestHead
    ) throws(HeadStop) -> Int {
        let end = input.endOfQuery(at: queryStart)
        guard end < input.count else { throw .incomplete }
        guard input[end] == ASCII.space else {
            throw stop(targetFault(input[end]), at: end, input, start, limits)
        }
        head.query = ByteRange(queryStart, end)
        head.hasQuery = true
        return end
    }

    /// Absolute form, `*`, or a fault. Cold.
    private static func readOtherForm(
        _ input: Bytes, from targetStart: Int, _ start: Int, _ limits: MessageLimits,
        _ head: inout RequestHead
    ) throws(HeadStop) -> Int {
        guard let lineFeed = input.firstIndex(of: ASCII.lineFeed, from: targetStart) else {
            throw .incomplete
        }
        let targetEnd = input.firstIndex(of: ASCII.space, from: targetStart) ?? lineFeed
        guard targetEnd < lineFeed, targetEnd > targetStart else {
            throw stop(.invalidTarget, at: targetStart, input, start, limits)
        }
        let target = input.slice(targetStart, targetEnd &- targetStart)
        if target.equals(Bytes("*")) {
            guard head.method == .options else {
                throw stop(.invalidTargetForm, at: targetEnd, input, start, limits)
            }
            head.form = .asterisk
            head.rawPath = ByteRange(targetStart, targetEnd)
            return targetEnd
        }
        if head.method == .connect {
            throw stop(.connectUnsupported, at: targetEnd, input, start, limits)
        }
        let schemeLength: Int
        if target.prefix(7).equalsIgnoringCase("http://") {
            schemeLength = 7
        } else if target.prefix(8).equalsIgnoringCase("https://") {
            schemeLength = 8
        } else {
            throw stop(.invalidTargetForm, at: targetEnd, input, start, limits)
        }
        return try readAbsolute(
            input, from: targetStart &+ schemeLength, start, limits, &head)
    }

    /// What follows `http://`; the line is complete.
    private static func readAbsolute(
        _ input: Bytes, from authorityStart: Int, _ start: Int, _ limits: MessageLimits,
        _ head: inout RequestHead
    ) throws(HeadStop) -> Int {
        var end = authorityStart
        scan: while end < input.count {
            switch input[end] {
            case ASCII.slash, ASCII.questionMark: break scan
            case 0...ASCII.space, 0x7F...0xFF: break scan
            default: end &+= 1
            }
        }
        guard end < input.count else { throw .incomplete }
        head.form = .absolute
        head.authority = ByteRange(authorityStart, end)
        switch input[end] {
        case ASCII.slash:
            return try readPath(input, from: end, start, limits, &head)
        case ASCII.questionMark:
            let targetEnd = try readQuery(input, from: end &+ 1, start, limits, &head)
            setPath("/", &head)
            return targetEnd
        case ASCII.space:
            // RFC 9112 §3.2.4: an OPTIONS without path means the server as a whole.
            setPath(head.method == .options ? "*" : "/", &head)
            return end
        default: throw stop(targetFault(input[end]), at: end, input, start, limits)
        }
    }

    /// A path that stands nowhere in the target.
    private static func setPath(_ path: StaticString, _ head: inout RequestHead) {
        var writer = head.scratch.writer()
        writer.append(path)
        head.resolvedLength = writer.count
        head.rawPath = ByteRange()
    }

    /// `HTTP/1.1` CRLF at `at`, behind the blank.
    @inline(__always)
    private static func readVersion(
        _ input: Bytes, at position: Int, _ start: Int, _ limits: MessageLimits
    ) throws(HeadStop) -> HTTPVersion {
        let version = input.suffix(from: min(position, input.count)).prefix(10)
        if version.equals(Bytes("HTTP/1.1\r\n")) { return .http11 }
        if version.equals(Bytes("HTTP/1.0\r\n")) { return .http10 }
        throw stop(versionFault(version), at: position, input, start, limits)
    }

    /// `version` is shorter than ten bytes if the input ends there.
    private static func versionFault(_ version: Bytes) -> HTTPError {
        guard version.count >= 9, version.prefix(5).equals(Bytes("HTTP/")),
            ASCII.isDigit(version[5]), version[6] == ASCII.dot, ASCII.isDigit(version[7])
        else { return .invalidVersion }
        if version[8] == ASCII.lineFeed { return .bareLineFeed }
        guard version[8] == ASCII.carriageReturn else { return .invalidVersion }
        return version.count == 10 && version[9] == ASCII.lineFeed
            ? .unsupportedVersion : .bareCarriageReturn
    }

    private static func targetFault(_ byte: UInt8) -> HTTPError {
        switch byte {
        case ASCII.numberSign: .fragmentInTarget
        case ASCII.backslash: .backslashInPath
        case ASCII.carriageReturn, ASCII.lineFeed: .invalidVersion
        default: .invalidTarget
        }
    }

    private static func stop(
        _ error: HTTPError, at position: Int, _ input: Bytes, _ start: Int,
        _ limits: MessageLimits
    ) -> HeadStop {
        let limit = limit(start: start, limits)
        return FieldLines.stop(
            error, at: min(position, input.count), input, lineLimit: limit.bytes,
            limitError: limit.error)
    }
}
