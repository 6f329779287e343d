// HTTP/1.1 through the proxy: every framing on both sides, and the connection's life.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(2))) struct ForwardingTests {
        let proxy: Setting

        init() throws {
            proxy = try Setting()
        }

        @Test func requestBodiesOfEveryFramingAndSize() throws {
            let client = try HTTPClient(port: proxy.port)
            for count in [0, 1, 1000, 65_535, 65_536, 65_537, 3_000_000] {
                let body = EchoServer.pattern(count)
                let sized = try client.exchange("POST", "/upload", body: body, within: 30)
                #expect(sized.text == EchoServer.checksum(body), "length, \(count) bytes")
                for chunk in [1, 700, 100_000] where count / chunk < 5000 {
                    try client.socket.send(
                        HTTPClient.request(
                            "PUT", "/upload", fields: ["Transfer-Encoding: chunked"])
                            + HTTPClient.chunked(body, chunkBytes: chunk), within: 30)
                    let answer = try client.response(to: "PUT", within: 30)
                    #expect(answer.text == EchoServer.checksum(body), "\(count) by \(chunk)")
                }
            }
        }

        @Test func responseBodiesOfEveryFramingAndSize() throws {
            let client = try HTTPClient(port: proxy.port)
            for count in [0, 1, 65_536, 65_537, 5_000_000] {
                let pattern = EchoServer.pattern(count)
                #expect(try client.exchange("GET", "/bytes/\(count)").body == pattern)
                #expect(try client.exchange("GET", "/chunked/\(count)").body == pattern)
            }
            let last = try HTTPClient(port: proxy.port)
            #expect(
                try last.exchange("GET", "/until-close/200000").body
                    == EchoServer.pattern(200_000))
        }

        @Test func responsesWithoutBody() throws {
            let client = try HTTPClient(port: proxy.port)
            let head = try client.exchange("HEAD", "/bytes/500")
            #expect(head.status == 200)
            #expect(head["Content-Length"] == "500")
            #expect(try client.exchange("GET", "/status/204").status == 204)
            #expect(try client.exchange("GET", "/status/304").status == 304)
            #expect(try client.exchange("GET", "/status/404").status == 404)
            #expect(try client.exchange("GET", "/after").text == "/after")
        }

        @Test func keepAliveOnBothSides() throws {
            let client = try HTTPClient(port: proxy.port)
            for count in 0..<50 {
                #expect(try client.exchange("GET", "/\(count)").text == "/\(count)")
            }
            #expect(proxy.server.connectionCount <= 2)
            let closing = try client.exchange(fields: ["Connection: close"])
            #expect(closing["Connection"]?.lowercased() == "close")
            #expect(client.isEnded(within: 2))
        }

        @Test func pipelinedRequestsAreAnsweredInOrder() throws {
            let client = try HTTPClient(port: proxy.port)
            let targets = (0..<200).map { "/n\($0)" }
            try client.socket.send(targets.flatMap { HTTPClient.request("GET", $0) })
            for target in targets { #expect(try client.response().text == target) }
            // A body between them must not be taken for a request.
            try client.socket.send(
                HTTPClient.request("POST", "/upload", body: Array("GET /x HTTP/1.1\r\n\r\n".utf8))
                    + HTTPClient.request("GET", "/y"))
            #expect(
                try client.response().text
                    == EchoServer.checksum(
                        Array("GET /x HTTP/1.1\r\n\r\n".utf8)))
            #expect(try client.response().text == "/y")
        }

        @Test func expectContinue() throws {
            let client = try HTTPClient(port: proxy.port)
            let body = EchoServer.pattern(5000)
            try client.socket.send(
                HTTPClient.request(
                    "POST", "/upload", fields: ["Expect: 100-continue", "Content-Length: 5000"]))
            #expect(try client.response(interim: true).status == 100)
            try client.socket.send(body)
            #expect(try client.response(to: "POST").text == EchoServer.checksum(body))
            let refused = try HTTPClient(port: proxy.port)
            try refused.socket.send(
                HTTPClient.request(
                    "POST", "/refuse-body",
                    fields: ["Expect: 100-continue", "Content-Length: 5000"]))
            let answer = try refused.response(to: "POST")
            #expect(answer.status == 417)
        }

        @Test func interimResponsesPass() throws {
            let client = try HTTPClient(port: proxy.port)
            #expect(try client.exchange("GET", "/interim").text == "final")
            #expect(try client.exchange("GET", "/next").text == "/next")
        }

        @Test func oldVersionClients() throws {
            let client = try HTTPClient(port: proxy.port)
            try client.socket.send("GET /old HTTP/1.0\r\n\r\n")
            let answer = try client.response()
            #expect(answer.text == "/old")
            #expect(client.isEnded(within: 2))
            let kept = try HTTPClient(port: proxy.port)
            try kept.socket.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\nHost: a\r\n\r\n")
            let first = try kept.response()
            #expect(first.text == "/a")
            #expect(!first.isChunked)
            // A chunked response cannot go to HTTP/1.0 as it is.
            let plain = try HTTPClient(port: proxy.port)
            try plain.socket.send("GET /chunked/3000 HTTP/1.0\r\nHost: a\r\n\r\n")
            let whole = try plain.response()
            #expect(!whole.isChunked)
            #expect(whole.body == EchoServer.pattern(3000))
        }

        @Test func halfCloseAfterTheRequestStillGetsTheResponse() throws {
            let client = try HTTPClient(port: proxy.port)
            try client.socket.send(HTTPClient.request("GET", "/delay/300"))
            client.socket.shutdownWriting()
            #expect(try client.response().text == "late")
        }

        @Test func tunnelPassesBytesBothWaysUntilEitherEnds() throws {
            let client = try HTTPClient(port: proxy.port)
            let head = HTTPClient.request(
                "GET", "/upgrade", fields: ["Connection: Upgrade", "Upgrade: echo"])
            // Bytes right behind the request belong to the tunnel.
            try client.socket.send(head + Array("early".utf8))
            let answer = try client.response()
            #expect(answer.status == 101)
            #expect(answer["Upgrade"] == "echo")
            #expect(try client.raw(atLeast: 5) == Array("early".utf8))
            let block = EchoServer.pattern(300_000)
            let threads = Threads()
            threads.start { try? client.socket.send(block, within: 20) }
            #expect(try client.raw(atLeast: block.count) == block)
            try threads.join()
            client.socket.shutdownWriting()
            #expect(client.isEnded(within: 5))
        }

        @Test func serverFaultsBecomeTheRightStatus() throws {
            for path in ["/vanish", "/reset", "/nonsense", "/two-lengths", "/huge-head"] {
                let client = try HTTPClient(port: proxy.port)
                let answer = try client.exchange("POST", path, body: [1])
                #expect(answer.status == 502, "\(path): \(answer)")
            }
            for path in ["/cut/100", "/cut-chunked"] {
                let client = try HTTPClient(port: proxy.port)
                #expect(throws: ResponseFailure.self, "\(path) ended like a whole response") {
                    try client.exchange("GET", path)
                }
            }
            #expect(try HTTPClient(port: proxy.port).exchange("GET", "/well").text == "/well")
        }

        /// A second response that nobody asked for must never reach another client.
        @Test func unaskedResponseReachesNobody() throws {
            for _ in 0..<20 {
                let client = try HTTPClient(port: proxy.port)
                #expect(try client.exchange("GET", "/extra").text == "asked")
                let other = try HTTPClient(port: proxy.port)
                #expect(try other.exchange("GET", "/mine").text == "/mine")
            }
        }

        @Test func slowReaderIsServedWholeWithBoundedMemory() throws {
            let pid = try #require(try proxy.apus.servingPids.first)
            let count = 6_000_000
            let clients = try (0..<8).map { _ in
                try HTTPClient(port: proxy.port, receiveBufferBytes: 4096)
            }
            let before = ProcessInspection(pid: pid).residentKiB
            for client in clients {
                try client.socket.send(HTTPClient.request("GET", "/bytes/\(count)"))
            }
            try holds("memory stays bounded", for: 2) {
                ProcessInspection(pid: pid).residentKiB - before < 16_384
            }
            let answer = try clients[0].response(within: 60)
            #expect(answer.body.count == count)
            #expect(answer.body == EchoServer.pattern(count), "the bytes changed")
        }
    }
}
