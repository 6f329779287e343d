// Slashes in a row and parameters of segments: what a frontend makes of them is what routes decide
// about and what the server sees; and what the client spoke, as a match.

import Model
import SharedState
import Testing

@testable import DataPlane

@Suite struct EnginePathRulesTests {
    /// `/admin` is denied; anything else goes to a server that tells the target it has seen.
    private func outcome(_ rules: PathRules, _ targets: [String]) throws -> [String] {
        let origin = try EngineOrigin.echo()
        var admin = RouteMatch()
        admin.pathPrefixes = ["/admin"]
        var options = EngineHarness.Options()
        options.paths = rules
        options.routes = [
            Route(id: "admin", match: admin, action: .deny(Denial(status: 403))),
            Route(id: "rest", action: .backend("b")),
        ]
        let harness = try EngineHarness(origins: [origin.port], options)
        return try targets.map { target in
            let connection = try harness.connect()
            connection.send("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
            let response = try #require(connection.takeMessage(), "\(target)")
            guard response.status == 200 else { return "\(response.status)" }
            return String(response.text.split(separator: " ", omittingEmptySubsequences: false)[0])
        }
    }

    private static let cases: [(target: String, keep: String, drop: String, refuse: String)] = [
        ("/admin;x", "/admin;x", "403", "400"), ("/admin;x/y", "/admin;x/y", "403", "400"),
        ("/;x/admin", "/;x/admin", "403", "400"), ("/a;x=1;y/b", "/a;x=1;y/b", "/a/b", "400"),
        ("/a;", "/a;", "/a", "400"), ("/;", "/;", "/", "400"),
        ("/a/;x//b", "/a/;x/b", "/a/b", "400"),
        ("/a%3Bx", "/a%3Bx", "/a%3Bx", "/a%3Bx"), ("/a?b;c", "/a?b;c", "/a?b;c", "/a?b;c"),
        ("/%61;x/../admin", "403", "403", "403"), ("/a", "/a", "/a", "/a"),
        ("/x/..;/admin", "400", "400", "400"), ("/x/.;/admin", "400", "400", "400"),
    ]

    @Test(arguments: PathParameters.allCases) func parameters(_ parameters: PathParameters) throws {
        var rules = PathRules()
        rules.parameters = parameters
        let seen = try outcome(rules, Self.cases.map(\.target))
        for (number, line) in Self.cases.enumerated() {
            let expected =
                switch parameters {
                case .keep: line.keep
                case .drop: line.drop
                case .refuse: line.refuse
                }
            #expect(seen[number] == expected, "\(line.target)")
        }
    }

    /// Dot segments are resolved first: an empty segment is one to go up from (RFC 3986 §5.2.4).
    @Test(arguments: [
        (true, ["403", "/a/b/", "/", "/http:/b/c", "403", "/a/b", "403"]),
        (false, ["//admin", "/a//b//", "///", "/http://b/c", "403", "/a//b", "403"]),
    ])
    func slashes(merges: Bool, expected: [String]) throws {
        var rules = PathRules()
        rules.mergesSlashes = merges
        let targets = [
            "//admin", "/a//b//", "///", "/http://b/c", "/a//%2e%2e/../admin", "/a/%2e//b",
            "/admin",
        ]
        #expect(try outcome(rules, targets) == expected)
    }

    /// A rule for those who came without TLS, where a proxy before us terminates it.
    @Test func scheme() throws {
        let origin = try EngineOrigin.echo()
        var plain = RouteMatch()
        plain.scheme = .http
        var options = EngineHarness.Options()
        options.proxyInput = ProxyProtocolInput(
            from: [try #require(AddressRange("127.0.0.0/8"))], others: .refuse)
        options.routes = [
            Route(id: "up", match: plain, action: .redirect(Redirect(scheme: "https"))),
            Route(id: "rest", action: .backend("b")),
        ]
        let harness = try EngineHarness(origins: [origin.port], options)
        for (flags, status) in [(UInt8(0), 302), (1, 200)] {
            let client = try harness.connect()
            client.send(
                BinaryHeader.make(
                    BinaryHeader.ipv4 + BinaryHeader.tlv(0x20, [flags, 0, 0, 0, 0])))
            client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
            let answer = try #require(client.takeMessage())
            #expect(answer.status == status)
            #expect(answer.field("location") == (status == 302 ? "https://a/x" : nil))
        }
    }

    /// What the line of the `haproxy` format counts beside client connections.
    @Test func countsOfTheLog() throws {
        let origin = try CountingOrigin(work: nil)
        var options = EngineHarness.Options()
        options.logSettings = LogSettings()
        options.logSettings?.accessTo = .standardOutput
        options.logSettings?.accessFormat = .haproxy
        let harness = try EngineHarness(origins: [origin.port], options)
        let clients = try (0..<3).map { _ in try harness.connect() }
        for client in clients { client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n") }
        #expect(Wait.until(5) { origin.present == 3 })
        var counts: [Substring] = []
        for count in 1...3 {
            origin.letGo(1)
            counts += harness.logLines(1).map { $0.split(separator: " ")[10] }
            #expect(counts.count == count)
        }
        #expect(counts == ["3/3/2/2/0", "3/3/1/1/0", "3/3/0/0/0"])
    }
}
