// Heads on their way out: the request to a server, the response to a client. Fields are carried
// over as they came, in runs; what belongs to one connection stays behind, what rules and
// forwarding say is written. Refuses nothing: the parsers did. Hot; pure; the output is the
// caller's.
//
// Nothing here can end a line early: carried values were parsed without controls, template values
// lose theirs (TemplateEscape.field), everything else is a literal or a number.

import Model

/// How a request is forwarded.
struct RequestForwarding: BitwiseCopyable {
    var forwardedFor: ForwardedForMode
    /// Ask the server to close behind its response.
    var closesServerConnection = false
    /// What stands in Host when an HTTP/1.0 client named none: the server's address.
    var hostFallback = Bytes.empty
}

/// `ForwardedFor` of the model as a plain byte.
enum ForwardedForMode: UInt8 {
    case replace, append, off

    init(_ mode: ForwardedFor) {
        switch mode {
        case .replace: self = .replace
        case .append: self = .append
        case .off: self = .off
        }
    }
}

/// How a response is answered.
struct ResponseForwarding: BitwiseCopyable {
    var clientVersion: HTTPVersion
    /// Whether the client's connection goes on; the exchange has asked
    /// `ResponseHead.isSelfFraming`.
    var keepsClientConnection: Bool
}

enum HeadSerializer {
    /// Writes `head`, whose bytes are `bytes`, as the server is to see it; path and query are those
    /// of `facts`, which decided about it. False: there is no room (431).
    static func writeRequest(
        _ head: borrowing RequestHead, _ bytes: Bytes, _ forwarding: RequestForwarding,
        rules: AppliedRules, facts: ExchangeFacts, into writer: inout ByteWriter
    ) -> Bool {
        writer.append(bytes.slice(head.methodName))
        writer.append(ASCII.space)
        writer.append(facts.path)
        if facts.hasQuery {
            writer.append(ASCII.questionMark)
            writer.append(facts.query)
        }
        writer.append(" HTTP/1.1\r\n")
        if !head.hasHostField {
            writer.append("Host: ")
            writer.append(
                head.authority.isEmpty ? forwarding.hostFallback : bytes.slice(head.authority))
            writer.append("\r\n")
        }
        let mode = forwarding.forwardedFor
        carry(
            head.fields, bytes, but: withheld(mode), rules, hasRules: !rules.touchesNothing, facts,
            &writer)
        if !head.upgrade.isEmpty {
            writer.append("Connection: upgrade\r\nUpgrade: ")
            writer.append(bytes.slice(head.upgrade))
            writer.append("\r\n")
        } else if forwarding.closesServerConnection {
            writer.append("Connection: close\r\n")
        }
        if mode != .off { writeForwarding(head, bytes, mode, rules, facts, &writer) }
        rules.write(facts, to: &writer)
        writer.append("\r\n")
        return !writer.overflowed
    }

    /// What a server is not to see as the client wrote it.
    @inline(__always)
    private static func withheld(_ mode: ForwardedForMode) -> KnownFields {
        var fields = KnownFields.hopByHop
        // Joined with ours.
        if mode != .off { fields.insert(.xForwardedFor) }
        if mode == .replace {
            fields.insert(.xForwardedProto)
            fields.insert(.forwardedOther)
            fields.insert(.requestID)
        }
        return fields
    }

    /// Writes the fields but those in `withheld` and those that rules take away; others as rules
    /// change them.
    @inline(__always)
    private static func carry(
        _ fields: borrowing FieldTable, _ bytes: Bytes, but withheld: KnownFields,
        _ rules: AppliedRules, hasRules: Bool, _ facts: ExchangeFacts, _ writer: inout ByteWriter
    ) {
        guard fields.count > 0 else { return }
        var changed = withheld
        changed.insert(.transferEncoding)
        if fields.areRegular, !hasRules, !fields.known.meets(changed) {
            // Line stands behind line.
            let start = Int(fields[0].name.offset)
            writer.append(bytes.slice(start, fields[fields.count &- 1].lineEnd &- start))
            return
        }
        var run = FieldRun()
        var index = 0
        while index < fields.count {
            let slot = fields[index]
            index &+= 1
            let isCarried = !slot.isDropped && !withheld.contains(slot.known)
            guard isCarried, hasRules else {
                run.take(slot, isKept: isCarried, bytes, &writer)
                continue
            }
            let fate = rules.fate(of: bytes.slice(slot.name))
            run.take(slot, isKept: fate == .stays, bytes, &writer)
            if fate == .changes { writeChanged(slot, bytes, rules, facts, &writer) }
        }
        run.flush(bytes, &writer)
    }

    /// A field of which nothing is left is not written.
    private static func writeChanged(
        _ slot: FieldSlot, _ bytes: Bytes, _ rules: AppliedRules, _ facts: ExchangeFacts,
        _ writer: inout ByteWriter
    ) {
        let line = writer.count
        let name = bytes.slice(slot.name)
        writer.append(name)
        writer.append(": ")
        let start = writer.count
        writer.append(bytes.slice(slot.value))
        rules.replace(name, facts, from: start, in: &writer)
        if writer.count == start, !slot.value.isEmpty, !writer.overflowed {
            writer.truncate(to: line)
        } else {
            writer.append("\r\n")
        }
    }

    @inline(__always)
    private static func writeForwarding(
        _ head: borrowing RequestHead, _ bytes: Bytes, _ mode: ForwardedForMode,
        _ rules: AppliedRules, _ facts: ExchangeFacts, _ writer: inout ByteWriter
    ) {
        if !rules.drops(Bytes("x-forwarded-for")) {
            writer.append("X-Forwarded-For: ")
            if mode == .append { writeExisting(.xForwardedFor, head, bytes, &writer) }
            writer.append(facts.clientIP)
            writer.append("\r\n")
        }
        // In front of us stands a trusted proxy, which alone knows what the client spoke.
        if mode == .append, head.fields.knows(.xForwardedProto) { return }
        if !rules.drops(Bytes("x-forwarded-proto")) {
            writer.append("X-Forwarded-Proto: ")
            writer.append(facts.scheme)
            writer.append("\r\n")
        }
        // Whoever follows requests by an id gets one that a client did not choose.
        if mode == .replace, head.fields.knows(.requestID), !rules.drops(Bytes("x-request-id")) {
            writer.append("X-Request-ID: ")
            facts.requestID.write(to: &writer)
            writer.append("\r\n")
        }
    }

    private static func writeExisting(
        _ known: KnownField, _ head: borrowing RequestHead, _ bytes: Bytes,
        _ writer: inout ByteWriter
    ) {
        var index = 0
        while index < head.fields.count {
            let slot = head.fields[index]
            if slot.known == known, !slot.value.isEmpty {
                writer.append(bytes.slice(slot.value))
                writer.append(", ")
            }
            index &+= 1
        }
    }

    /// Writes `head`, whose bytes are `bytes`, as the client is to see it. Interim responses pass
    /// without rules; they are not for HTTP/1.0 clients. False: there is no room (502).
    static func writeResponse(
        _ head: borrowing ResponseHead, _ bytes: Bytes, _ forwarding: ResponseForwarding,
        rules: AppliedRules, facts: ExchangeFacts, into writer: inout ByteWriter
    ) -> Bool {
        // Our own version, whatever the server's (RFC 9110 §2.5).
        writer.append("HTTP/1.1 ")
        writer.append(padded: Int64(head.status), width: 3)
        writer.append(ASCII.space)
        writer.append(bytes.slice(head.reason))
        writer.append("\r\n")
        let hasRules = !head.isInterim
        var withheld = KnownFields.hopByHop
        if forwarding.clientVersion == .http10 { withheld.insert(.transferEncoding) }
        carry(
            head.fields, bytes, but: withheld, rules, hasRules: hasRules && !rules.touchesNothing,
            facts, &writer)
        if head.isUpgrade {
            writer.append("Connection: upgrade\r\nUpgrade: ")
            writer.append(bytes.slice(head.upgrade))
            writer.append("\r\n")
        } else if !head.isInterim {
            writer.append(
                connectionField(
                    forwarding.clientVersion, keeps: forwarding.keepsClientConnection))
        }
        if hasRules { rules.write(facts, to: &writer) }
        writer.append("\r\n")
        return !writer.overflowed
    }

    /// The Connection line of a response: each version is told only what is not its default.
    @inline(__always)
    static func connectionField(_ version: HTTPVersion, keeps: Bool) -> StaticString {
        switch (version, keeps) {
        case (.http11, true), (.http10, false): ""
        case (.http11, false): "Connection: close\r\n"
        case (.http10, true): "Connection: keep-alive\r\n"
        }
    }
}

/// Field lines that stand together and pass unchanged are copied at once; the others are written
/// anew.
private struct FieldRun {
    private var start = -1
    private var end = 0

    @inline(__always)
    mutating func take(
        _ slot: FieldSlot, isKept: Bool, _ bytes: Bytes, _ writer: inout ByteWriter
    ) {
        if isKept, !slot.isIrregular, slot.known != .transferEncoding {
            if start < 0 { start = Int(slot.name.offset) }
            end = slot.lineEnd
            return
        }
        flush(bytes, &writer)
        guard isKept else { return }
        if slot.known == .transferEncoding {
            // The one value that was let in, in the one spelling that every parser knows.
            writer.append("Transfer-Encoding: chunked\r\n")
        } else {
            writer.append(bytes.slice(slot.name))
            writer.append(": ")
            writer.append(bytes.slice(slot.value))
            writer.append("\r\n")
        }
    }

    @inline(__always)
    mutating func flush(_ bytes: Bytes, _ writer: inout ByteWriter) {
        if start >= 0 { writer.append(bytes.slice(start, end &- start)) }
        start = -1
    }
}
