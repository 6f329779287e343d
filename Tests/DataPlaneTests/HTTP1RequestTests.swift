// RequestHeadParser: the corpus, however it is cut; what a head comes out as; the limits.

import Model
import Testing

@testable import DataPlane

@Suite struct HTTP1RequestTests {
    @Test func theCorpusIsLargeEnough() {
        #expect(RequestCorpus.all.count >= 200)
        #expect(RequestCorpus.all.filter { $0.error != nil }.count >= 150)
    }

    @Test(arguments: RequestCorpus.all)
    func verdict(_ vector: RequestVector) {
        let outcome = parseRequest(vector.bytes)
        #expect(outcome.error == vector.error)
        #expect(outcome.isComplete == (vector.error == nil))
    }

    @Test(arguments: RequestCorpus.all)
    func verdictByteByByte(_ vector: RequestVector) {
        #expect(
            parseRequest(vector.bytes, ends: bytewise(vector.bytes)) == parseRequest(vector.bytes))
    }

    @Test func everyVerdictHasAStatusAndAName() {
        for error in HTTPError.allCases {
            #expect([400, 413, 414, 417, 431, 501, 505].contains(error.status))
            #expect(error.name.utf8CodeUnitCount > 0)
        }
        let names = Set(HTTPError.allCases.map { text(Bytes($0.name)) })
        #expect(names.count == HTTPError.allCases.count)
    }

    @Test func aHeadComesOutWhole() {
        let input = octets(
            "\r\nPUT /a/../b%20c?d=e HTTP/1.1\r\nHost: Example.COM.:8080\r\nX-A:  b \r\n"
                + "Content-Length: 12\r\nExpect: 100-continue\r\n\r\nbody")
        let head = parseRequest(input)
        #expect(head.result == .complete(length: input.count - 4))
        #expect(head.method == "PUT")
        #expect(head.path == "/b%20c")
        #expect(head.query == "d=e")
        #expect(head.host == "Example.COM")
        #expect(head.authority == "Example.COM.:8080")
        #expect(head.body == .length(12))
        #expect(head.keepAlive)
        #expect(head.expectsContinue)
        #expect(
            head.fields == [
                "Host=Example.COM.:8080", "X-A=b", "Content-Length=12", "Expect=100-continue",
            ])
    }

    @Test(arguments: [
        ("/", "/"), ("/a", "/a"), ("/a//b", "/a//b"), ("/./", "/"), ("/.", "/"), ("/a/.", "/a/"),
        ("/a/..", "/"), ("/a/b/..", "/a/"), ("/a/b/../c", "/a/c"), ("/a/./b", "/a/b"),
        ("/a//../b", "/a/b"), ("//..", "/"), ("/a/%2e/b", "/a/b"), ("/a/%2E%2e/b", "/b"),
        ("/a%2Fb", "/a%2Fb"), ("/%41", "/A"), ("/%61dmin", "/admin"), ("/a/b/c/../../d", "/a/d"),
        ("/...", "/..."),
        ("/%2561", "/%2561"), ("/a%2Eb%7E%20", "/a.b~%20"), ("/x/%2e./%2D%5f", "/-_"),
        ("/.a/..b/.", "/.a/..b/"), ("http://a", "/"), ("http://a/x/../y", "/y"),
    ])
    func pathIsNormalised(_ target: String, _ path: String) {
        let head = parseRequest(octets("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n"))
        #expect(head.path == path)
    }

    @Test func absoluteFormWithoutPath() {
        let query = parseRequest(octets("GET http://a?b HTTP/1.1\r\nHost: a\r\n\r\n"))
        #expect(query.path == "/")
        #expect(query.query == "b")
        let options = parseRequest(octets("OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n"))
        #expect(options.path == "*")
        let old = parseRequest(octets("GET http://b:81/c HTTP/1.0\r\n\r\n"))
        #expect(old.host == "b")
        #expect(old.authority == "b:81")
    }

    @Test(arguments: [
        ("HTTP/1.1", "", true), ("HTTP/1.1", "Connection: close\r\n", false),
        ("HTTP/1.1", "Connection: keep-alive, Close\r\n", false), ("HTTP/1.0", "", false),
        ("HTTP/1.0", "Connection: keep-alive\r\n", true),
        ("HTTP/1.0", "Connection: Keep-Alive, close\r\n", false),
    ])
    func persistence(_ version: String, _ fields: String, _ keepAlive: Bool) {
        let head = parseRequest(octets("GET / \(version)\r\nHost: a\r\n\(fields)\r\n"))
        #expect(head.keepAlive == keepAlive)
    }

    @Test(arguments: [
        ("Upgrade: websocket", "Upgrade", "websocket"), ("Upgrade: a/1.0", "upgrade", "a/1.0"),
        ("Upgrade: websocket", "close", ""), ("Upgrade: h2c", "Upgrade", ""),
        ("Upgrade: H2C", "Upgrade", ""), ("Upgrade: HTTP/2.0", "Upgrade", ""),
        ("Upgrade: TLS/1.0", "Upgrade", ""), ("Upgrade: websocket, h2c", "Upgrade", ""),
        ("Upgrade: websocket\r\nUpgrade: h2c", "Upgrade", ""), ("Upgrade: a b", "Upgrade", ""),
        ("Upgrade:", "Upgrade", ""), ("Upgrade: websocket\r\nContent-Length: 4", "Upgrade", ""),
    ])
    func upgrade(_ field: String, _ connection: String, _ offered: String) {
        let head = parseRequest(
            octets("GET / HTTP/1.1\r\nHost: a\r\n\(field)\r\nConnection: \(connection)\r\n\r\n"))
        #expect(head.isComplete)
        #expect(head.upgrade == offered)
    }

    @Test func nominatedFieldsAreDropped() {
        let head = parseRequest(
            octets("GET / HTTP/1.1\r\nHost: a\r\nx-a: 1\r\nConnection: X-A, x-b\r\nX-B: 2\r\n\r\n"))
        #expect(head.fields == ["Host=a", "(x-a=1", "Connection=X-A, x-b", "(X-B=2"])
    }

    @Test func expectIsIgnoredWhereNothingWaits() {
        for request in [
            "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
            "POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
        ] {
            let head = parseRequest(octets(request))
            #expect(head.isComplete)
            #expect(!head.expectsContinue)
            #expect(head.fields.contains("(Expect=100-continue"))
        }
    }

    @Test func pipelinedHeadsFollowEachOther() {
        let one = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
        let input = octets(String(repeating: one, count: 1_000))
        var offset = 0
        var count = 0
        while offset < input.count {
            guard case .complete(let length) = parseRequest(Array(input[offset...])).result else {
                break
            }
            offset += length
            count += 1
        }
        #expect(count == 1_000)
    }

    @Test func whenARequestHasBegun() {
        for (input, begun) in [
            ("", false), ("\r", false), ("\r\n", false), ("G", true), ("\r\nG", true),
        ] {
            #expect(octets(input).withBytes { RequestHeadParser.hasBegun($0) } == begun)
        }
    }
}

@Suite struct HTTP1LimitTests {
    private func limits(
        head: Int = 1_024, fields: Int = 100, target: Int = 64, body: Int = 100
    ) -> MessageLimits {
        var limits = MessageLimits()
        limits.headBytes = head
        limits.fieldCount = fields
        limits.targetBytes = target
        limits.bodyBytes = body
        return limits
    }

    /// One verdict at once, byte by byte, and in pieces of seven.
    private func verdict(_ request: String, _ limits: MessageLimits) -> HeadResult {
        let input = octets(request)
        let whole = parseRequest(input, limits: limits)
        #expect(parseRequest(input, limits: limits, ends: bytewise(input)) == whole)
        let sevens = Array(stride(from: 7, to: input.count, by: 7)) + [input.count]
        #expect(parseRequest(input, limits: limits, ends: sevens) == whole)
        return whole.result
    }

    @Test(arguments: [-1, 0, 1, 2, 3, 50])
    func headBytes(_ excess: Int) {
        let start = "GET / HTTP/1.1\r\nHost: a\r\nX: "
        let value = String(repeating: "x", count: 1_024 + excess - start.utf8.count - 4)
        let expected =
            excess <= 0 ? HeadResult.complete(length: 1_024 + excess) : .failed(.headTooLarge)
        #expect(verdict(start + value + "\r\n\r\n", limits()) == expected)
    }

    @Test(arguments: [-1, 0, 1, 60, 70, 2_000])
    func targetBytes(_ excess: Int) {
        let target = "/" + String(repeating: "x", count: 64 + excess - 1)
        let result = verdict("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n", limits())
        if excess <= 0 {
            #expect(result != .failed(.targetTooLong))
        } else {
            #expect(result == .failed(.targetTooLong))
        }
    }

    @Test func aLineWithoutEndIsRefused() {
        let line = "GET /" + String(repeating: "x", count: 20_000)
        #expect(verdict(line, limits()) == .failed(.targetTooLong))
        #expect(verdict(line, limits(target: 8_192)) == .failed(.headTooLarge))
        let field = "GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: 20_000)
        #expect(verdict(field, limits()) == .failed(.headTooLarge))
        let name = "GET / HTTP/1.1\r\n" + String(repeating: "x", count: 20_000)
        #expect(verdict(name, limits()) == .failed(.headTooLarge))
    }

    @Test(arguments: [9, 10, 11])
    func fieldCount(_ count: Int) {
        let fields = (1..<count).map { "X-\($0): y\r\n" }.joined()
        let result = verdict("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n", limits(fields: 10))
        #expect((result == .failed(.tooManyFields)) == (count > 10))
    }

    @Test(arguments: [128, 129])
    func neverMoreFieldsThanTheTableHolds(_ count: Int) {
        let fields = (1..<count).map { "X-\($0): y\r\n" }.joined()
        let result = verdict(
            "GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n", limits(head: 15_360, fields: 1_000))
        #expect((result == .failed(.tooManyFields)) == (count > 128))
    }

    @Test(arguments: [(99, true), (100, true), (101, false)])
    func bodyBytes(_ length: Int, _ isTaken: Bool) {
        let result = verdict(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n", limits())
        #expect((result == .failed(.bodyTooLarge)) != isTaken)
    }
}
