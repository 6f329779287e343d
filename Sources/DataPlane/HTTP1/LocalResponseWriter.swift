// Responses that need no server: refusals, `respond:` and `redirect:`. Whole messages with a
// length, so that any client knows where they end. Cold enough; pure; the output is the caller's.

/// How a local response is answered.
struct LocalDelivery: BitwiseCopyable {
    var clientVersion = HTTPVersion.http11
    /// The answer to a HEAD has no body.
    var isHead = false
    /// The connection goes on behind it; never after a refusal that leaves the framing in doubt.
    var keepsConnection = false
    /// When the client may come again (RFC 9110 §10.2.3); 0: no word about it.
    var retryAfterSeconds = 0
    /// Not empty: the client is asked for a user and a password of it (RFC 7617 §2).
    var realm = Bytes.empty
}

enum LocalResponseWriter {
    static var continue100: Bytes { Bytes("HTTP/1.1 100 Continue\r\n\r\n") }

    /// A refusal: status, its name for people and scripts, and the id that is in the log. `name` is
    /// lower case with dashes. Nil rules: none. False: there is no room.
    static func writeError(
        status: Int, name: StaticString, _ delivery: LocalDelivery, rules: AppliedRules? = nil,
        facts: ExchangeFacts, into writer: inout ByteWriter
    ) -> Bool {
        let reason = reasonPhrase(status)
        let length =
            3 + 1 + reason.count + 1 + "reason: ".utf8.count + name.utf8CodeUnitCount + 1
            + "request: ".utf8.count + 32 + 1
        writeStart(status, facts, &writer)
        writeErrorFields(Bytes("text/plain; charset=utf-8"), rules, facts, &writer)
        writeEnd(length, delivery, &writer)
        guard !delivery.isHead else { return !writer.overflowed }
        writer.append(padded: Int64(status), width: 3)
        writer.append(ASCII.space)
        writer.append(reason)
        writer.append("\nreason: ")
        writer.append(name)
        writer.append("\nrequest: ")
        facts.requestID.write(to: &writer)
        writer.append("\n")
        return !writer.overflowed
    }

    /// A refusal in the operator's words. False: there is no room.
    static func writePage(
        _ page: CompiledResponse, _ delivery: LocalDelivery, rules: AppliedRules? = nil,
        facts: ExchangeFacts, into writer: inout ByteWriter
    ) -> Bool {
        guard let length = page.body.length(facts, scratch: writer) else { return false }
        writeStart(page.status, facts, &writer)
        writeErrorFields(page.contentType, rules, facts, &writer)
        writeEnd(length, delivery, &writer)
        if !delivery.isHead { page.body.write(facts, to: &writer) }
        return !writer.overflowed
    }

    /// The answer of a `respond:` route. False: there is no room.
    static func write(
        _ response: CompiledResponse, _ delivery: LocalDelivery, rules: AppliedRules,
        facts: ExchangeFacts, into writer: inout ByteWriter
    ) -> Bool {
        // Measured where it will be written over.
        guard let length = response.body.length(facts, scratch: writer) else { return false }
        let hasBody = response.status >= 200 && response.status != 204 && response.status != 304
        writeStart(response.status, facts, &writer)
        if hasBody, !response.contentType.isEmpty, !rules.drops(Bytes("content-type")) {
            writer.append("Content-Type: ")
            writer.append(response.contentType)
            writer.append("\r\n")
        }
        rules.write(facts, to: &writer)
        writeEnd(hasBody ? length : nil, delivery, &writer)
        if hasBody, !delivery.isHead { response.body.write(facts, to: &writer) }
        return !writer.overflowed
    }

    /// The answer of a `redirect:` route. False: there is no room.
    static func write(
        _ redirect: CompiledRedirect, _ delivery: LocalDelivery, rules: AppliedRules,
        facts: ExchangeFacts, into writer: inout ByteWriter
    ) -> Bool {
        writeStart(redirect.status, facts, &writer)
        writer.append("Location: ")
        writeLocation(redirect, facts, &writer)
        writer.append("\r\n")
        rules.write(facts, to: &writer)
        writeEnd(0, delivery, &writer)
        return !writer.overflowed
    }

    private static func writeLocation(
        _ redirect: CompiledRedirect, _ facts: ExchangeFacts, _ writer: inout ByteWriter
    ) {
        if !redirect.location.isEmpty {
            writeTemplate(redirect.location, facts, &writer)
            return
        }
        let host = redirect.host.isEmpty ? facts.authority : redirect.host
        if !host.isEmpty {
            writer.append(redirect.scheme.isEmpty ? facts.scheme : redirect.scheme)
            writer.append("://")
            // With another scheme the client's port is not the right one any more.
            let keepsPort =
                !redirect.host.isEmpty || redirect.scheme.isEmpty
                || redirect.scheme.equals(facts.scheme)
            writer.append(keepsPort ? host : facts.host)
        }
        guard redirect.path.isEmpty else {
            writer.append(redirect.path)
            return
        }
        writer.append(facts.path.equals(Bytes("*")) ? Bytes("/") : facts.path)
        if facts.hasQuery {
            writer.append(ASCII.questionMark)
            writer.append(facts.query)
        }
    }

    /// A location must not begin with `//` unless the operator wrote it: what stands behind names a
    /// host, and a path or a capture that the client sent would choose it. To browsers `\` is the same
    /// (WHATWG URL, "relative slash state").
    private static func writeTemplate(
        _ template: CompiledTemplate, _ facts: ExchangeFacts, _ writer: inout ByteWriter
    ) {
        let start = writer.count
        template.write(facts, to: &writer)
        guard !template.beginsWithTwoSlashes, !writer.overflowed else { return }
        let location = writer.written.suffix(from: start)
        var slashes = 0
        while slashes < location.count,
            location[slashes] == ASCII.slash || location[slashes] == ASCII.backslash
        {
            slashes &+= 1
        }
        guard slashes > 1 else { return }
        writer.truncate(to: start)
        writer.append(ASCII.slash)
        // It stands behind the place that is written to.
        writer.append(location.suffix(from: slashes))
    }

    private static func writeStart(
        _ status: Int, _ facts: ExchangeFacts, _ writer: inout ByteWriter
    ) {
        writer.append("HTTP/1.1 ")
        writer.append(padded: Int64(status), width: 3)
        writer.append(ASCII.space)
        writer.append(reasonPhrase(status))
        writer.append("\r\n")
        if facts.wallSeconds > 0 {
            writer.append("Date: ")
            WallClockText.writeHTTPDate(facts.wallSeconds, to: &writer)
            writer.append("\r\n")
        }
    }

    /// What an error says of itself, and what the rules say about it.
    private static func writeErrorFields(
        _ contentType: Bytes, _ rules: AppliedRules?, _ facts: ExchangeFacts,
        _ writer: inout ByteWriter
    ) {
        if rules?.drops(Bytes("content-type")) != true {
            writer.append("Content-Type: ")
            writer.append(contentType)
            writer.append("\r\n")
        }
        if rules?.drops(Bytes("cache-control")) != true {
            writer.append("Cache-Control: no-store\r\n")
        }
        rules?.write(facts, to: &writer)
    }

    private static func writeEnd(
        _ length: Int?, _ delivery: LocalDelivery, _ writer: inout ByteWriter
    ) {
        if let length {
            writer.append("Content-Length: ")
            writer.append(decimal: Int64(length))
            writer.append("\r\n")
        }
        if delivery.retryAfterSeconds > 0 {
            writer.append("Retry-After: ")
            writer.append(decimal: Int64(delivery.retryAfterSeconds))
            writer.append("\r\n")
        }
        if !delivery.realm.isEmpty {
            writer.append("WWW-Authenticate: Basic realm=\"")
            writer.append(delivery.realm)
            writer.append("\", charset=\"UTF-8\"\r\n")
        }
        writer.append(
            HeadSerializer.connectionField(
                delivery.clientVersion, keeps: delivery.keepsConnection))
        writer.append("\r\n")
    }

    /// RFC 9110 §15 and RFC 6585; any other status has none.
    static func reasonPhrase(_ status: Int) -> Bytes {
        let text: StaticString =
            switch status {
            case 200: "OK"
            case 201: "Created"
            case 202: "Accepted"
            case 204: "No Content"
            case 301: "Moved Permanently"
            case 302: "Found"
            case 303: "See Other"
            case 304: "Not Modified"
            case 307: "Temporary Redirect"
            case 308: "Permanent Redirect"
            case 400: "Bad Request"
            case 401: "Unauthorized"
            case 403: "Forbidden"
            case 404: "Not Found"
            case 405: "Method Not Allowed"
            case 408: "Request Timeout"
            case 410: "Gone"
            case 413: "Content Too Large"
            case 414: "URI Too Long"
            case 417: "Expectation Failed"
            case 421: "Misdirected Request"
            case 429: "Too Many Requests"
            case 431: "Request Header Fields Too Large"
            case 451: "Unavailable For Legal Reasons"
            case 500: "Internal Server Error"
            case 501: "Not Implemented"
            case 502: "Bad Gateway"
            case 503: "Service Unavailable"
            case 504: "Gateway Timeout"
            case 505: "HTTP Version Not Supported"
            default: ""
            }
        return Bytes(text)
    }
}
