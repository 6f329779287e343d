// HeadSerializer and LocalResponseWriter: the very bytes that leave.

import Model
import Testing

@testable import DataPlane

/// A request head through parser and serialiser.
func forward(
    _ request: String, _ mode: ForwardedForMode = .off, edits: [[HeaderEdit]] = [],
    closes: Bool = false, capacity: Int = 4_096
) -> String? {
    let arena = ConfigurationArena()
    let rules = AppliedRules(CompiledRules(edits, arena: arena))
    var head = RequestHead()
    var parser = RequestHeadParser()
    let scratch = ByteScratch(capacity: capacity)
    return octets(request).withBytes { bytes -> String? in
        guard case .complete = parser.parse(bytes, limits: MessageLimits(), into: &head) else {
            return nil
        }
        var facts = ExchangeFacts()
        facts.clientIP = Bytes("192.0.2.7")
        facts.setRequest(head, in: bytes)
        var writer = scratch.writer()
        let forwarding = RequestForwarding(
            forwardedFor: mode, closesServerConnection: closes, hostFallback: Bytes("10.0.0.1:80"))
        let fits = HeadSerializer.writeRequest(
            head, bytes, forwarding, rules: rules, facts: facts, into: &writer)
        return fits ? text(writer.written) : nil
    }
}

func answer(
    _ response: String, to request: ResponseExpectation = .init(method: .get, offersUpgrade: true),
    client: HTTPVersion = .http11, keeps: Bool = true, edits: [[HeaderEdit]] = []
) -> String? {
    let arena = ConfigurationArena()
    let rules = AppliedRules(CompiledRules(edits, arena: arena))
    var head = ResponseHead()
    var parser = ResponseHeadParser()
    let scratch = ByteScratch(capacity: 4_096)
    return octets(response).withBytes { bytes -> String? in
        let result = parser.parse(bytes, to: request, headBytes: 4_096, into: &head)
        guard case .complete = result else { return nil }
        var writer = scratch.writer()
        let forwarding = ResponseForwarding(clientVersion: client, keepsClientConnection: keeps)
        let fits = HeadSerializer.writeResponse(
            head, bytes, forwarding, rules: rules, facts: ExchangeFacts(), into: &writer)
        return fits ? text(writer.written) : nil
    }
}

private func edit(_ action: HeaderEdit.Action, _ name: String, _ value: String = "") -> HeaderEdit {
    HeaderEdit(action: action, name: name, value: Template(literal: value))
}

@Suite struct HTTP1SerializerTests {
    private static let start = "GET / HTTP/1.1\r\nHost: a\r\n"

    @Test func aPlainHeadPassesUnchanged() {
        let request = "GET /a?b HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nX: y\r\n\r\n"
        #expect(forward(request) == request)
    }

    @Test(arguments: [
        // Form of the line, Host.
        ("GET http://a/b?c HTTP/1.1\r\nHost: a\r\n\r\n", "GET /b?c HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("GET /x/../y? HTTP/1.1\r\nHost: a\r\n\r\n", "GET /y? HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: 10.0.0.1:80\r\n\r\n"),
        ("GET http://b/ HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: b\r\n\r\n"),
        ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        // Hop-by-hop.
        (
            start
                + "Connection: X-A, keep-alive\r\nX-A: 1\r\nKeep-Alive: 5\r\n"
                + "TE: trailers\r\nX-B: 2\r\n\r\n",
            start + "X-B: 2\r\n\r\n"
        ),
        (
            start + "Proxy-Connection: close\r\nHTTP2-Settings: x\r\nUpgrade: h2c\r\n\r\n",
            start + "\r\n"
        ),
        (
            start + "Upgrade: websocket\r\nX: y\r\nConnection: upgrade\r\n\r\n",
            start + "X: y\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
        ),
        // Spelling.
        (start + "X:y\r\nZ: \t a \r\n\r\n", start + "X: y\r\nZ: a\r\n\r\n"),
        (start + "X:\r\n\r\n", start + "X: \r\n\r\n"),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\tCHUNKED\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\ncontent-length:5\r\nExpect: 100-continue\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 5\r\nExpect: 100-continue\r\n\r\n"
        ),
        (start + "Expect: 100-continue\r\n\r\n", start + "\r\n"),
    ])
    func request(_ request: String, _ forwarded: String) {
        #expect(forward(request) == forwarded)
    }

    @Test(arguments: [
        (ForwardedForMode.replace, "", "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\n"),
        (
            .replace,
            "X-Forwarded-For: 1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: h\r\n"
                + "Forwarded: f\r\nX-Real-IP: 2\r\n",
            "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\n"
        ),
        (
            .replace,
            "X-Client-IP: 1\r\nX-Cluster-Client-IP: 1\r\nTrue-Client-IP: 1\r\n"
                + "CF-Connecting-IP: 1\r\nFastly-Client-IP: 1\r\nX-Original-URL: /admin\r\n"
                + "X-Rewrite-URL: /admin\r\nX-Original-Host: b\r\nX-Original: kept\r\n",
            "X-Original: kept\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\n"
        ),
        // Overwritten where the client sent one.
        (
            .replace, "X-Request-Id: 1\r\nX-Request-ID: 2\r\n",
            "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\n"
                + "X-Request-ID: 00000000000000000000000000000000\r\n"
        ),
        // A trusted proxy has seen to these.
        (
            .append, "X-Request-ID: 1\r\nForwarded: f\r\nX-Real-IP: 2\r\nTrue-Client-IP: 2\r\n",
            "X-Request-ID: 1\r\nForwarded: f\r\nX-Real-IP: 2\r\nTrue-Client-IP: 2\r\n"
                + "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\n"
        ),
        (.append, "", "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\n"),
        (
            .append, "X-Forwarded-For: 1, 2\r\nX-Forwarded-For:3\r\n",
            "X-Forwarded-For: 1, 2, 3, 192.0.2.7\r\nX-Forwarded-Proto: http\r\n"
        ),
        (
            .append, "X-Forwarded-For:\r\nX-Forwarded-Proto: https\r\n",
            "X-Forwarded-Proto: https\r\nX-Forwarded-For: 192.0.2.7\r\n"
        ),
        (.off, "", ""),
        (.off, "X-Forwarded-For: 1\r\n", "X-Forwarded-For: 1\r\n"),
    ])
    func forwarding(_ mode: ForwardedForMode, _ fields: String, _ forwarded: String) {
        #expect(forward(Self.start + fields + "\r\n", mode) == Self.start + forwarded + "\r\n")
    }

    @Test func closingTheServerConnection() {
        #expect(
            forward(Self.start + "\r\n", closes: true)
                == Self.start + "Connection: close\r\n\r\n")
    }

    @Test func rulesEditInOrder() {
        let frontend = [edit(.add, "X-A", "added"), edit(.set, "X-B", "set"), edit(.remove, "x-c")]
        let route = [edit(.remove, "X-A"), edit(.set, "x-b", "again"), edit(.add, "X-D", "1")]
        let fields = "X-A: 1\r\nX-B: 2\r\nX-C: 3\r\nx-b: 4\r\nX-D: 0\r\n"
        #expect(
            forward(Self.start + fields + "\r\n", edits: [frontend])
                == Self.start + "X-A: 1\r\nX-D: 0\r\nX-B: set\r\nX-A: added\r\n\r\n")
        #expect(
            forward(Self.start + fields + "\r\n", edits: [frontend, route])
                == Self.start + "X-D: 0\r\nx-b: again\r\nX-D: 1\r\n\r\n")
    }

    /// `X_User` and `X-User` are one to CGI: a client must not slip one in beside a rule's.
    @Test func rulesTakeLookAlikes() {
        let edits = [[edit(.set, "X-User", "us"), edit(.remove, "X_Debug")]]
        let fields = "X_User: them\r\nx-USER: them\r\nX-Debug: 1\r\nX_Debug: 1\r\nX_Us: 1\r\n"
        #expect(
            forward(Self.start + fields + "\r\n", edits: edits)
                == Self.start + "X_Us: 1\r\nX-User: us\r\n\r\n")
    }

    @Test func rulesRuleOverForwarding() {
        let edits = [[edit(.set, "X-Forwarded-Proto", "https"), edit(.remove, "X-Forwarded-For")]]
        #expect(
            forward(Self.start + "\r\n", .replace, edits: edits)
                == Self.start + "X-Forwarded-Proto: https\r\n\r\n")
    }

    @Test func whatDoesNotFitIsReported() {
        let request = Self.start + "X: y\r\n\r\n"
        #expect(forward(request, capacity: request.utf8.count) != nil)
        #expect(forward(request, capacity: request.utf8.count - 1) == nil)
    }

    @Test(arguments: [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", HTTPVersion.http11, true,
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"
        ),
        (
            "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n", .http11, false,
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n"
        ),
        (
            "HTTP/1.1 200\r\nContent-Length:1\r\n\r\n", .http10, true,
            "HTTP/1.1 200 \r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n"
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nX: y\r\n\r\n", .http11, true,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n"
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n", .http10, false,
            "HTTP/1.1 200 OK\r\nX: y\r\n\r\n"
        ),
        (
            "HTTP/1.1 200 OK\r\nConnection: close, X\r\nX: y\r\nKeep-Alive: 5\r\n"
                + "Content-Length: 0\r\n\r\n",
            .http11, true, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        ),
        (
            "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", .http11, true,
            "HTTP/1.1 204 No Content\r\n\r\n"
        ),
        (
            "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", .http11, false,
            "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        ),
        (
            "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", .http11, true,
            "HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
        ),
    ])
    func response(_ response: String, _ client: HTTPVersion, _ keeps: Bool, _ answered: String) {
        #expect(answer(response, client: client, keeps: keeps) == answered)
    }

    @Test func rulesEditResponses() {
        let edits = [[edit(.remove, "Server"), edit(.set, "X-A", "1")]]
        #expect(
            answer("HTTP/1.1 200 OK\r\nServer: s\r\nContent-Length: 0\r\n\r\n", edits: edits)
                == "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-A: 1\r\n\r\n")
    }

    @Test func whoCanTellTheEnd() {
        var head = ResponseHead()
        for (body, new, old) in [
            (BodyFraming.none, true, true), (.length(1), true, true), (.chunked, true, false),
            (.untilClose, false, false),
        ] {
            head.body = body
            #expect(head.isSelfFraming(for: .http11) == new)
            #expect(head.isSelfFraming(for: .http10) == old)
        }
    }
}

@Suite struct HTTP1LocalResponseTests {
    private func facts() -> ExchangeFacts {
        var facts = ExchangeFacts()
        facts.requestID = RequestID(high: 0x0123_4567_89AB_CDEF, low: 1)
        facts.authority = Bytes("a:8080")
        facts.host = Bytes("a")
        facts.path = Bytes("//evil/<b>\"")
        facts.query = Bytes("q=1")
        facts.hasQuery = true
        return facts
    }

    /// A response is what a response parser takes to its last byte.
    private func check(_ response: String, method: HTTPMethod = .get) -> String {
        let input = octets(response)
        let head = parseResponse(
            input, to: ResponseExpectation(method: method, offersUpgrade: false))
        guard case .complete(let length) = head.result else {
            Issue.record("no response: \(response)")
            return ""
        }
        switch head.body {
        case .none: #expect(length == input.count)
        case .length(let body): #expect(Int64(input.count - length) == body)
        case .chunked, .untilClose: Issue.record("no length: \(response)")
        }
        return String(response.unicodeScalars.dropFirst(length))
    }

    @Test(arguments: HTTPError.allCases)
    func everyErrorIsAWholeMessage(_ error: HTTPError) {
        let response = written {
            _ = LocalResponseWriter.writeError(
                status: error.status, name: error.name, LocalDelivery(), facts: facts(), into: &$0)
        }
        let body = check(response)
        #expect(body.hasPrefix("\(error.status) "))
        #expect(
            body.hasSuffix(
                "\nreason: \(error.name)\nrequest: 0123456789abcdef0000000000000001\n"))
        #expect(response.contains("Connection: close\r\n"))
        #expect(!LocalResponseWriter.reasonPhrase(error.status).isEmpty)
    }

    @Test func toAHeadThereIsNoBody() {
        let response = written {
            _ = LocalResponseWriter.writeError(
                status: 404, name: "no-route",
                LocalDelivery(isHead: true, keepsConnection: true), facts: facts(), into: &$0)
        }
        #expect(check(response, method: .head) == "")
        #expect(!response.contains("Content-Length: 0\r\n"))
        #expect(!response.contains("Connection"))
    }

    private func respond(
        _ response: LocalResponse, edits: [[HeaderEdit]] = [], isHead: Bool = false
    ) -> String {
        let arena = ConfigurationArena()
        let frontend = Frontend(
            name: "f", mode: .http, bind: [],
            routes: [Route(id: "r", action: .respond(response))])
        let table = compiled(frontend, backends: [], arena: arena)
        guard case .respond(let compiled) = table[0].action else { return "" }
        let rules = AppliedRules(CompiledRules(edits, arena: arena))
        return written {
            _ = LocalResponseWriter.write(
                compiled, LocalDelivery(isHead: isHead, keepsConnection: true), rules: rules,
                facts: facts(), into: &$0)
        }
    }

    @Test(arguments: [
        ("text/plain", "//evil/<b>\""), ("text/html", "//evil/&lt;b&gt;&quot;"),
        ("application/json", "//evil/<b>\\\""),
    ])
    func valuesAreEscapedForTheBody(_ contentType: String, _ path: String) {
        let template = Template(parts: [.literal("<"), .variable(.path), .literal(">")])
        let response = respond(LocalResponse(status: 200, contentType: contentType, body: template))
        #expect(check(response) == "<\(path)>")
        #expect(response.contains("Content-Type: \(contentType)\r\n"))
    }

    @Test func respondWithoutBody() {
        let response = respond(LocalResponse(status: 204, body: Template(literal: "x")))
        #expect(response == "HTTP/1.1 204 No Content\r\n\r\n")
        let head = respond(LocalResponse(status: 200, body: Template(literal: "x")), isHead: true)
        #expect(head.hasSuffix("Content-Length: 1\r\n\r\n"))
    }

    @Test func rulesReplaceTheContentType() {
        let response = respond(
            LocalResponse(status: 200, body: Template(literal: "x")),
            edits: [[edit(.set, "Content-Type", "a/b")]])
        #expect(
            response == "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 1\r\n\r\nx")
    }

    @Test(arguments: [
        (Redirect(scheme: "https"), "https://a//evil/<b>\"?q=1"),
        (Redirect(host: "b:81"), "http://b:81//evil/<b>\"?q=1"),
        (Redirect(path: "/c"), "http://a:8080/c"),
        (Redirect(location: Template(literal: "https://x/")), "https://x/"),
        (Redirect(location: Template(parts: [.variable(.path)])), "/evil/<b>\""),
        (
            Redirect(location: Template(parts: [.literal("/x"), .variable(.path)])),
            "/x//evil/<b>\""
        ),
    ])
    func location(_ redirect: Redirect, _ location: String) {
        let arena = ConfigurationArena()
        let frontend = Frontend(
            name: "f", mode: .http, bind: [],
            routes: [Route(id: "r", action: .redirect(redirect))])
        guard
            case .redirect(let compiled) = compiled(frontend, backends: [], arena: arena)[0]
                .action
        else { return }
        let response = written {
            _ = LocalResponseWriter.write(
                compiled, LocalDelivery(keepsConnection: true),
                rules: AppliedRules(CompiledRules([], arena: arena)), facts: facts(), into: &$0)
        }
        #expect(check(response) == "")
        #expect(
            response == "HTTP/1.1 302 Found\r\nLocation: \(location)\r\nContent-Length: 0\r\n\r\n")
    }

    @Test func noValueEndsALine() {
        let arena = ConfigurationArena()
        let template = Template(parts: [.variable(.host), .variable(.path), .variable(.query)])
        let rules = CompiledRules(
            [[HeaderEdit(action: .set, name: "X", value: template)]], arena: arena)
        let hostile = (0...255).map { UInt8($0) }
        let line = hostile.withBytes { bytes in
            var facts = ExchangeFacts()
            facts.host = bytes
            facts.path = bytes
            facts.query = bytes
            return written { rules.write(facts, to: &$0) }
        }
        let inside = line.unicodeScalars.dropLast(2)
        #expect(!inside.contains { $0.value < 0x20 || $0.value == 0x7F })
    }
}
