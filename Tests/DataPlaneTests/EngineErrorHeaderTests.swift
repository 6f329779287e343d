// Header rules on answers of our own: those with `always` hold for errors too, the others do not.

import Model
import Testing

@testable import DataPlane

@Suite struct EngineErrorHeaderTests {
    private static func rules(
        always: Bool, _ edits: (HeaderEdit.Action, String, [Template.Part])...
    ) -> HeaderRules {
        HeaderRules(
            response: edits.map {
                HeaderEdit(action: $0.0, name: $0.1, value: Template(parts: $0.2))
            }, coversErrors: always)
    }

    private func harness(page: Bool = false) throws -> EngineHarness {
        var options = EngineHarness.Options()
        options.headers = Self.rules(
            always: true, (.set, "Strict-Transport-Security", [.literal("max-age=1")]),
            (.set, "X-Path", [.variable(.path)]), (.remove, "Cache-Control", []))
        func route(
            _ path: String, _ action: RouteAction?, _ headers: HeaderRules = HeaderRules()
        ) -> Route {
            var match = RouteMatch()
            match.paths = [path]
            return Route(
                id: String(path.dropFirst()), match: match, action: action, headers: headers)
        }
        let cached = Self.rules(
            always: false, (.set, "Cache-Control", [.literal("public, max-age=31536000")]))
        options.routes = [
            route("/filtered", nil, Self.rules(always: true, (.set, "X-F", [.literal("f")]))),
            route("/filtered", nil, Self.rules(always: false, (.set, "X-G", [.literal("g")]))),
            route("/filtered", .deny(Denial(status: 403)), cached),
            route("/denied", .deny(Denial(status: 403)), cached),
            route("/slow", .deny(Denial(status: 429, delay: .milliseconds(20)))),
            route(
                "/own", .deny(Denial(status: 403)),
                Self.rules(
                    always: true, (.set, "X-Path", [.literal("own")]),
                    (.set, "Content-Type", [.literal("text/own")]))),
            route("/gone", .backend("b"), cached),
            route(
                "/said", .respond(LocalResponse(status: 200, body: Template(literal: "x"))), cached),
        ]
        if page {
            options.errors = [
                ErrorPage(
                    status: 403, contentType: "text/html", body: Template(parts: [.variable(.path)])
                )
            ]
        }
        // Nobody listens at port 1.
        return try EngineHarness(origins: [1], options)
    }

    private func ask(_ harness: EngineHarness, _ request: String) throws -> EngineMessage {
        let client = try harness.connect()
        client.send(request)
        return try #require(client.takeMessage())
    }

    @Test(
        arguments: [
            ("/denied", 403, "/denied"), ("/slow", 429, "/slow"), ("/gone", 503, "/gone"),
            ("/nowhere", 404, "/nowhere"), ("/own", 403, "own"), ("/filtered", 403, "/filtered"),
        ], [false, true])
    func errors(_ answer: (target: String, status: Int, path: String), page: Bool) throws {
        let message = try ask(
            try harness(page: page), "GET \(answer.target) HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(message.status == answer.status)
        #expect(message.field("strict-transport-security") == "max-age=1")
        #expect(message.field("x-path") == answer.path)
        // Taken away by the frontend; what the route says is for its own answers.
        #expect(message.field("cache-control") == nil)
        #expect(message.field("x-f") == (answer.target == "/filtered" ? "f" : nil))
        #expect(message.field("x-g") == nil)
        if answer.target == "/own" { #expect(message.field("content-type") == "text/own") }
        if page, answer.status == 403 { #expect(message.text == answer.target) }
    }

    /// What was not understood has the frontend's; what a route says itself has all.
    @Test func othersAnswers() throws {
        let harness = try harness()
        let bad = try ask(harness, "nonsense\r\n\r\n")
        #expect(bad.status == 400 && bad.field("strict-transport-security") == "max-age=1")
        #expect(bad.field("x-path") == "")
        let said = try ask(harness, "GET /said HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(said.status == 200 && said.field("strict-transport-security") == "max-age=1")
        #expect(said.field("cache-control") == "public, max-age=31536000")
    }

    /// Without `always` an error is bare, as it was.
    @Test func withoutAlways() throws {
        var options = EngineHarness.Options()
        options.headers = Self.rules(
            always: false, (.set, "X-A", [.literal("a")]), (.remove, "Cache-Control", []))
        let message = try ask(
            try EngineHarness(origins: [1], options), "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(message.status == 503 && message.field("x-a") == nil)
        #expect(message.field("cache-control") == "no-store")
    }

    /// A response says which server it is from; an error, to which it went last.
    @Test func whereItWasSent() throws {
        let origin = try EngineOrigin { connection in
            while let request = connection.takeMessage() {
                if request.startLine.contains("/gone") { return }
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            }
        }
        var options = EngineHarness.Options()
        options.retries.count = 0
        options.headers = Self.rules(
            always: true,
            (.set, "X-Served-By", [.variable(.backend), .literal("/"), .variable(.server)]))
        var match = RouteMatch()
        match.paths = ["/none"]
        options.routes = [
            Route(id: "n", match: match, action: .deny(Denial())),
            Route(id: "r", action: .backend("b")),
        ]
        let harness = try EngineHarness(origins: [origin.port], options)
        for (target, status, place) in [
            ("/", 200, "b/s0"), ("/gone", 502, "b/s0"), ("/none", 403, "/"),
        ] {
            let message = try ask(harness, "POST \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(message.status == status && message.field("x-served-by") == place)
        }
    }
}
