// The response side of HTTP/1 (RFC 9112): from a server's bytes to a ResponseHead, or a refusal,
// which is 502 to the client. As strict as the request side where framing is concerned: a server
// that is read in two ways poisons the connection for the next client. Pure; hot; one value per
// server connection.

struct ResponseHeadParser {
    /// Bytes in which there is no line feed that was not looked at.
    private var scanned: Int32 = 0

    init() {}

    /// Forgets a head that was begun.
    mutating func reset() {
        scanned = 0
    }

    /// `input` begins with the head and holds everything received so far. A response before any
    /// request is the caller's to refuse. After an interim response call again with what is behind
    /// it.
    mutating func parse(
        _ input: Bytes, to request: ResponseExpectation, headBytes: Int,
        into head: inout ResponseHead
    ) -> HeadResult {
        if scanned > 0, Int(scanned) <= input.count,
            input.firstIndex(of: ASCII.lineFeed, from: Int(scanned)) == nil
        {
            return wait(input, headBytes)
        }
        do throws(HeadStop) {
            head.reset()
            let fieldsStart = try Self.readStatusLine(input, headBytes, &head)
            let length = try FieldLines.read(
                input, from: fieldsStart, headBytes: headBytes,
                fieldCount: FieldTable.capacity, refusesLookalikes: false, into: &head.fields)
            head.length = length
            if let error = ResponseRules.apply(to: &head, input.prefix(length), request) {
                throw .failed(error)
            }
            reset()
            return .complete(length: length)
        } catch {
            switch error {
            case .incomplete: return wait(input, headBytes)
            case .failed(let fault):
                reset()
                return .failed(fault)
            }
        }
    }

    private mutating func wait(_ input: Bytes, _ headBytes: Int) -> HeadResult {
        scanned = Int32(truncatingIfNeeded: input.count)
        return input.count > headBytes ? .failed(.headTooLarge) : .incomplete
    }

    /// `HTTP/1.1 200 OK` CRLF; the blank before an absent reason may be absent too, as servers do.
    @inline(__always)
    private static func readStatusLine(
        _ input: Bytes, _ headBytes: Int, _ head: inout ResponseHead
    ) throws(HeadStop) -> Int {
        guard input.count > 0 else { throw .incomplete }
        // Whatever is not HTTP is known by its first byte.
        guard input[0] == UInt8(ascii: "H") else { throw .failed(.invalidStatusLine) }
        guard input.count >= 14 else { throw fault(at: 0, input, headBytes) }
        let version = input.prefix(9)
        if version.equals(Bytes("HTTP/1.1 ")) {
            head.version = .http11
        } else if version.equals(Bytes("HTTP/1.0 ")) {
            head.version = .http10
        } else {
            throw fault(at: 0, input, headBytes)
        }
        guard ASCII.isDigit(input[9]), ASCII.isDigit(input[10]), ASCII.isDigit(input[11]) else {
            throw fault(at: 0, input, headBytes)
        }
        head.status =
            Int(input[9] &- ASCII.zero) &* 100 &+ Int(input[10] &- ASCII.zero) &* 10
            &+ Int(input[11] &- ASCII.zero)
        guard head.status >= 100, head.status < 600 else { throw fault(at: 0, input, headBytes) }
        let reasonStart = input[12] == ASCII.space ? 13 : 12
        let lineEnd = reasonStart == 13 ? input.endOfFieldValue(at: 13) : 12
        guard lineEnd &+ 1 < input.count else { throw fault(at: 0, input, headBytes) }
        guard input[lineEnd] == ASCII.carriageReturn, input[lineEnd &+ 1] == ASCII.lineFeed else {
            throw fault(at: 0, input, headBytes)
        }
        guard lineEnd &+ 2 <= headBytes else { throw .failed(.headTooLarge) }
        head.reason = ByteRange(reasonStart, lineEnd)
        return lineEnd &+ 2
    }

    private static func fault(at position: Int, _ input: Bytes, _ headBytes: Int) -> HeadStop {
        FieldLines.stop(.invalidStatusLine, at: position, input, lineLimit: headBytes)
    }
}

/// What the fields of a response mean together (RFC 9112 §6.3, §9; RFC 9110 §15.2).
private enum ResponseRules {
    private struct Findings {
        var contentLength: Int64 = -1
        var isChunked = false
        var hasClose = false
        var hasKeepAlive = false
        var upgradeIndex = -1
    }

    static func apply(
        to head: inout ResponseHead, _ bytes: Bytes, _ request: ResponseExpectation
    ) -> HTTPError? {
        var findings = Findings()
        var index = 0
        while index < head.fields.count {
            let slot = head.fields[index]
            let value = bytes.slice(slot.value)
            switch slot.known {
            case .contentLength:
                guard let length = ContentLength.parse(value) else { return .invalidContentLength }
                if findings.contentLength >= 0 {
                    // The same twice says one thing; forwarded once (RFC 9110 §8.6).
                    guard findings.contentLength == length else { return .duplicateContentLength }
                    head.fields.drop(index)
                }
                findings.contentLength = length
            case .transferEncoding:
                guard !findings.isChunked, value.equalsIgnoringCase("chunked") else {
                    return .invalidTransferEncoding
                }
                findings.isChunked = true
            case .connection:
                if let error = applyConnection(value, &head, bytes, &findings) { return error }
            case .upgrade: findings.upgradeIndex = index
            default: break
            }
            index &+= 1
        }
        if findings.isChunked {
            if findings.contentLength >= 0 { return .lengthAndTransferEncoding }
            if head.version == .http10 { return .transferEncodingOnHTTP10 }
        }
        return frame(&head, request, findings)
    }

    private static func applyConnection(
        _ value: Bytes, _ head: inout ResponseHead, _ bytes: Bytes, _ findings: inout Findings
    ) -> HTTPError? {
        var tokens = TokenList(value)
        while let token = tokens.next() {
            if token.isEmpty { return .invalidConnection }
            if token.equalsIgnoringCase("keep-alive") {
                findings.hasKeepAlive = true
            } else if token.equalsIgnoringCase("close") {
                findings.hasClose = true
            } else if !token.equalsIgnoringCase("upgrade") {
                guard !KnownField(token).isProtected else { return .connectionNominatesField }
                head.fields.drop(named: token, in: bytes)
            }
        }
        return nil
    }

    private static func frame(
        _ head: inout ResponseHead, _ request: ResponseExpectation, _ findings: Findings
    ) -> HTTPError? {
        head.keepAlive =
            head.version == .http11
            ? !findings.hasClose
            : findings.hasKeepAlive && !findings.hasClose
        switch head.status {
        case 101:
            guard request.offersUpgrade, findings.upgradeIndex >= 0, head.version == .http11 else {
                return .unexpectedUpgrade
            }
            head.upgrade = head.fields[findings.upgradeIndex].value
            head.keepAlive = false
        case 100..<200, 204:
            // No content by definition; a length there is wrong and is not forwarded.
            dropFraming(&head)
        case 304: break
        default:
            if request.method == .head { break }
            if findings.isChunked {
                head.body = .chunked
            } else if findings.contentLength > 0 {
                head.body = .length(findings.contentLength)
            } else if findings.contentLength < 0 {
                head.body = .untilClose
                head.keepAlive = false
            }
        }
        return nil
    }

    private static func dropFraming(_ head: inout ResponseHead) {
        var index = 0
        while index < head.fields.count {
            switch head.fields[index].known {
            case .contentLength, .transferEncoding: head.fields.drop(index)
            default: break
            }
            index &+= 1
        }
    }
}
