// Error pages: what answers of our own say, and that nothing of a client gets out of its place.

import Model
import Testing

@testable import DataPlane

@Suite struct ErrorPageTests {
    private func harness(_ options: EngineHarness.Options = EngineHarness.Options()) throws
        -> EngineHarness
    {
        var options = options
        options.errors = [400, 404, 408, 413, 414, 431, 502, 503, 504].map { status in
            ErrorPage(
                status: status, contentType: status == 404 ? "text/html" : "application/json",
                body: Template(parts: [.literal("page \(status) "), .variable(.path)]))
        }
        return try EngineHarness(origins: [1], options)
    }

    @Test func pages() throws {
        var options = EngineHarness.Options()
        options.limits.targetBytes = 64
        options.limits.bodyBytes = 10
        options.timeouts.httpRequest = .milliseconds(50)
        var match = RouteMatch()
        match.paths = ["/b"]
        options.routes = [Route(id: "r", match: match, action: .backend("b"))]
        options.log = true
        let harness = try harness(options)
        let long = String(repeating: "a", count: 100)
        for (request, status) in [
            ("GET /<b> HTTP/1.1\r\nHost: a\r\n\r\n", 404), ("bad\r\n\r\n", 400),
            ("GET /\(long) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
            ("PUT /b HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n", 413),
            ("GET /b HTTP/1.1\r\nHost: a\r\n\r\n", 503), ("GET / HT", 408),
            (
                "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "a", count: 15_400))\r\n\r\n",
                431
            ),
        ] {
            let client = try harness.connect()
            client.send(request)
            let response = try #require(client.takeMessage(), "\(status)")
            #expect(response.status == status)
            #expect(response.field("cache-control") == "no-store")
            #expect(
                response.field("content-type")
                    == (status == 404 ? "text/html" : "application/json"))
            if status == 404 {
                #expect(response.text == "page 404 /&lt;b&gt;")
            } else {
                #expect(response.text.hasPrefix("page \(status) "))
            }
        }
    }

    /// A HEAD gets the length of the page and not the page; other statuses keep their own words.
    @Test func headsAndOtherStatuses() throws {
        var options = EngineHarness.Options()
        options.routes = []
        options.errors = [
            ErrorPage(status: 404, contentType: "text/plain", body: Template(literal: "gone"))
        ]
        let harness = try EngineHarness(origins: [1], options)
        let client = try harness.connect()
        client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.takeHead()?.field("content-length") == "4")
        #expect(client.takeMessage()?.text == "gone")
        client.send("x\r\n\r\n")
        #expect(client.takeMessage()?.text.hasPrefix("400 Bad Request\nreason: ") == true)
    }

    /// A page that no loop has room for is not worth losing the answer.
    @Test func aPageThatDoesNotFit() throws {
        var options = EngineHarness.Options()
        options.routes = []
        let long = String(repeating: "x", count: 200_000)
        options.errors = [
            ErrorPage(status: 404, contentType: "text/plain", body: Template(literal: long))
        ]
        let harness = try EngineHarness(origins: [1], options)
        let client = try harness.connect()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        let response = try #require(client.takeMessage())
        #expect(response.status == 404)
        #expect(response.text.hasPrefix("404 Not Found\n") || response.text == long)
    }
}
