// A client can send anything, in pieces of one byte or all at once, slowly or never: a clear
// status, bounded memory, and the others are served on.

internal import Foundation
internal import TestKit
internal import Testing

/// Bytes that a client sends, and the statuses that are right.
struct HostileInput: Sendable, CustomTestStringConvertible {
    var name: String
    var bytes: [UInt8]
    var statuses: Set<Int>
    var testDescription: String { name }

    init(_ name: String, _ text: String, _ statuses: Set<Int> = [400]) {
        self.name = name
        bytes = Array(text.utf8)
        self.statuses = statuses
    }

    static let all: [HostileInput] = framing + lines + sizes

    private static let post = "POST /upload HTTP/1.1\r\nHost: a\r\n"
    private static let get = "GET / HTTP/1.1\r\nHost: a\r\n"

    private static let framing = [
        HostileInput(
            "length and chunked",
            post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        HostileInput("two lengths", post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
        HostileInput("length list", post + "Content-Length: 3, 4\r\n\r\nabcd"),
        HostileInput("signed length", post + "Content-Length: +3\r\n\r\nabc"),
        HostileInput("negative length", post + "Content-Length: -1\r\n\r\n"),
        HostileInput("length with space", post + "Content-Length : 3\r\n\r\nabc"),
        HostileInput("hexadecimal length", post + "Content-Length: 0x3\r\n\r\nabc"),
        HostileInput(
            "length of 2^64",
            post + "Content-Length: 18446744073709551616\r\n\r\n", [400, 413]),
        HostileInput(
            "length of 2^63",
            post + "Content-Length: 9223372036854775808\r\n\r\n", [400, 413]),
        HostileInput("unknown coding", post + "Transfer-Encoding: gzip\r\n\r\n", [400, 501]),
        HostileInput(
            "chunked not last",
            post + "Transfer-Encoding: chunked, gzip\r\n\r\n", [400, 501]),
        HostileInput("chunked twice", post + "Transfer-Encoding: chunked, chunked\r\n\r\n"),
        HostileInput(
            "hidden chunked",
            post + "Transfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n", [400, 501]),
        HostileInput(
            "chunked in HTTP/1.0",
            "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        HostileInput("bad chunk size", post + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
        HostileInput(
            "huge chunk size",
            post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", [400, 413]),
        HostileInput(
            "chunk without end",
            post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n"),
        HostileInput(
            "bare line feed in chunk",
            post + "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n"),
    ]

    private static let lines = [
        HostileInput("no Host", "GET / HTTP/1.1\r\n\r\n"),
        HostileInput("two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        HostileInput("bad Host", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
        HostileInput("Host with slash", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        HostileInput("bare line feed", "GET / HTTP/1.1\nHost: a\n\n"),
        HostileInput("bare carriage return", "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"),
        HostileInput("folded field", get + "X: a\r\n b\r\n\r\n"),
        HostileInput("field without name", get + ": a\r\n\r\n"),
        HostileInput("field without colon", get + "nonsense\r\n\r\n"),
        HostileInput("space before colon", get + "X : a\r\n\r\n"),
        HostileInput("zero byte in value", get + "X: a\0b\r\n\r\n"),
        HostileInput("control byte in target", "GET /\u{1} HTTP/1.1\r\nHost: a\r\n\r\n"),
        HostileInput("fragment in target", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"),
        HostileInput("no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n"),
        HostileInput("relative target", "GET a HTTP/1.1\r\nHost: a\r\n\r\n"),
        HostileInput("empty method", " / HTTP/1.1\r\nHost: a\r\n\r\n"),
        HostileInput("bad method", "G@T / HTTP/1.1\r\nHost: a\r\n\r\n"),
        HostileInput("two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
        HostileInput("no version", "GET /\r\n\r\n"),
        HostileInput("HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", [400, 505]),
        HostileInput("HTTP/1.2", "GET / http/1.1\r\nHost: a\r\n\r\n"),
        HostileInput("TLS", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\r\n\r\n"),
        HostileInput("zeros", String(repeating: "\0", count: 4000)),
        HostileInput("dot segments", "GET /../../etc HTTP/1.1\r\nHost: a\r\n\r\n", [200, 400]),
    ]

    private static let sizes = [
        HostileInput(
            "long target",
            "GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\nHost: a\r\n\r\n",
            [414]),
        HostileInput(
            "target without end", "GET /" + String(repeating: "a", count: 200_000), [400, 414, 431]),
        HostileInput(
            "long value", get + "X: \(String(repeating: "a", count: 40_000))\r\n\r\n", [431]),
        HostileInput(
            "name of 64 KB", get + "\(String(repeating: "a", count: 65_536)): x\r\n\r\n", [431]),
        HostileInput(
            "value of 1 MB", get + "X: \(String(repeating: "a", count: 1 << 20))\r\n\r\n", [431]),
        HostileInput(
            "100,000 fields", get + String(repeating: "X: y\r\n", count: 100_000) + "\r\n", [431]),
        HostileInput(
            "many fields", get + String(repeating: "X: y\r\n", count: 1000) + "\r\n", [431]),
        HostileInput(
            "head without end", get + String(repeating: "X: y\r\n", count: 100_000), [431]),
        HostileInput(
            "body over the limit", post + "Content-Length: 2000000\r\n\r\n", [413]),
        HostileInput(
            "chunked body over the limit",
            post + "Transfer-Encoding: chunked\r\n\r\n"
                + String(
                    repeating: "1000\r\n\(String(repeating: "b", count: 4096))\r\n", count: 260)
                + "0\r\n\r\n", [413]),
    ]
}

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(3))) struct HostileClientTests {
        let proxy: Setting

        init() throws {
            proxy = try Setting {
                $0.timeouts = ["http_request": "2s", "client": "2s", "http_keep_alive": "60s"]
                $0.frontends = $0.frontends.mapValues {
                    $0.replacingOccurrences(of: "backend:", with: "limits: {body: 1m}, backend:")
                }
            }
        }

        /// All cases against one master, at once and byte by byte: the same status either way.
        @Test func everyInputGetsAClearStatus() throws {
            let pid = try #require(try proxy.apus.servingPids.first)
            for input in HostileInput.all {
                for isBytewise in [false, true] where !isBytewise || input.bytes.count < 4500 {
                    let answer = try answer(to: input, isBytewise: isBytewise)
                    let how = isBytewise ? "by bytes" : "at once"
                    guard let answer else {
                        Issue.record("\(input.name), \(how): no response")
                        continue
                    }
                    #expect(
                        input.statuses.contains(answer.status),
                        "\(input.name), \(how): \(answer.status)")
                    if answer.status >= 400 {
                        #expect(!answer.isReusable, "\(input.name) leaves the connection open")
                    }
                }
            }
            #expect(ProcessInspection(pid: pid).isAlive, "a worker fell")
            #expect(try proxy.apus.servingPids.first == pid)
            #expect(try HTTPClient(port: proxy.port).exchange("GET", "/well").text == "/well")
        }

        /// Connections that never end a request: all are gone after the timeout, and memory is
        /// bounded while they last.
        @Test func slowAndSilentClientsAreBounded() throws {
            let pid = try #require(try proxy.apus.servingPids.first)
            let before = ProcessInspection(pid: pid).residentKiB
            let clients = try (0..<400).map { number in
                let client = try HTTPClient(port: proxy.port)
                if number % 2 == 0 {
                    try client.socket.send(
                        "GET /x HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "y", count: 3000))")
                }
                return client
            }
            let grown = ProcessInspection(pid: pid).residentKiB - before
            report("400 half-sent requests: \(grown) KiB")
            #expect(grown < 400 * 24 + 4096)
            for client in clients.indices where client % 2 == 0 {
                #expect(try clients[client].response(within: 6).status == 408)
            }
            #expect(try HTTPClient(port: proxy.port).exchange("GET", "/well").text == "/well")
        }

        /// H7: heads that grow up to the limit and stay there cost what the limit says, and a tenth;
        /// beyond it they are refused and gone.
        @Test func headsCostTheLimit() throws {
            let (count, limitBytes) = (isLongRun ? 4_000 : 400, 15_360)
            let proxy = try Setting { $0.timeouts = ["http_request": "60s"] }
            let worker = ProcessInspection(pid: try #require(try proxy.apus.servingPids.first))
            let before = worker.residentKiB
            var head = "GET / HTTP/1.1\r\nHost: a\r\n"
            for number in 0..<90 {
                head += "X-\(number): \(String(repeating: "y", count: 150))\r\n"
            }
            head += "X: " + String(repeating: "z", count: limitBytes - 8 - head.utf8.count)
            let clients = try (0..<count).map { _ in
                let client = try HTTPClient(port: proxy.port)
                try client.socket.send(head)
                return client
            }
            let limit = Double(count * limitBytes) / 1_024
            let most = limit * 1.1 + (isLongRun ? 0 : 4_096)
            var grown = 0
            try eventually("the heads to be read") { worker.residentKiB - before > count * 4 }
            try holds("memory within the limit", for: isLongRun ? 3 : 0.5) {
                grown = max(grown, worker.residentKiB - before)
                return Double(grown) <= most
            }
            report("\(count) heads of \(head.utf8.count) bytes: \(grown) KiB, the limit \(limit)")
            #expect(grown > count * 4)
            for client in clients {
                try client.socket.send(String(repeating: "z", count: 64))
                #expect(try client.response(within: 6).status == 431)
            }
            #expect(try HTTPClient(port: proxy.port).exchange("GET", "/well").text == "/well")
        }

        /// Connections beyond any reason, each ended in the rudest way at some point of its life.
        @Test func resetsAtEveryPointDoNotLeak() throws {
            let pid = try #require(try proxy.apus.servingPids.first)
            let request = HTTPClient.request("POST", "/bytes/100000", body: [1, 2, 3, 4])
            let before = ProcessInspection(pid: pid).descriptors.count
            for cut in 0...request.count {
                let client = try HTTPClient(port: proxy.port)
                try client.socket.send(Array(request[..<cut]))
                client.socket.reset()
            }
            try eventually("descriptors to be closed", within: 5) {
                ProcessInspection(pid: pid).descriptors.count <= before + 8
            }
            #expect(try proxy.apus.servingPids.first == pid)
        }

        private func answer(to input: HostileInput, isBytewise: Bool) throws -> HTTPResponse? {
            let client = try HTTPClient(port: proxy.port)
            do {
                if isBytewise {
                    for byte in input.bytes { try client.socket.send([byte]) }
                } else {
                    try client.socket.send(input.bytes)
                }
                client.socket.shutdownWriting()
            } catch let failure as SocketFailure where failure.isReset {
                // Refused before all of it was sent: the response is here already.
            }
            return try? client.response(within: 5)
        }
    }
}
