// Targets on the wire: what decides about a request and what the server sees are one value, however
// the client writes it and whatever rewrites make of it; anything else is 400.

import Model
import Testing

@testable import DataPlane

@Suite struct EngineTargetTests {
    private static func match(prefix: String) -> RouteMatch {
        var match = RouteMatch()
        match.pathPrefixes = [prefix]
        return match
    }

    private static func template(_ parts: Template.Part...) -> Template { Template(parts: parts) }

    /// `/admin` is answered here with 403, everything else is forwarded to an origin that tells the
    /// target it has seen.
    private func guarded() throws -> (EngineHarness, EngineOrigin) {
        let origin = try EngineOrigin.echo()
        var options = EngineHarness.Options()
        options.routes = [
            Route(
                id: "admin", match: Self.match(prefix: "/admin"),
                action: .respond(LocalResponse(status: 403, body: Template(parts: [])))),
            Route(id: "rest", action: .backend("b")),
        ]
        return (try EngineHarness(origins: [origin.port], options), origin)
    }

    /// What the server saw, or the status of an answer of our own.
    private func ask(_ harness: EngineHarness, _ request: String) throws -> String {
        let client = try harness.connect()
        client.send(octets(request))
        let response = try #require(client.takeMessage())
        guard response.status == 200 else { return "\(response.status)" }
        return String(response.text.split(separator: " ", omittingEmptySubsequences: false)[0])
    }

    private static let decidedAndForwardedAreOneCases: [(String, String)] = [
        // The same path to every server.
        ("/admin", "403"), ("/admin/x", "403"), ("/%61dmin", "403"), ("/x/../admin", "403"),
        ("/x/%2e%2e/admin", "403"), ("/x/.%2E/admin", "403"), ("/./admin", "403"),
        ("/%2e/admin", "403"), ("/admin?x=/../y", "403"), ("/admin/../b", "/b"),
        ("//admin", "403"), ("/x/..//admin", "403"), ("///%61dmin//x", "403"), ("/b//c", "/b/c"),
        ("/b//?c=//", "/b/?c=//"), ("/b/./c", "/b/c"), ("/b/%7Ec", "/b/~c"), ("/adm%69n", "403"),
        ("/admin/%2e%2e/b", "/b"),
        // Another path to every server that reads bytes, and forwarded as it was decided about.
        ("/Admin", "/Admin"), ("/admin%2Fx", "/admin%2Fx"),
        ("/admin;x", "/admin;x"), ("/b;c=d", "/b;c=d"), ("/b%5Cc", "/b%5Cc"), ("/b%23", "/b%23"),
        ("/b%3Fc", "/b%3Fc"), ("/...", "/..."), ("/b..", "/b.."), ("/b%2Fc", "/b%2Fc"),
        // Not the same path to every server, or none at all.
        ("/x/..%2fadmin", "400"), ("/x%2f..%2fadmin", "400"), ("/x/..%5Cadmin", "400"),
        ("/x/..;/admin", "400"), ("/x/.;a=b/admin", "400"), ("/x/%2e%2e;/admin", "400"),
        ("/..", "400"), ("/../admin", "400"), ("/%2e%2e/admin", "400"), ("/x/../../admin", "400"),
        ("/b\\admin", "400"), ("/b#/admin", "400"), ("/b%00", "400"), ("/b%0d%0aX: y", "400"),
        ("/b%0A", "400"), ("/b%", "400"), ("/b%2", "400"), ("/b%zz", "400"), ("/b?c#d", "400"),
        ("/\u{80}", "400"), ("/b\tc", "400"), ("/b\u{0}", "400"), ("admin", "400"),
        ("*", "400"), ("ftp://a/admin", "400"), ("a:80", "400"), ("/b?\u{7F}", "400"),
        // The absolute form: the same host, the same path.
        ("http://a/admin", "403"), ("http://a/b", "/b"), ("http://a/x/../admin", "403"),
        ("HTTP://A/b", "/b"), ("http://b/admin", "400"), ("http://a:80/b", "400"),
        ("http://user@a/b", "400"), ("http://a", "/"), ("http://a?q", "/?q"),
    ]

    @Test func decidedAndForwardedAreOne() throws {
        let (harness, origin) = try guarded()
        for (target, expected) in Self.decidedAndForwardedAreOneCases {
            #expect(
                try ask(harness, "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n") == expected,
                "\(target)")
        }
        withExtendedLifetime(origin) {}
    }

    private static let hostsCases: [(String, String)] = [
        ("Host: a", "/"), ("Host: a:80", "/"), ("Host: A.", "/"), ("Host: [::1]:80", "/"),
        ("", "400"), ("Host:", "400"), ("Host: a, b", "400"), ("Host: a b", "400"),
        ("Host: a:", "400"), ("Host: a:0", "400"), ("Host: a:65536", "400"),
        ("Host: a:80:80", "400"),
        ("Host: a:+80", "400"), ("Host: a@b", "400"), ("Host: user@a", "400"), ("Host: a/b", "400"),
        ("Host: a?b", "400"), ("Host: a#b", "400"), ("Host: a\\b", "400"), ("Host: a%41", "400"),
        ("Host: a\r\nHost: a", "400"), ("Host: a\r\nHost: b", "400"), ("Host: .a", "400"),
        ("Host: a..b", "400"), ("Host: [::1", "400"), ("Host: ::1", "400"), ("Host: [a]", "400"),
        ("Host : a", "400"), (" Host: a", "400"), ("Host: a\r\n b", "400"),
    ]

    @Test func hosts() throws {
        let (harness, origin) = try guarded()
        for (field, expected) in Self.hostsCases {
            let line = field.isEmpty ? "" : field + "\r\n"
            #expect(try ask(harness, "GET / HTTP/1.1\r\n\(line)\r\n") == expected, "\(field)")
        }
        withExtendedLifetime(origin) {}
    }

    /// H10: names that one server reads as another name, or as none.
    private static let fieldNamesCases: [(String, String)] = [
        (": x", "400"), ("X\u{0}: x", "400"), ("X\u{80}: x", "400"), ("X Y: x", "400"),
        ("X\t: x", "400"), ("(X): x", "400"), ("\u{0B}X: x", "400"), ("X", "400"),
        ("Connection: content-length", "400"), ("Connection: transfer-encoding", "400"),
        ("Connection: host", "400"), ("Connection: x-forwarded-for", "400"),
        ("Connection: authorization", "400"), ("Connection: cookie", "400"),
        ("Content_Length: 5", "400"), ("Transfer_Encoding: chunked", "400"),
        ("X_A: 1", "/"), ("X-A: \u{80}", "/"),
        ("X-A: a\u{0}b", "400"), ("X-A: a\rb", "400"),
    ]

    @Test func fieldNames() throws {
        let (harness, origin) = try guarded()
        for (field, expected) in Self.fieldNamesCases {
            let outcome = try ask(harness, "GET / HTTP/1.1\r\nHost: a\r\n\(field)\r\n\r\n")
            #expect(outcome == expected, "\(field)")
        }
        withExtendedLifetime(origin) {}
    }

    // MARK: Rewrites

    private func rewriting(_ rewrite: Rewrite, _ pattern: String) throws -> (
        EngineHarness, EngineOrigin
    ) {
        let origin = try EngineOrigin.echo()
        var match = RouteMatch()
        match.pathPatterns = [try #require(PathPattern(pattern))]
        var options = EngineHarness.Options()
        options.routes = [
            Route(id: "filter", match: match, rewrite: rewrite),
            // Sees what the filter made.
            Route(
                id: "admin", match: Self.match(prefix: "/admin"),
                action: .respond(LocalResponse(status: 403, body: Template(parts: [])))),
            Route(id: "rest", action: .backend("b")),
        ]
        return (try EngineHarness(origins: [origin.port], options), origin)
    }

    private static let pathByTemplateCases: [(String, String)] = [
        ("/users/7", "/v2/7"), ("/users/7?a=b", "/v2/7?a=b"), ("/users/a%2Fb", "/v2/a%2Fb"),
        ("/users/%7e", "/v2/~"), ("/other", "/other"), ("/users/x/../7", "/v2/7"),
        ("/users/%25", "/v2/%25"), ("/users/;x", "/v2/;x"),
    ]

    @Test func pathByTemplate() throws {
        let (harness, origin) = try rewriting(
            Rewrite(
                path: .template(
                    Self.template(
                        .literal("/v2/"), .request(RequestValue(kind: .capture, name: "id"))))),
            "/users/{id}")
        for (target, expected) in Self.pathByTemplateCases {
            #expect(
                try ask(harness, "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n") == expected,
                "\(expected)")
        }
        withExtendedLifetime(origin) {}
    }

    /// What a header says cannot leave the segment that the operator put it in.
    private static let headerInAPathCases: [(String, String)] = [
        ("7", "/t/7/x"), ("a b", "/t/a%20b/x"), ("a/b", "/t/a%2Fb/x"), ("?a", "/t/%3Fa/x"),
        ("#a", "/t/%23a/x"), ("a%2Fb", "/t/a%252Fb/x"), ("\u{E9}", "/t/%E9/x"), ("..", "/x"),
        ("../admin", "400"), ("..\\admin", "400"), ("..;", "400"), (".", "/t/x"), ("", "/t/x"),
    ]

    @Test func headerInAPath() throws {
        let (harness, origin) = try rewriting(
            Rewrite(
                path: .template(
                    Self.template(
                        .literal("/t/"), .request(RequestValue(kind: .header, name: "x-t")),
                        .literal("/x")))),
            "/{all*}")
        for (value, expected) in Self.headerInAPathCases {
            let outcome = try ask(
                harness, "GET /a HTTP/1.1\r\nHost: a\r\nX-T: \(value)\r\n\r\n")
            #expect(outcome == expected, "\(expected)")
        }
        withExtendedLifetime(origin) {}
    }

    private static let prefixCases: [(String, String)] = [
        ("/api", "/"), ("/api/", "/"), ("/api/x?y", "/x?y"), ("/apis", "/apis"),
        ("/api/admin", "403"), ("/api//admin", "403"), ("/api/x/../admin", "403"),
    ]

    @Test func prefix() throws {
        let (harness, origin) = try rewriting(
            Rewrite(path: .prefix(from: "/api", to: "/")), "/{all*}")
        for (target, expected) in Self.prefixCases {
            #expect(
                try ask(harness, "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n") == expected,
                "\(expected)")
        }
        withExtendedLifetime(origin) {}
    }

    private static let queryCases: [(String, String)] = [
        ("/", "/?s=1%262&s=x"), ("/?a=1", "/?a=1&s=1%262&s=x"),
        ("/?b=1&a=%31", "/?a=%31&s=1%262&s=x"),
        ("/?%62=1&a", "/?a&s=1%262&s=x"), ("/?s=0&&a=2", "/?a=2&s=1%262&s=x"),
        ("/?a=1;b=2", "/?a=1;b=2&s=1%262&s=x"), ("/?%73=0", "/?s=1%262&s=x"),
    ]

    @Test func query() throws {
        let (harness, origin) = try rewriting(
            Rewrite(
                query: QueryRewrite(
                    removed: ["b"],
                    set: [QueryParameter(name: "s", value: Self.template(.literal("1&2")))],
                    added: [QueryParameter(name: "s", value: Self.template(.literal("x")))])),
            "/{all*}")
        for (target, expected) in Self.queryCases {
            #expect(
                try ask(harness, "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n") == expected,
                "\(expected)")
        }
        withExtendedLifetime(origin) {}
    }

    /// What stands plainly in a path or in a whole query ends the value of a parameter.
    @Test(arguments: [
        ("/u/a&admin=1", "/u/a&admin=1?id=a%26admin=1&all="),
        ("/u/a+b;c?x=1&y=2", "/u/a+b;c?x=1&y=2&id=a%2Bb%3Bc&all=x=1%26y=2"),
        ("/u/%26%2B%C3%A4", "/u/%26%2B%C3%A4?id=%26%2B%C3%A4&all="),
    ])
    func aValueIsOneParameter(_ target: String, _ expected: String) throws {
        let (harness, origin) = try rewriting(
            Rewrite(
                query: QueryRewrite(added: [
                    QueryParameter(
                        name: "id",
                        value: Self.template(.request(RequestValue(kind: .capture, name: "id")))),
                    QueryParameter(name: "all", value: Self.template(.variable(.query))),
                ])), "/u/{id}")
        #expect(try ask(harness, "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n") == expected)
        withExtendedLifetime(origin) {}
    }

    @Test func onlySomeParametersStay() throws {
        let (harness, origin) = try rewriting(
            Rewrite(query: QueryRewrite(kept: ["a"])), "/{all*}")
        for (target, expected) in [("/?b=1&a=2&c", "/?a=2"), ("/?b", "/"), ("/?", "/")] {
            #expect(
                try ask(harness, "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n") == expected,
                "\(expected)")
        }
        withExtendedLifetime(origin) {}
    }

    /// Rewrites that would write more than a loop has for them, and heads that they make too long.
    @Test func rewritesAreBounded() throws {
        let origin = try EngineOrigin.echo()
        var options = EngineHarness.Options()
        options.paths.mergesSlashes = false
        let double = Template(parts: [.variable(.path), .variable(.path)])
        options.routes =
            (0..<12).map { Route(id: "f\($0)", rewrite: Rewrite(path: .template(double))) }
            + [Route(id: "rest", action: .backend("b"))]
        let harness = try EngineHarness(origins: [origin.port], options)
        #expect(try ask(harness, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").utf8.count == 4_096)
        let long = "/" + String(repeating: "a", count: 99)
        #expect(try ask(harness, "GET \(long) HTTP/1.1\r\nHost: a\r\n\r\n") == "414")
    }

    @Test func captureInHeadersAndLocation() throws {
        var match = RouteMatch()
        match.pathPatterns = [try #require(PathPattern("/go/{to*}"))]
        var options = EngineHarness.Options()
        let to = Template.Part.request(RequestValue(kind: .capture, name: "to"))
        options.routes = [
            Route(
                id: "r", match: match,
                action: .redirect(
                    Redirect(
                        status: 308,
                        location: Template(parts: [
                            .literal("/"), to, .literal("?c="),
                            .request(RequestValue(kind: .query, name: "c")),
                        ]))))
        ]
        let harness = try EngineHarness(origins: [1], options)
        for (target, location) in [
            ("/go/x/y?c=1", "/x/y?c=1"),
            ("/go//evil.example?c=%0d%0aX:y", "/evil.example?c=%0D%0AX%3Ay"),
            ("/go/?c=a+b%2Fc", "/?c=a%20b%2Fc"), ("/go////x", "/x?c="),
        ] {
            let client = try harness.connect()
            client.send("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
            let response = try #require(client.takeMessage())
            #expect(response.status == 308)
            #expect(response.field("location") == location)
        }
    }
}
