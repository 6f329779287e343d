// HTTP/1.1 through a loop: keep-alive, pipelining, versions, framing of responses.

import Model
import SharedState
import Synchronization
import Syscalls
import Testing

@testable import DataPlane

@Suite struct EngineHTTPTests {
    @Test func keepAliveOnBothSides() throws {
        let origin = try EngineOrigin.echo()
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        for number in 0..<20 {
            client.send("GET /\(number) HTTP/1.1\r\nHost: a\r\n\r\n")
            let response = try #require(client.takeMessage())
            #expect(response.status == 200)
            #expect(response.text == "/\(number) ")
            #expect(response.field("connection") == nil)
        }
        #expect(origin.connectionCount == 1)
        #expect(harness.gauge(.upstreamIdle, becomes: 1))
        #expect(harness.worker[.requests] == 20)
        #expect(harness.worker[.responses2xx] == 20)
        #expect(harness.worker[.upstreamReuses] == 19)
        client.close()
        #expect(harness.gauge(.clientConnections, becomes: 0))
    }

    /// RFC 9112 §9.3.2: answers in the order of the requests, however these are cut.
    @Test(arguments: [Int.max, 1, 7, 1_000])
    func pipelining(pieceBytes: Int) throws {
        let origin = try EngineOrigin.echo()
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        let count = pieceBytes == .max ? 1_000 : 30
        var requests: [UInt8] = []
        for number in 0..<count {
            let body = number % 3 == 0 ? "body\(number)" : ""
            requests += Array(
                ("POST /\(number) HTTP/1.1\r\nHost: a\r\n"
                    + (number % 2 == 0
                        ? "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
                        : "Transfer-Encoding: chunked\r\n\r\n"
                            + (body.isEmpty
                                ? "" : "\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n")
                            + "0\r\n\r\n"))
                    .utf8)
        }
        try Thread.start(name: "sender") { [requests] in
            var rest = requests[...]
            while !rest.isEmpty {
                let piece = Array(rest.prefix(pieceBytes == .max ? rest.count : pieceBytes))
                client.send(piece, within: 30)
                rest = rest.dropFirst(piece.count)
            }
        }
        for number in 0..<count {
            let response = try #require(client.takeMessage(within: 30))
            #expect(response.text == "/\(number) " + (number % 3 == 0 ? "body\(number)" : ""))
        }
        #expect(client.staysSilent(for: 0.05))
        // However early the next request comes, no answer comes too early.
        #expect(
            harness.traffic(EngineHarness.server(0)) {
                $0[.requests] == UInt64(count) && $0[.desyncs] == 0
            })
    }

    @Test func responsesWithoutBody() throws {
        let origin = try EngineOrigin { connection in
            while let request = connection.takeHead() {
                let status = request.startLine.split(separator: "/")[1].split(separator: " ")[0]
                connection.send(
                    "HTTP/1.1 \(status) X\r\nETag: \"1\"\r\n"
                        + (status == "204" ? "" : "Content-Length: 12345\r\n") + "\r\n")
            }
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        for (method, status) in [("HEAD", 200), ("GET", 204), ("GET", 304), ("HEAD", 404)] {
            client.send("\(method) /\(status) HTTP/1.1\r\nHost: a\r\n\r\n")
            let response = try #require(client.takeHead())
            #expect(response.status == status)
            #expect(response.field("content-length") == (status == 204 ? nil : "12345"))
        }
        #expect(origin.connectionCount == 1)
        #expect(client.staysSilent(for: 0.05))
    }

    @Test func oldClient() throws {
        let origin = try EngineOrigin { connection in
            while connection.takeHead() != nil {
                connection.send(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
                connection.send("4\r\ndefg\r\n0\r\nX-Trailer: 1\r\n\r\n")
            }
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send("GET / HTTP/1.0\r\n\r\n")
        let head = try #require(client.takeHead())
        #expect(head.status == 200)
        #expect(head.field("transfer-encoding") == nil)
        #expect(String(decoding: client.takeAll(), as: UTF8.self) == "abcdefg")
        #expect(!client.wasReset)
        // The server's connection went on.
        #expect(harness.gauge(.upstreamIdle, becomes: 1))
    }

    @Test func oldClientKeepsAlive() throws {
        let origin = try EngineOrigin.echo()
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        for _ in 0..<2 {
            client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            let response = try #require(client.takeMessage())
            #expect(response.field("connection") == "keep-alive")
        }
    }

    @Test func oldServerUntilClose() throws {
        let body = String(repeating: "0123456789", count: 30_000)
        let origin = try EngineOrigin { connection in
            guard connection.takeHead() != nil else { return }
            connection.send("HTTP/1.0 200 OK\r\n\r\n" + body)
            connection.close()
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        let head = try #require(client.takeHead())
        #expect(head.field("connection") == "close")
        #expect(client.takeAll() == Array(body.utf8))
        #expect(!client.wasReset)
    }

    /// RFC 9110 §10.1.1: the server's 100 comes through, before the body is sent.
    @Test func expectContinue() throws {
        let origin = try EngineOrigin { connection in
            while let head = connection.takeHead() {
                if head.field("expect") != nil {
                    connection.send("HTTP/1.1 100 Continue\r\n\r\n")
                }
                let body = connection.take(Int(head.field("content-length") ?? "") ?? 0)
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n")
                connection.send(body)
            }
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send(
            "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        #expect(client.takeHead()?.status == 100)
        client.send("hello")
        #expect(client.takeMessage()?.text == "hello")
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.takeMessage()?.status == 200)
    }

    /// The body that was not sent is not waited for: the connection ends behind the answer.
    @Test func expectRefused() throws {
        let origin = try EngineOrigin { connection in
            guard connection.takeHead() != nil else { return }
            connection.send("HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno")
            _ = connection.takeAll()
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send(
            "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        let response = try #require(client.takeMessage())
        #expect(response.status == 413)
        #expect(response.field("connection") == "close")
        #expect(client.endsSilently())
        #expect(harness.gauge(.upstreamIdle, becomes: 0))
    }

    @Test func interimResponsesPass() throws {
        let origin = try EngineOrigin { connection in
            while connection.takeHead() != nil {
                connection.send(
                    "HTTP/1.1 103 E\r\nLink: </x>\r\n\r\nHTTP/1.1 103 E\r\nLink: </y>\r\n\r\n"
                        + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            }
        }
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.takeHead()?.field("link") == "</x>")
        #expect(client.takeHead()?.field("link") == "</y>")
        #expect(client.takeMessage()?.text == "ok")
        let old = try harness.connect()
        old.send("GET / HTTP/1.0\r\n\r\n")
        #expect(old.takeMessage()?.status == 200)
    }

    @Test func forwardingFieldsAndRules() throws {
        let origin = try EngineOrigin { connection in
            while let head = connection.takeHead() {
                let seen = head.fields.map { "\($0.name)=\($0.value)" }.joined(separator: ";")
                connection.send(
                    "HTTP/1.1 200 OK\r\nContent-Length: \(seen.utf8.count)\r\n\r\n\(seen)")
            }
        }
        var options = EngineHarness.Options()
        options.headers.request = [
            HeaderEdit(
                action: .set, name: "X-Id", value: Template(parts: [.variable(.generation)]))
        ]
        options.headers.response = [
            HeaderEdit(action: .set, name: "X-Path", value: Template(parts: [.variable(.path)]))
        ]
        let harness = try EngineHarness(origins: [origin.port], options)
        let client = try harness.connect()
        client.send("GET /p?q HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 9.9.9.9\r\n\r\n")
        let response = try #require(client.takeMessage())
        #expect(response.text.contains("X-Forwarded-For=127.0.0.1"))
        #expect(!response.text.contains("9.9.9.9"))
        #expect(response.text.contains("X-Id=7"))
        #expect(response.field("x-path") == "/p")
    }

    /// Rules that add more than the headroom, and more than a buffer, to heads that are long already.
    @Test(arguments: [500, 2_000, 14_000])
    func rulesThatAddMuch(padding: Int) throws {
        let origin = try EngineOrigin { connection in
            while let request = connection.takeMessage() {
                let length = request.fields.reduce(0) { $0 + $1.value.utf8.count }
                connection.send(
                    "HTTP/1.1 200 OK\r\nX-Pad: \(String(repeating: "p", count: padding))\r\n"
                        + "Content-Length: 5\r\nX-Seen: \(length)\r\n\r\nhello")
            }
        }
        var options = EngineHarness.Options()
        let long = Template(literal: String(repeating: "v", count: 3_000))
        for number in 0..<6 {
            let edit = HeaderEdit(action: .add, name: "X-Long-\(number)", value: long)
            options.headers.request.append(edit)
            options.headers.response.append(edit)
        }
        let harness = try EngineHarness(origins: [origin.port], options)
        let client = try harness.connect()
        for _ in 0..<2 {
            client.send(
                "PUT / HTTP/1.1\r\nHost: a\r\nX-Pad: \(String(repeating: "p", count: padding))\r\n"
                    + "Content-Length: 4\r\n\r\nbody")
            let response = try #require(client.takeMessage())
            #expect(response.status == 200)
            #expect(response.text == "hello")
            #expect(response.fields.filter { $0.value.utf8.count == 3_000 }.count == 6)
            #expect((Int(response.field("x-seen") ?? "") ?? 0) > 18_000 + padding)
        }
    }

    @Test func localAnswers() throws {
        var options = EngineHarness.Options()
        var match = RouteMatch()
        match.paths = ["/hello"]
        options.routes = [
            Route(
                id: "r", match: match,
                action: .respond(
                    LocalResponse(
                        status: 200,
                        body: Template(parts: [.literal("from "), .variable(.path)])))),
            Route(id: "m", match: RouteMatch(), action: .redirect(Redirect(path: "/hello"))),
        ]
        let harness = try EngineHarness(origins: [1], options)
        let client = try harness.connect()
        // All at once: none may be forgotten, and none answered twice.
        client.send(
            String(repeating: "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", count: 300)
                + "HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        for _ in 0..<300 { #expect(client.takeMessage()?.text == "from /hello") }
        #expect(client.takeHead()?.field("content-length") == "11")
        client.send("POST /other HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
        let redirect = try #require(client.takeMessage())
        #expect(redirect.status == 302)
        #expect(redirect.field("location") == "http://a/hello")
        client.send("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(client.takeMessage()?.field("connection") == "close")
        #expect(client.endsSilently())
    }

    /// A body that nobody reads: the answer arrives all the same, and the connection ends.
    @Test func localAnswerToLargeUpload() throws {
        var options = EngineHarness.Options()
        options.routes = [
            Route(
                id: "r", action: .respond(LocalResponse(status: 403, body: Template(literal: "no")))
            )
        ]
        let harness = try EngineHarness(origins: [1], options)
        let client = try harness.connect()
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n")
        client.send([UInt8](repeating: 120, count: 50_000))
        let response = try #require(client.takeMessage())
        #expect(response.status == 403)
        #expect(response.field("connection") == "close")
        #expect(harness.gauge(.clientConnections, becomes: 0))
    }

    @Test func oneLogLineForEachExchange() throws {
        let origin = try EngineOrigin.echo()
        var options = EngineHarness.Options()
        options.log = true
        let harness = try EngineHarness(origins: [origin.port], options)
        let client = try harness.connect()
        for _ in 0..<3 {
            client.send("GET /logged?q=\"x\" HTTP/1.1\r\nHost: h\r\nUser-Agent: t\r\n\r\n")
            _ = client.takeMessage()
        }
        client.send("nonsense\r\n\r\n")
        #expect(client.takeMessage()?.status == 400)
        let lines = harness.logLines(4)
        try #require(lines.count == 4)
        for line in lines.dropLast() {
            #expect(line.contains("\"path\":\"/logged\""))
            #expect(line.contains("\"status\":200"))
            #expect(line.contains("\"server\":\"s0\""))
            #expect(line.contains("\"state\":\"--\",\"termination\":\"completed\",\"phase\":\"\""))
            #expect(line.contains("\"user_agent\":\"t\""))
        }
        #expect(lines[3].contains("\"state\":\"PR\",\"termination\":\"refused\""))
        #expect(lines[3].contains("\"phase\":\"request\""))
        #expect(lines[1].contains("\"reused\":true"))
    }
}
