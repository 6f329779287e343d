// Conditions, captures, maps and error pages: what is wrong with them, and where.

import Model
import Testing

@testable import ConfigurationLanguage

@Suite struct RuleProblemTests {
    private static let backend = "backends: {b: {servers: {s: {address: '10.0.0.1:1'}}}}\n"

    /// A document with these routes; problems as `code pointer`.
    private func problems(
        _ routes: String, _ rest: String = "", files: [String: String] = [:],
        backends: String = backend
    ) -> [String] {
        let text =
            "version: 1\n" + backends + "frontends: {f: {bind: '*:80', routes: [\(routes)]}}\n"
            + rest
        let report = ConfigurationSource(
            text: ConfigurationText(bytes: Array(text.utf8)), fileName: "rules.yaml"
        ).report(
            resolving: ReferenceResolver(file: { path, _ in
                files[path].map { .value(Array($0.utf8)) } ?? .missing("the file is not there")
            }) { _ in .missing("") })
        return (report.errors + report.warnings).map { "\($0.code.rawValue) \($0.pointer)" }
    }

    @Test(arguments: [
        ("match: {all: x}", "", ["unknown-reference /frontends/f/routes/0/match/all"]),
        ("match: {all: [a, a], none: a}", "conditions: {a: {}}", []),
        ("match: {all: a}", "conditions: {a: {all: a}}", ["reference-cycle /conditions/a/all"]),
        (
            "match: {all: a}", "conditions: {a: {any: b}, b: {none: [c]}, c: {all: a}}",
            ["reference-cycle /conditions/c/all"]
        ),
        ("match: {all: a}", "conditions: {a: {any: [b, c]}, b: {all: c}, c: {}}", []),
        ("match: {all: a}", "conditions: {a: {}, u: {}}", ["unused-condition /conditions/u"]),
        ("match: {all: a}", "conditions: {a: {none: x}}", ["unknown-reference /conditions/a/none"]),
    ])
    func conditions(_ match: String, _ rest: String, _ expected: [String]) {
        #expect(problems("{\(match), backend: b}", rest) == expected)
    }

    @Test(arguments: [
        ("{use: l}", "rate_limits: {l: {rate: 1/s}}", []),
        ("{use: x}", "", ["unknown-reference /frontends/f/routes/0/rate_limit/use"]),
        (
            "{use: l}", "rate_limits: {l: {rate: 1/s}, u: {rate: 5/m, key: 'header:X'}}",
            ["unused-rate-limit /rate_limits/u"]
        ),
        ("{use: l}", "rate_limits: {l: {rate: 1/d}}", ["wrong-type /rate_limits/l/rate"]),
        ("{use: l}", "rate_limits: {l: {rate: 1/h, burst: 720}}", []),
        (
            "{use: l}", "rate_limits: {l: {rate: 1/h, burst: 721}}",
            ["out-of-range /rate_limits/l/burst"]
        ),
        (
            "{use: l}", "rate_limits: {l: {rate: 1/s, key: 'header:'}}",
            ["invalid-value /rate_limits/l/key"]
        ),
        (
            "{use: l}",
            "rate_limits: {l: {rate: 1/s, entries: 900000}, m: {rate: 1/s, entries: 900000}}",
            ["too-large /rate_limits/l", "unused-rate-limit /rate_limits/m"]
        ),
    ])
    func rateLimits(_ use: String, _ rest: String, _ expected: [String]) {
        #expect(problems("{rate_limit: \(use), backend: b}", rest) == expected)
    }

    @Test(arguments: [
        ("cookie: {name: S}", "", [String]()),
        ("cookie: {name: S, mode: insert, same_site: none, max_age: 8760h}", "", []),
        ("table: {key: 'cookie:S', entries: 1000000, idle: 168h}", "", []),
        ("", "", ["missing-field "]),
        ("cookie: {name: S}, table: {}", "", ["conflicting-fields /table"]),
        ("cookie: {}", "", ["missing-field /cookie"]),
        ("cookie: {name: 'a b'}", "", ["invalid-value /cookie/name"]),
        ("cookie: {name: '${env:A}'}", "", ["invalid-value /cookie/name"]),
        ("cookie: {name: S, domain: 'a; Path=/x'}", "", ["invalid-value /cookie/domain"]),
        ("cookie: {name: S, max_age: 8761h}", "", ["out-of-range /cookie/max_age"]),
        (
            "cookie: {name: S, mode: prefix, secure: true}", "",
            ["conflicting-fields /cookie/secure"]
        ),
        ("table: {key: client_ip, idle: 169h}", "", ["out-of-range /table/idle"]),
        ("table: {entries: 1000001}", "", ["out-of-range /table/entries"]),
        ("cookie: {name: S}", "mode: tcp", ["wrong-mode /cookie"]),
        ("table: {key: path}", "mode: tcp", ["wrong-mode /table/key"]),
        ("table: {}", "mode: tcp", []),
    ])
    func stickiness(_ stickiness: String, _ mode: String, _ expected: [String]) {
        let found = problems(
            "{deny: {}}",
            "backends: {s: {stickiness: {\(stickiness)}, \(mode.isEmpty ? "" : mode + ", ")"
                + "servers: {s: {address: '10.0.0.1:1'}}}}\n", backends: "")
        let prefix = "/backends/s/stickiness"
        #expect(
            found.filter { !$0.hasPrefix("unused") }.map { $0.replacing(prefix, with: "") }
                == expected)
    }

    /// What stands for a server stands for no other.
    @Test(arguments: [
        ("a", "b", [String]()), ("a", "a", ["duplicate-key /backends/s"]),
        ("a~", "b", ["invalid-value /backends/s/servers/x/cookie"]),
        (StickyCookie.key(backend: "s", server: "z"), "b", ["duplicate-key /backends/s"]),
    ])
    func cookiesOfServers(_ one: String, _ other: String, _ expected: [String]) {
        let found = problems(
            "{deny: {}}",
            """
            backends: {s: {stickiness: {cookie: {name: S}}, servers: {
              x: {address: '10.0.0.1:1', cookie: '\(one)'},
              y: {address: '10.0.0.1:2', cookie: '\(other)'}, z: {address: '10.0.0.1:3'}}}}
            """, backends: "")
        #expect(found.filter { !$0.hasPrefix("unused") } == expected)
    }

    @Test func theTablesHaveRoomTogether() {
        let server = "servers: {s: {address: '10.0.0.1:1'}}"
        let found = problems(
            "{deny: {}}",
            "backends: {s: {stickiness: {table: {entries: 600000}}, \(server)}, "
                + "t: {stickiness: {table: {entries: 600000}}, \(server)}}", backends: "")
        #expect(found.filter { !$0.hasPrefix("unused") } == ["too-large /backends/s"])
    }

    @Test(arguments: [
        (
            "{match: {path_pattern: '/{id}'}, headers: {set: {X: '%{capture.id}'}}, backend: b}",
            [String]()
        ),
        (
            "{headers: {set: {X: '%{capture.id}'}}, backend: b}",
            ["unknown-reference /frontends/f/routes/0/headers/set/X"]
        ),
        (
            "{match: {path_pattern: '/{id}'}, headers: {}}, "
                + "{rewrite: {path: '/%{capture.id}'}, backend: b}", []
        ),
        (
            "{rewrite: {path: '/%{capture.id}'}}, "
                + "{match: {path_pattern: '/{id}'}, backend: b}, {backend: b}",
            ["unknown-reference /frontends/f/routes/0/rewrite/path"]
        ),
        (
            "{headers: {response: {set: {X: '%{header.a}'}}}, backend: b}",
            ["unknown-variable /frontends/f/routes/0/headers/response/set/X"]
        ),
        (
            "{redirect: {location: '%{header.a}'}}, {match: {path: /}, backend: b}",
            ["invalid-value /frontends/f/routes/0/redirect/location"]
        ),
        (
            "{redirect: {location: '%{path:field(-1,/)}'}}, {match: {path: /}, backend: b}",
            ["invalid-value /frontends/f/routes/0/redirect/location"]
        ),
        (
            "{redirect: {location: '%{status}%{query}'}}, {match: {path: /}, backend: b}",
            ["invalid-value /frontends/f/routes/0/redirect/location"]
        ),
        (
            "{redirect: {location: '%{scheme:field(2,:)}%{query}'}}, {match: {path: /}, backend: b}",
            ["invalid-value /frontends/f/routes/0/redirect/location"]
        ),
        (
            "{redirect: {location: '%{query}'}}, {match: {path: /}, backend: b}",
            ["invalid-value /frontends/f/routes/0/redirect/location"]
        ),
        (
            "{redirect: {location: '%{scheme:lower}://%{host}%{path:lower}'}}, "
                + "{match: {path: /}, backend: b}", []
        ),
        ("{match: {port: [80, 8443]}, backend: b}, {backend: b}", []),
        (
            "{match: {port: [0, 65536, x]}, backend: b}, {backend: b}",
            [
                "out-of-range /frontends/f/routes/0/match/port/0",
                "out-of-range /frontends/f/routes/0/match/port/1",
                "wrong-type /frontends/f/routes/0/match/port/2",
            ]
        ),
        (
            "{rewrite: {path: 'x'}, backend: b}",
            ["invalid-value /frontends/f/routes/0/rewrite/path"]
        ),
        (
            "{rewrite: {path: '/a?b'}, backend: b}",
            ["invalid-value /frontends/f/routes/0/rewrite/path"]
        ),
        (
            "{match: {path_pattern: '/a{b}'}, backend: b}",
            ["invalid-value /frontends/f/routes/0/match/path_pattern"]
        ),
        (
            "{match: {client_ip: '10.0.0.0/33'}, backend: b}",
            ["invalid-value /frontends/f/routes/0/match/client_ip"]
        ),
        (
            "{match: {query: {a: {prefix: x, suffix: y}}}, backend: b}",
            ["conflicting-fields /frontends/f/routes/0/match/query/a"]
        ),
        (
            "{match: {path_regex: ['^/(?<id>a)', '(b']}, backend: b}",
            ["invalid-value /frontends/f/routes/0/match/path_regex/1"]
        ),
        (
            "{match: {path_regex: '^/(?<id>a)'}, rewrite: {path: '/%{capture.id}'}, backend: b}",
            []
        ),
        (
            "{match: {header: {A: {regex: '(?<id>a)'}}}, rewrite: {path: '/%{capture.id}'}, "
                + "backend: b}",
            ["unknown-reference /frontends/f/routes/0/rewrite/path"]
        ),
        (
            "{match: {cookie: {a: {regex: 'a(?=b)'}}}, backend: b}",
            ["invalid-value /frontends/f/routes/0/match/cookie/a/regex"]
        ),
        ("{match: {servers_up: {b: 1}, share: 100%}, backend: b}, {backend: b}", []),
        (
            "{match: {servers_up: {a: 1}}, backend: b}",
            ["unknown-reference /frontends/f/routes/0/match/servers_up/a"]
        ),
        (
            "{match: {servers_up: {b: 0}, share: 101%}, backend: b}",
            [
                "out-of-range /frontends/f/routes/0/match/servers_up/b",
                "out-of-range /frontends/f/routes/0/match/share",
            ]
        ),
        ("{match: {connections_free: {b: 1000000}}, backend: b}, {backend: b}", []),
        (
            "{match: {connections_free: {a: 1}}, backend: b}",
            ["unknown-reference /frontends/f/routes/0/match/connections_free/a"]
        ),
        (
            "{match: {connections_free: {b: 0}}, backend: b}",
            ["out-of-range /frontends/f/routes/0/match/connections_free/b"]
        ),
        (
            "{match: {query: {a: {regex: '${env:X}'}}}, backend: b}",
            ["invalid-value /frontends/f/routes/0/match/query/a/regex"]
        ),
    ])
    func templatesAndMatches(_ routes: String, _ expected: [String]) {
        let found = problems(routes).filter { !$0.hasPrefix("unused") && !$0.hasPrefix("unreach") }
        #expect(found == expected)
    }

    /// The place of the value, and that within the pattern.
    @Test func aProblemOfAPatternTellsItsPlace() throws {
        let errors = read(
            """
            version: 1
            frontends:
              f:
                bind: "*:80"
                routes:
                  - match:
                      path_regex: '^/(a|b))$'
                    respond: {status: 204}
            """
        ).errors
        let problem = try #require(errors.first)
        #expect(errors.count == 1)
        #expect(problem.position == TextPosition(line: 7, column: 23))
        #expect(
            problem.message
                == #""^/(a|b))$" is no regular expression: at byte 8, no group is open "#
                + #"that ")" could close; as itself it is written \)"#)
    }

    @Test(arguments: [
        ("a b\n# c\n\n  c\tb  \r\n", [String]()), ("a b", []), ("", []),
        ("a\n", ["invalid-value /maps/m/file"]), ("a b\nA b\n", ["invalid-value /maps/m/file"]),
        ("a nope\n", ["unknown-reference /frontends/f/routes/0/backend_map"]),
        ("a b\u{1}\n", ["invalid-value /maps/m/file"]),
    ])
    func mapFiles(_ file: String, _ expected: [String]) {
        let found = problems(
            "{backend_map: m}, {backend: b}", "maps: {m: {file: /m}}", files: ["/m": file])
        #expect(found == expected)
    }

    @Test func faultsOfAFileHaveItsLines() {
        let map = ValueMap(name: "m", file: "/m", kind: .cidr, key: .clientIP)
        let text = "10.0.0.0/8 a\n# no\nx b\n10.1.2.3/8 c\n::1 d\ny\n"
        let file = MapFile(Array(text.utf8), path: "/m", map: map)
        #expect(file.lines.map(\.entry.key) == ["10.0.0.0/8", "::1"])
        #expect(file.lines.map(\.number) == [1, 5])
        #expect(file.faults.map { String($0.prefix(5)) } == ["/m:3:", "/m:4:", "/m:6:"])
        let many = (0..<30).map { "k\($0)\n" }.joined()
        #expect(MapFile(Array(many.utf8), path: "/m", map: map).faults.count == 10)
    }

    @Test(arguments: [
        ("maps: {m: {file: /none}}", ["unreadable-file /maps/m/file"]),
        ("maps: {m: {file: none}}", ["invalid-value /maps/m/file"]),
        ("maps: {m: {file: /m, kind: cidr, key: host}}", ["conflicting-fields /maps/m/key"]),
        ("maps: {m: {file: /m, key: body}}", ["invalid-value /maps/m/key"]),
        (
            "maps: {m: {file: /m, default: x}}",
            ["unknown-reference /frontends/f/routes/0/backend_map"]
        ),
        ("maps: {n: {file: /m}}", ["unknown-reference /frontends/f/routes/0/backend_map"]),
    ])
    func maps(_ rest: String, _ expected: [String]) {
        let found = problems("{backend_map: m}, {backend: b}", rest, files: ["/m": ""])
        #expect(found == expected)
    }

    /// What a map holds is part of what a worker is told, and so of the digest.
    @Test func anotherFileIsAnotherConfiguration() throws {
        func digest(_ file: String) throws -> String {
            let text =
                "version: 1\n" + Self.backend
                + "frontends: {f: {bind: '*:80', routes: [{backend_map: m}]}}\nmaps: {m: {file: /m}}"
            let report = ConfigurationSource(
                text: ConfigurationText(bytes: Array(text.utf8)), fileName: "rules.yaml"
            ).report(
                resolving: ReferenceResolver(file: { _, _ in .value(Array(file.utf8)) }) { _ in
                    .missing("")
                })
            _ = try #require(report.configuration)
            return report.valuesSHA256
        }
        #expect(try digest("a b\n") == digest("a b\n"))
        #expect(try digest("a b\n") != digest("a b\nc b\n"))
    }

    @Test func errorPages() throws {
        let text =
            "version: 1\n" + Self.backend
                + """
                defaults: {errors: {"503": {body: "d %{request_id}"}, "404": {file: /404.html}}}
                frontends:
                  f: {bind: '*:80', backend: b, errors: {"503": {type: text/plain, body: f}}}
                """
        let source = ConfigurationSource(
            text: ConfigurationText(bytes: Array(text.utf8)), fileName: "rules.yaml")
        let report = source.report(
            resolving: ReferenceResolver(file: { _, _ in .value(Array("<p>%{path}".utf8)) }) { _ in
                .missing("")
            })
        let pages = try #require(report.configuration).frontends[0].errors
        #expect(pages.map(\.status) == [404, 503])
        #expect(pages[0].body.parts == [.literal("<p>"), .variable(.path)])
        #expect(
            pages[1]
                == ErrorPage(
                    status: 503, contentType: "text/plain", body: Template(literal: "f")))
    }
}
