// What the fields of a request mean together: Host, framing, Connection, Expect, Upgrade (RFC 9112
// §3.2, §6, §9; RFC 9110 §7.6.1, §7.8, §10.1.1). Runs once the head is complete. Pure; hot.

enum RequestRules {
    /// What the fields said, before it is judged.
    private struct Findings {
        var contentLength: Int64 = -1
        var isChunked = false
        var hasClose = false
        var hasKeepAlive = false
        var nominatesUpgrade = false
        var expectIndex = -1
        var upgradeIndex = -1
        var upgradeCount = 0
    }

    /// Fills the rest of `head`; the error if the request is to be refused.
    @inline(__always)
    static func apply(
        to head: inout RequestHead, _ bytes: Bytes, bodyLimitBytes: Int
    ) -> HTTPError? {
        var findings = Findings()
        var index = 0
        while index < head.fields.count {
            let slot = head.fields[index]
            if slot.known != .other {
                if let error = apply(slot, index, &head, bytes, &findings) { return error }
            }
            index &+= 1
        }
        if let error = checkAuthority(&head, bytes) { return error }
        if let error = frame(&head, findings, bodyLimitBytes) { return error }
        head.keepAlive =
            head.version == .http11
            ? !findings.hasClose
            : findings.hasKeepAlive && !findings.hasClose
        if findings.upgradeIndex >= 0 { chooseUpgrade(&head, bytes, findings) }
        if findings.expectIndex >= 0 {
            // RFC 9110 §10.1.1: ignored from HTTP/1.0, and without a body nothing waits for it.
            if head.version == .http11, head.body != .none {
                head.expectsContinue = true
            } else {
                head.fields.drop(findings.expectIndex)
            }
        }
        return nil
    }

    @inline(__always)
    private static func apply(
        _ slot: FieldSlot, _ index: Int, _ head: inout RequestHead, _ bytes: Bytes,
        _ findings: inout Findings
    ) -> HTTPError? {
        let value = bytes.slice(slot.value)
        switch slot.known {
        case .host:
            guard !head.hasHostField else { return .duplicateHost }
            head.hasHostField = true
            if head.form == .absolute {
                guard equalIgnoringCase(bytes.slice(head.authority), value) else {
                    return .hostMismatch
                }
            }
            head.authority = slot.value
        case .contentLength:
            guard findings.contentLength < 0 else { return .duplicateContentLength }
            guard let length = ContentLength.parse(value) else { return .invalidContentLength }
            findings.contentLength = length
        case .transferEncoding:
            guard !findings.isChunked else { return .invalidTransferEncoding }
            if let error = checkTransferEncoding(value) { return error }
            findings.isChunked = true
        case .connection:
            return applyConnection(value, &head, bytes, &findings)
        case .upgrade:
            findings.upgradeIndex = index
            findings.upgradeCount += 1
        case .expect:
            guard findings.expectIndex < 0, value.equalsIgnoringCase("100-continue") else {
                return .unknownExpectation
            }
            findings.expectIndex = index
        default: break
        }
        return nil
    }

    /// Exactly `chunked`, once; a coding we do not know is 501, anything else is an attempt.
    private static func checkTransferEncoding(_ value: Bytes) -> HTTPError? {
        if value.equalsIgnoringCase("chunked") { return nil }
        for coding: StaticString in ["gzip", "x-gzip", "deflate", "compress", "x-compress"] {
            if value.equalsIgnoringCase(coding) { return .unknownTransferCoding }
        }
        return .invalidTransferEncoding
    }

    private static func applyConnection(
        _ value: Bytes, _ head: inout RequestHead, _ bytes: Bytes, _ findings: inout Findings
    ) -> HTTPError? {
        var tokens = TokenList(value)
        while let token = tokens.next() {
            guard !token.isEmpty else { return .invalidConnection }
            if token.equalsIgnoringCase("keep-alive") {
                findings.hasKeepAlive = true
            } else if token.equalsIgnoringCase("close") {
                findings.hasClose = true
            } else if token.equalsIgnoringCase("upgrade") {
                findings.nominatesUpgrade = true
            } else {
                guard !KnownField(token).isProtected else { return .connectionNominatesField }
                head.fields.drop(named: token, in: bytes)
            }
        }
        return nil
    }

    private static func checkAuthority(_ head: inout RequestHead, _ bytes: Bytes) -> HTTPError? {
        guard head.hasHostField || head.form == .absolute else {
            return head.version == .http11 ? .missingHost : nil
        }
        if head.version == .http11, !head.hasHostField { return .missingHost }
        guard let hostLength = Authority.hostLength(bytes.slice(head.authority)) else {
            return .invalidHost
        }
        head.host = ByteRange(
            offset: head.authority.offset, length: Int32(truncatingIfNeeded: hostLength))
        return nil
    }

    private static func frame(
        _ head: inout RequestHead, _ findings: Findings, _ bodyLimitBytes: Int
    ) -> HTTPError? {
        if findings.isChunked {
            if findings.contentLength >= 0 { return .lengthAndTransferEncoding }
            if head.version == .http10 { return .transferEncodingOnHTTP10 }
            head.body = .chunked
        } else if findings.contentLength > 0 {
            if findings.contentLength > Int64(bodyLimitBytes) { return .bodyTooLarge }
            head.body = .length(findings.contentLength)
        }
        // RFC 9110 §9.3.8: a TRACE has no content.
        if head.method == .trace, head.body != .none { return .traceWithBody }
        return nil
    }

    /// One protocol that is none of ours. A switch to HTTP/2 or TLS behind us would carry requests
    /// past every rule, so these are not offered to a server.
    private static func chooseUpgrade(
        _ head: inout RequestHead, _ bytes: Bytes, _ findings: Findings
    ) {
        guard findings.nominatesUpgrade, findings.upgradeCount == 1, head.version == .http11,
            head.body == .none
        else { return }
        let range = head.fields[findings.upgradeIndex].value
        let value = bytes.slice(range)
        let nameLength = value.firstIndex(of: ASCII.slash) ?? value.count
        let name = value.prefix(nameLength)
        guard name.count > 0, name.tokenLength(at: 0).length == name.count else { return }
        if nameLength < value.count {
            let version = value.suffix(from: nameLength + 1)
            guard version.count > 0, version.tokenLength(at: 0).length == version.count else {
                return
            }
        }
        for ours: StaticString in ["h2c", "h2", "h3", "http", "tls"] {
            if name.equalsIgnoringCase(ours) { return }
        }
        head.upgrade = range
    }
}

/// Content-Length (RFC 9110 §8.6), narrower than its grammar: no leading zero.
enum ContentLength {
    /// 0…Int64.max/2, or nil for everything that is not one plain decimal number.
    @inline(__always)
    static func parse(_ value: Bytes) -> Int64? {
        guard value.count > 0, value.count <= 19 else { return nil }
        if value[0] == ASCII.zero, value.count > 1 { return nil }
        var number: Int64 = 0
        var index = 0
        while index < value.count {
            let byte = value[index]
            guard ASCII.isDigit(byte), number <= (Int64.max / 2 - 9) / 10 else { return nil }
            number = number &* 10 &+ Int64(byte &- ASCII.zero)
            index &+= 1
        }
        return number
    }
}

/// The members of a comma-separated list (RFC 9110 §5.6.1) without the blanks around them.
struct TokenList {
    private let value: Bytes
    private var position = 0

    init(_ value: Bytes) {
        self.value = value
    }

    /// The next member; empty for two commas in a row or for a member that is not a token.
    mutating func next() -> Bytes? {
        guard position <= value.count else { return nil }
        let end = value.firstIndex(of: ASCII.comma, from: position) ?? value.count
        var first = position
        var last = end
        while first < last, value[first] == ASCII.space || value[first] == ASCII.tab { first += 1 }
        while last > first, value[last - 1] == ASCII.space || value[last - 1] == ASCII.tab {
            last -= 1
        }
        position = end + 1
        let member = value.slice(first, last - first)
        return member.tokenLength(at: 0).length == member.count ? member : .empty
    }
}
