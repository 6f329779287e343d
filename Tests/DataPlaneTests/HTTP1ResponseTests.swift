// ResponseHeadParser: verdicts, and where the body ends.

import Testing

@testable import DataPlane

struct ResponseVector: Sendable, CustomStringConvertible {
    let reason: String
    let bytes: [UInt8]
    /// Nil: accepted.
    let error: HTTPError?

    init(_ reason: String, _ text: String, _ error: HTTPError?) {
        self.reason = reason
        bytes = octets(text)
        self.error = error
    }

    static func ok(_ reason: String, _ fields: String, _ error: HTTPError?) -> ResponseVector {
        ResponseVector(reason, "HTTP/1.1 200 OK\r\n\(fields)\r\n\r\nbody", error)
    }

    var description: String { reason }
}

enum ResponseCorpus {
    static let all: [ResponseVector] = [
        .ok("a length", "Content-Length: 4", nil),
        .ok("chunks", "Transfer-Encoding: chunked", nil),
        .ok("neither", "X: y", nil),
        .ok("the same length twice", "Content-Length: 4\r\nContent-Length: 4", nil),
        .ok("an unusual name with an underscore", "Content_Length: 4", nil),
        .ok("two lengths", "Content-Length: 4\r\nContent-Length: 5", .duplicateContentLength),
        .ok("a list of lengths", "Content-Length: 4, 4", .invalidContentLength),
        .ok("a negative length", "Content-Length: -4", .invalidContentLength),
        .ok("2^63", "Content-Length: 9223372036854775808", .invalidContentLength),
        .ok("2^64 - 1", "Content-Length: 18446744073709551615", .invalidContentLength),
        .ok("2^64", "Content-Length: 18446744073709551616", .invalidContentLength),
        .ok("2^64 + 4", "Content-Length: 18446744073709551620", .invalidContentLength),
        .ok("no number", "Content-Length: four", .invalidContentLength),
        .ok(
            "CL.TE", "Content-Length: 4\r\nTransfer-Encoding: chunked",
            .lengthAndTransferEncoding),
        .ok(
            "TE.CL", "Transfer-Encoding: chunked\r\nContent-Length: 4",
            .lengthAndTransferEncoding),
        .ok("a list of codings", "Transfer-Encoding: gzip, chunked", .invalidTransferEncoding),
        .ok("identity", "Transfer-Encoding: identity", .invalidTransferEncoding),
        .ok(
            "chunks twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            .invalidTransferEncoding),
        .ok("folded", "X: y\r\n z", .foldedField),
        .ok("bare LF", "X: y\nContent-Length: 4", .bareLineFeed),
        .ok("bare CR", "X: y\rContent-Length: 4", .bareCarriageReturn),
        .ok("blank before the colon", "Content-Length : 4", .spaceBeforeColon),
        .ok("empty name", ": 4", .emptyFieldName),
        .ok("no colon", "X", .missingColon),
        .ok("NUL", "X: \u{0}", .invalidFieldValue),
        .ok("vertical tab", "X: \u{B}", .invalidFieldValue),
        .ok("8-bit name", "X\u{80}: y", .invalidFieldName),
        .ok(
            "nominates the length", "Connection: Content-Length\r\nContent-Length: 4",
            .connectionNominatesField),
        .ok("empty Connection", "Connection:", .invalidConnection),
        ResponseVector("no reason", "HTTP/1.1 200 \r\n\r\n", nil),
        ResponseVector("no blank either", "HTTP/1.1 200\r\n\r\n", nil),
        ResponseVector("8-bit reason", "HTTP/1.1 200 \u{E4}\r\n\r\n", nil),
        ResponseVector("HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\n", nil),
        ResponseVector(
            "HTTP/1.0 in chunks", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            .transferEncodingOnHTTP10),
        ResponseVector("HTTP/2", "HTTP/2 200 OK\r\n\r\n", .invalidStatusLine),
        ResponseVector("HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n", .invalidStatusLine),
        ResponseVector("HTTP/0.9", "<html>hello", .invalidStatusLine),
        ResponseVector("ICY", "ICY 200 OK\r\n\r\n", .invalidStatusLine),
        ResponseVector("empty line first", "\r\nHTTP/1.1 200 OK\r\n\r\n", .invalidStatusLine),
        ResponseVector("two digits", "HTTP/1.1 20 OK\r\n\r\n", .invalidStatusLine),
        ResponseVector("four digits", "HTTP/1.1 2000 OK\r\n\r\n", .invalidStatusLine),
        ResponseVector("status 099", "HTTP/1.1 099 X\r\n\r\n", .invalidStatusLine),
        ResponseVector("status 600", "HTTP/1.1 600 X\r\n\r\n", .invalidStatusLine),
        ResponseVector("sign", "HTTP/1.1 +20 X\r\n\r\n", .invalidStatusLine),
        ResponseVector("two blanks", "HTTP/1.1  200 OK\r\n\r\n", .invalidStatusLine),
        ResponseVector("LF ends the status line", "HTTP/1.1 200 OK\n\r\n", .invalidStatusLine),
        ResponseVector("NUL in the reason", "HTTP/1.1 200 O\u{0}K\r\n\r\n", .invalidStatusLine),
        ResponseVector("a short line", "HTTP/1.1 2\r\nX: y\r\n\r\n", .invalidStatusLine),
        ResponseVector(
            "101 nobody asked for", "HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n",
            .unexpectedUpgrade),
        ResponseVector("interim", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", nil),
    ]
}

@Suite struct HTTP1ResponseTests {
    private static let get = ResponseExpectation(method: .get, offersUpgrade: false)

    @Test(arguments: ResponseCorpus.all)
    func verdict(_ vector: ResponseVector) {
        let whole = parseResponse(vector.bytes, to: Self.get)
        #expect(whole.error == vector.error)
        #expect(whole.isComplete == (vector.error == nil))
        #expect(
            parseResponse(vector.bytes, to: Self.get, ends: bytewise(vector.bytes)) == whole)
    }

    @Test(arguments: [
        (200, "Content-Length: 5", HTTPMethod.get, BodyFraming.length(5)),
        (200, "Content-Length: 0", .get, .none),
        (200, "Transfer-Encoding: chunked", .get, .chunked),
        (200, "X: y", .get, .untilClose), (200, "Content-Length: 5", .head, .none),
        (200, "Transfer-Encoding: chunked", .head, .none), (200, "X: y", .head, .none),
        (204, "X: y", .get, .none), (204, "Content-Length: 5", .get, .none),
        (304, "Content-Length: 5", .get, .none), (304, "X: y", .get, .none),
        (100, "X: y", .post, .none), (103, "Content-Length: 5", .get, .none),
        (404, "Content-Length: 5", .get, .length(5)), (500, "X: y", .post, .untilClose),
        (205, "Content-Length: 0", .get, .none),
    ])
    func framing(_ status: Int, _ field: String, _ method: HTTPMethod, _ body: BodyFraming) {
        let head = parseResponse(
            octets("HTTP/1.1 \(status) X\r\n\(field)\r\n\r\n"),
            to: ResponseExpectation(method: method, offersUpgrade: false))
        #expect(head.status == status)
        #expect(head.body == body)
        #expect(head.keepAlive == (body != .untilClose))
    }

    @Test(arguments: [
        ("HTTP/1.1", "", true), ("HTTP/1.1", "Connection: close\r\n", false),
        ("HTTP/1.0", "", false), ("HTTP/1.0", "Connection: keep-alive\r\n", true),
    ])
    func persistence(_ version: String, _ fields: String, _ keepAlive: Bool) {
        let head = parseResponse(
            octets("\(version) 200 OK\r\nContent-Length: 1\r\n\(fields)\r\n"), to: Self.get)
        #expect(head.keepAlive == keepAlive)
    }

    @Test func aLengthThatIsNoneIsNotForwarded() {
        for status in [103, 204] {
            let head = parseResponse(
                octets("HTTP/1.1 \(status) X\r\nContent-Length: 5\r\nX: y\r\n\r\n"), to: Self.get)
            #expect(head.fields == ["(Content-Length=5", "X=y"])
        }
        let twice = parseResponse(
            octets("HTTP/1.1 200 X\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"),
            to: Self.get)
        #expect(twice.fields == ["Content-Length=5", "(Content-Length=5"])
    }

    @Test func switchingProtocols() {
        let offer = ResponseExpectation(method: .get, offersUpgrade: true)
        let head = parseResponse(
            octets("HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\u{81}"),
            to: offer)
        #expect(head.isComplete)
        #expect(head.upgrade == "websocket")
        #expect(!head.keepAlive)
        let bare = parseResponse(octets("HTTP/1.1 101 X\r\n\r\n"), to: offer)
        #expect(bare.error == .unexpectedUpgrade)
    }

    @Test(arguments: [-1, 0, 1])
    func headBytes(_ excess: Int) {
        let start = "HTTP/1.1 200 OK\r\nX: "
        let value = String(repeating: "x", count: 256 + excess - start.utf8.count - 4)
        let input = octets(start + value + "\r\n\r\n")
        let whole = parseResponse(input, to: Self.get, headBytes: 256)
        #expect(whole.isComplete == (excess <= 0))
        #expect(parseResponse(input, to: Self.get, headBytes: 256, ends: bytewise(input)) == whole)
    }
}
