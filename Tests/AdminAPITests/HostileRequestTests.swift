// What anybody may send to the socket: an answer within a tenth of a second and little memory.

import Clock
import TestKit
import Testing

@testable import AdminAPI

@Suite(.serialized) struct HostileRequestTests {
    /// Generous for a busy machine; what is refused late takes seconds.
    static let quick = Duration.seconds(3)

    private func measured<Value>(
        _ body: () async throws -> Value
    ) async rethrows -> (value: Value, took: Duration) {
        let start = Instant.now()
        let value = try await body()
        return (value, Instant.now() - start)
    }

    @Test func hugeLengthIsRefusedBeforeTheBody() async throws {
        let admin = try await AdminInstance()
        let head = """
            POST /v1/reloads HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
            Content-Length: 1073741824\r\n\r\n
            """
        let socketPath = admin.socketPath
        let (answer, took) = try await measured {
            try await AdminInstance.blocking {
                let client = try HTTPClient(path: socketPath)
                try client.socket.send(head)
                return try client.response(to: "POST")
            }
        }
        #expect(answer.status == 413)
        #expect(answer["Connection"] == "close")
        #expect(answer.json["code"].text == "content-too-large")
        #expect(took < Self.quick)
        await admin.stop()
    }

    @Test func lengthBeyondAnIntegerIsRefused() async throws {
        let admin = try await AdminInstance()
        let answer = try await admin.raw(
            Array(
                "POST /v1/reloads HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n"
                    .utf8))
        #expect(answer.hasPrefix("HTTP/1.1 4"), "\(answer)")
        await admin.stop()
    }

    /// A gigabyte in chunks: cut at the bound, the connection ends, the sender gets its answer.
    @Test func endlessChunksAreCut() async throws {
        let admin = try await AdminInstance()
        let socketPath = admin.socketPath
        let (answer, took) = try await measured {
            try await AdminInstance.blocking {
                let socket = try TestSocket.connect(path: socketPath)
                try socket.send(
                    "POST /v1/reloads HTTP/1.1\r\nHost: localhost\r\n"
                        + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
                let chunk =
                    Array("10000\r\n".utf8) + [UInt8](repeating: 32, count: 65_536)
                    + Array("\r\n".utf8)
                var sent = 0
                do {
                    while sent < 1 << 30 {
                        try socket.send(chunk, within: 2)
                        sent += 65_536
                    }
                } catch is SocketFailure {
                }
                let text = String(decoding: try socket.receiveAll(), as: UTF8.self)
                return (text, sent)
            }
        }
        #expect(answer.0.hasPrefix("HTTP/1.1 413"), "\(answer.0)")
        #expect(answer.1 < 1 << 30)
        #expect(took < .seconds(5))
        #expect(admin.master.triggers.isEmpty)
        #expect(try await admin.get("/healthz").status == 200)
        await admin.stop()
    }

    @Test(arguments: [
        ("{", 1, 1), ("{\"mode\":\n  \"SOFT\",}", 2, 11), ("nul", 1, 3),
        ("{\"a\":1,\"a\":2}", 1, nil),
        ("{}x", 1, 3),
    ])
    func malformedJSONHasAPlace(_ body: String, _ line: Int, _ column: Int?) async throws {
        let admin = try await AdminInstance()
        let answer = try await admin.post("/v1/reloads", body)
        #expect(answer.status == 400, "\(answer)")
        #expect(answer.json["code"].text == "malformed-json")
        #expect(answer.json["line"].int == line, "\(answer.text)")
        #expect((answer.json["column"].int ?? 0) >= 1)
        if let column {
            #expect(abs((answer.json["column"].int ?? 0) - column) <= 1, "\(answer.text)")
        }
        await admin.stop()
    }

    @Test func depthIsBounded() async throws {
        let admin = try await AdminInstance()
        let body = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        let (answer, took) = try await measured { try await admin.post("/v1/reloads", body) }
        #expect(answer.status == 400)
        #expect(answer.json["code"].text == "malformed-json")
        #expect(took < Self.quick)
        await admin.stop()
    }

    @Test func bytesThatAreNotHTTPGetAnAnswer() async throws {
        let admin = try await AdminInstance()
        for bytes in [
            Array("\u{16}\u{3}\u{1}garbage\r\n\r\n".utf8), Array("GET / HTTP/9.9\r\n\r\n".utf8),
            Array("GET  \r\n\r\n".utf8), [0, 1, 2, 3, 13, 10, 13, 10],
        ] {
            let answer = try await admin.raw(bytes)
            #expect(answer.hasPrefix("HTTP/1.1 400"), "\(answer)")
            #expect(answer.contains("bad-request"))
            #expect(answer.lowercased().contains("x-request-id"))
        }
        await admin.stop()
    }

    @Test func endlessHeadersAreRefused() async throws {
        let admin = try await AdminInstance()
        let fields = (0..<20_000).map { "X-Filler-\($0): aaaaaaaaaaaaaaaa\r\n" }.joined()
        let answer = try await admin.raw(
            Array("GET /healthz HTTP/1.1\r\nHost: x\r\n\(fields)\r\n".utf8))
        #expect(answer.hasPrefix("HTTP/1.1 431"), "\(answer.prefix(200))")
        await admin.stop()
    }

    @Test func oneByteAtATimeIsARequest() async throws {
        let admin = try await AdminInstance()
        let socketPath = admin.socketPath
        let answer = try await AdminInstance.blocking {
            let client = try HTTPClient(path: socketPath)
            for byte in HTTPClient.request("GET", "/v1/status", host: "localhost") {
                try client.socket.send([byte])
            }
            return try client.response()
        }
        #expect(answer.status == 200)
        await admin.stop()
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
        let admin = try await AdminInstance()
        let socketPath = admin.socketPath
        let codes = try await AdminInstance.blocking {
            let client = try HTTPClient(path: socketPath)
            let targets = ["/v1/generations/13", "/nowhere", "/v1/generations/12"]
            try client.socket.send(
                targets.flatMap { HTTPClient.request("GET", $0, host: "localhost") })
            return try targets.map { _ in try client.response().json["generation"].int }
        }
        #expect(codes == [13, nil, 12])
        await admin.stop()
    }

    /// Half a request is none, although `{}` and nothing are good bodies.
    @Test(
        arguments: [
            "Content-Length: 100\r\n\r\n", "Content-Length: 100\r\n\r\n{}",
            "Transfer-Encoding: chunked\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
            "Content-Length: 2\r\n",
        ],
        [true, false])
    func aTruncatedBodyDoesNothing(_ rest: String, _ isHalfClosed: Bool) async throws {
        let admin = try await AdminInstance()
        let path = admin.socketPath
        let answer = try await AdminInstance.blocking {
            let socket = try TestSocket.connect(path: path)
            try socket.send(
                "POST /v1/reloads HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + rest)
            if !isHalfClosed { return "" }
            socket.shutdownWriting()
            return String(decoding: try socket.receiveAll(within: 5), as: UTF8.self)
        }
        if isHalfClosed { #expect(answer.hasPrefix("HTTP/1.1 400") || answer.isEmpty, "\(answer)") }
        try await Task.sleep(for: .milliseconds(100))
        #expect(admin.master.triggers.isEmpty)
        await admin.stop()
    }

    @Test func refusedBodyDoesNotBecomeARequest() async throws {
        let admin = try await AdminInstance()
        let smuggled = "DELETE /v1/reloads/rl_1 HTTP/1.1\r\nHost: x\r\n\r\n"
        let answer = try await admin.raw(
            Array(
                ("POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: \(smuggled.utf8.count)\r\n\r\n"
                    + smuggled).utf8))
        #expect(answer.components(of: "HTTP/1.1 ") == 1, "\(answer)")
        #expect(answer.hasPrefix("HTTP/1.1 404"))
        await admin.stop()
    }
}

extension String {
    fileprivate func components(of part: String) -> Int {
        var count = 0
        var rest = self[...]
        while let range = rest.firstRange(of: part) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
