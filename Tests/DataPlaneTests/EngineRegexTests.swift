// Regular expressions on the wire: routes, rewrites, redirects, header fields of both directions.

import Model
import Testing

@testable import DataPlane

@Suite struct EngineRegexTests {
    private static func capture(_ name: String) -> Template.Part {
        .request(RequestValue(kind: .capture, name: name))
    }

    private static func match(_ regex: String) throws -> RouteMatch {
        var match = RouteMatch()
        match.pathRegexes = [try RegularExpression(regex)]
        return match
    }

    @Test(arguments: [
        ("/articles/42-a-title", "/new/42?old=a-title"), ("/articles/42", "/articles/42"),
        ("/articles/x-y", "/articles/x-y"), ("/articles/7-%2e", "/new/7?old=."),
        // What comes out is read like a path of a client.
        ("/up/..%2fadmin", "400"), ("/up/a", "/v/a"), ("/cut/a%2Fb", "400"),
    ])
    func rewrites(_ target: String, _ expected: String) throws {
        let origin = try EngineOrigin.echo()
        var options = EngineHarness.Options()
        options.routes = [
            Route(
                id: "old", match: try Self.match(#"^/articles/(?<id>\d+)-(?<title>[^/]*)$"#),
                rewrite: Rewrite(
                    path: .template(Template(parts: [.literal("/new/"), Self.capture("id")])),
                    query: QueryRewrite(added: [
                        QueryParameter(name: "old", value: Template(parts: [Self.capture("title")]))
                    ]))),
            Route(
                id: "up", match: try Self.match("^/up/(?<rest>.*)$"),
                rewrite: Rewrite(
                    path: .template(Template(parts: [.literal("/v/"), Self.capture("rest")])))),
            Route(
                id: "cut", match: try Self.match("^/cut/(?<half>.*%2)"),
                rewrite: Rewrite(
                    path: .template(Template(parts: [.literal("/w/"), Self.capture("half")])))),
            Route(id: "rest", action: .backend("b")),
        ]
        let harness = try EngineHarness(origins: [origin.port], options)
        let client = try harness.connect()
        client.send("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
        let response = try #require(client.takeMessage())
        let seen =
            response.status == 200
            ? String(response.text.split(separator: " ", omittingEmptySubsequences: false)[0])
            : "\(response.status)"
        #expect(seen == expected)
        withExtendedLifetime(origin) {}
    }

    @Test func redirectsAndForgets() throws {
        var options = EngineHarness.Options()
        let location = Template(parts: [
            .literal("/l"), Self.capture("lang"), .literal("-"), Self.capture("rest"),
        ])
        options.routes = [
            // A filter that captures what the next one has no part of.
            Route(
                id: "filter", match: try Self.match("^/x/(?<lang>..)/(?<rest>.*)"),
                rewrite: Rewrite(path: .template(Template(parts: [.literal("/x/plain")])))),
            Route(
                id: "go", match: try Self.match("^/x/(?:(?<lang>de|en)/)?(?<rest>.*)$"),
                action: .redirect(Redirect(status: 302, location: location))),
        ]
        let harness = try EngineHarness(origins: [1], options)
        for (target, expected) in [
            ("/x/en/a", "/l-plain"), ("/x/de/", "/l-plain"), ("/x/a", "/l-a"),
        ] {
            let client = try harness.connect()
            client.send("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
            let response = try #require(client.takeMessage())
            #expect(response.status == 302)
            #expect(response.field("location") == expected)
        }
    }

    @Test func fieldsOfBothDirections() throws {
        let origin = try EngineOrigin { connection in
            while let request = connection.takeMessage() {
                let cookie = request.field("cookie") ?? "none"
                connection.send(
                    "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:8080/login\r\n"
                        + "Set-Cookie: a=1; Path=/app\r\nSet-Cookie: b=2\r\n"
                        + "X-Seen: \(cookie)\r\nContent-Length: 0\r\n\r\n")
            }
        }
        var match = RouteMatch()
        match.pathPatterns = [try #require(PathPattern("/{tenant}/{rest*}"))]
        var options = EngineHarness.Options()
        options.routes = [
            Route(
                id: "r", match: match, action: .backend("b"),
                headers: HeaderRules(
                    request: [
                        HeaderEdit(
                            action: .replace, name: "Cookie",
                            value: Template(parts: [
                                .literal("tenant="), Self.capture("tenant"), .group("end"),
                            ]), regex: try RegularExpression("debug=[^;]*(?<end>;|$)"))
                    ],
                    response: [
                        HeaderEdit(
                            action: .replace, name: "Location",
                            value: Template(parts: [.literal("https://"), .variable(.host)]),
                            regex: try RegularExpression("^http://[^/]+")),
                        HeaderEdit(
                            action: .replace, name: "Set-Cookie",
                            value: Template(literal: "; Path=/"),
                            regex: try RegularExpression("(?i); *path=[^;]*")),
                    ]))
        ]
        let harness = try EngineHarness(origins: [origin.port], options)
        let client = try harness.connect()
        for _ in 0..<2 {
            client.send(
                "GET /acme/x HTTP/1.1\r\nHost: www.example\r\nCookie: s=1; debug=on; t=2\r\n\r\n")
            let response = try #require(client.takeMessage())
            #expect(response.status == 302)
            #expect(response.field("location") == "https://www.example/login")
            #expect(response.field("x-seen") == "s=1; tenant=acme; t=2")
            #expect(response.field("set-cookie") == "a=1; Path=/")
        }
        withExtendedLifetime(origin) {}
    }
}
