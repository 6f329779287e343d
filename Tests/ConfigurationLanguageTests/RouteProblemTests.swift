// Routes of connections, passwords, lines of the log and rules on our own errors: what is wrong with
// them, and where.

import Model
import Testing

@testable import ConfigurationLanguage

@Suite struct RouteProblemTests {
    /// A document with one HTTP frontend that has these routes; problems as `code pointer`.
    private func problems(_ routes: String, _ rest: String = "") -> [String] {
        let text =
            "version: 1\nbackends: {b: {servers: {s: {address: '10.0.0.1:1'}}}}\n"
            + "frontends: {f: {bind: '*:80', routes: [\(routes)]}}\n" + rest
        let report = ConfigurationSource(
            text: ConfigurationText(bytes: Array(text.utf8)), fileName: "routes.yaml"
        ).report(resolving: ReferenceResolver { _ in .missing("") })
        return (report.errors + report.warnings).map { "\($0.code.rawValue) \($0.pointer)" }
    }

    /// A connection has no requests, a request no TLS hello.
    @Test(arguments: [
        ("match: {all: a}, backend: t", "conditions: {a: {client_ip: 10.0.0.0/8}}", []),
        ("match: {all: a}, deny: {}", "conditions: {a: {sni: x.example}}", []),
        (
            "match: {none: a}, backend: t", "conditions: {a: {any: b}, b: {path: /x}}",
            ["wrong-mode /frontends/t/routes/0/match/none"]
        ),
        (
            "match: {all: a}, deny: {status: 403}", "conditions: {a: {}}",
            ["wrong-mode /frontends/t/routes/0/deny/status"]
        ),
        ("match: {http: true, none: a}, deny: {}", "conditions: {a: {http: false, sni: x}}", []),
        ("match: {http: 1}, deny: {}", "", ["wrong-type /frontends/t/routes/0/match/http"]),
        ("frontend: t", "", ["wrong-mode /frontends/t/routes/0/frontend"]),
        ("frontend: u", "", ["unknown-reference /frontends/t/routes/0/frontend"]),
        ("frontend: [t]", "", ["wrong-type /frontends/t/routes/0/frontend"]),
        ("frontend: t, backend: t", "", ["conflicting-fields /frontends/t/routes/0"]),
        (
            "frontend: t, priority: 1", "",
            [
                "wrong-mode /frontends/t/routes/0/frontend",
                "conflicting-fields /frontends/t/routes/0/priority",
            ]
        ),
        ("deny: {}, backend: t", "", ["conflicting-fields /frontends/t/routes/0"]),
        ("match: {sni: x}", "", ["missing-field /frontends/t/routes/0"]),
        ("rate_limit: {use: l}", "rate_limits: {l: {rate: 1/s}}", []),
        (
            "rate_limit: {use: l, status: 429}", "rate_limits: {l: {rate: 1/s}}",
            ["wrong-mode /frontends/t/routes/0/rate_limit/status"]
        ),
        (
            "rate_limit: {use: l}", "rate_limits: {l: {rate: 1/s, key: path}}",
            ["wrong-mode /frontends/t/routes/0/rate_limit/use"]
        ),
    ])
    func routesOfConnections(_ route: String, _ rest: String, _ expected: [String]) {
        let backends = """
            backends: {t: {mode: tcp, servers: {s: {address: '10.0.0.1:1'}}}}

            """
        let text =
            "version: 1\n" + backends
            + "frontends: {t: {mode: tcp, bind: '*:80', routes: [{\(route)}, {backend: t}]}}\n"
            + rest
        let report = read(text)
        #expect(
            (report.errors + report.warnings).map { "\($0.code.rawValue) \($0.pointer)" }
                == expected)
    }

    /// A frontend of mode http, without an address of its own, behind one of mode tcp.
    @Test(arguments: [
        ("w: {routes: [{respond: {}}]}", "frontend: w", []),
        ("w: {bind: '*:81', routes: [{respond: {}}]}", "frontend: w", []),
        ("w: {bind: '*:81', routes: [{respond: {}}]}", "deny: {}", []),
        (
            "w: {routes: [{respond: {}}]}", "deny: {}", ["unreachable-frontend /frontends/w"]
        ),
        ("w: {}", "frontend: w", ["missing-field /frontends/w"]),
        (
            "w: {bind: [], routes: [{respond: {}}]}", "frontend: w",
            ["missing-field /frontends/w/bind"]
        ),
        (
            "w: {proxy_protocol: {from: 10.0.0.0/8}, routes: [{respond: {}}]}", "frontend: w",
            ["conflicting-fields /frontends/w/proxy_protocol"]
        ),
        (
            "w: {mode: tcp, routes: [{deny: {}}]}", "frontend: w",
            ["missing-field /frontends/w", "wrong-mode /frontends/t/routes/0/frontend"]
        ),
        (
            "w: {routes: [{frontend: w}]}", "frontend: w",
            ["wrong-mode /frontends/w/routes/0/frontend"]
        ),
        (
            "w: {routes: [{match: {http: true}, respond: {}}]}", "frontend: w",
            ["wrong-mode /frontends/w/routes/0/match/http"]
        ),
        (
            "web: {routes: [{respond: {}}]}, w: {bind: '*:81', routes: [{respond: {}}]}",
            "frontend: wen",
            [
                "unknown-reference /frontends/t/routes/0/frontend",
                "unreachable-frontend /frontends/web",
            ]
        ),
    ])
    func frontendsBehindOthers(_ frontends: String, _ route: String, _ expected: [String]) {
        let text =
            "version: 1\nfrontends: {t: {mode: tcp, bind: '*:80', routes: [{\(route)}]}, "
            + "\(frontends)}\n"
        let report = read(text)
        let problems = report.errors + report.warnings
        #expect(Set(problems.map { "\($0.code.rawValue) \($0.pointer)" }) == Set(expected))
        #expect(
            problems.first { $0.code == .unknownReference }?.suggestion
                == (route.contains("wen") ? "web" : nil))
    }

    @Test func aHelloIsNothingOfARequest() {
        #expect(
            problems("{match: {all: a}, backend: b}", "conditions: {a: {none: c}, c: {sni: x}}")
                == ["wrong-mode /frontends/f/routes/0/match/all"])
        #expect(
            problems("{match: {all: a}, backend: b}", "conditions: {a: {none: c}, c: {http: true}}")
                == ["wrong-mode /frontends/f/routes/0/match/all"])
    }

    @Test(arguments: [
        ("line: '%{client_ip} %{status}'", []),
        ("line: 'nothing'", ["invalid-value /log/access/line"]),
        ("line: '%{client_ipp}'", ["unknown-variable /log/access/line"]),
        ("line: '%{status} %{status}'", ["duplicate-key /log/access/line"]),
        ("line: '%{status'", ["invalid-value /log/access/line"]),
        ("line: '%{status}', format: text", ["conflicting-fields /log/access/line"]),
    ])
    func lines(_ access: String, _ expected: [String]) {
        #expect(
            problems("{backend: b}", "log: {access: {\(access)}}") == expected)
    }

    /// Who may connect to a name that is no file, nobody says.
    @Test func anAbstractNameVouchesForNobody() {
        let report = read(
            """
            version: 1
            frontends: {f: {bind: "unix:@f", proxy_protocol: {from: 10.0.0.0/8},
              routes: [{respond: {status: 204}}]}}
            """)
        #expect(report.errors.map(\.code) == [.conflictingFields])
        #expect(report.errors.first?.pointer == "/frontends/f/proxy_protocol")
    }

    private static let hash =
        "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN"
        + ".Pq.H91p5hVO1"

    /// What is given for a hash is never repeated: it may be the password.
    @Test(arguments: [
        ("{users: l}", "l: {a: '\(hash)'}", []),
        (
            "{users: x}", "l: {a: '\(hash)'}",
            ["unknown-reference /frontends/f/routes/0/auth/users", "unused-user-list /users/l"]
        ),
        ("{users: l}", "l: {}", ["missing-field /users/l"]),
        ("{users: l}", "l: {a: hunter2secret}", ["invalid-value /users/l/a"]),
        ("{users: l}", "l: {'a:b': '\(hash)'}", ["invalid-value /users/l/a:b"]),
        ("{users: l}", "l: {a: '$1$salt$qJH7.N4xYta3aEG/dfqo/0'}", ["weak-hash /users/l/a"]),
        (
            "{users: l}", "l: {a: '\("$6$rounds=999" + hash.dropFirst(2))'}",
            ["weak-hash /users/l/a"]
        ),
        ("{users: l}", "l: {a: '\(hash.dropLast())'}", ["invalid-value /users/l/a"]),
        ("{users: l}", "l: {a: averylongpassword}", ["invalid-value /users/l/a"]),
        (
            "{users: l, realm: 'a\"b'}", "l: {a: '\(hash)'}",
            ["invalid-value /frontends/f/routes/0/auth/realm"]
        ),
    ])
    func users(_ auth: String, _ lists: String, _ expected: [String]) {
        #expect(
            problems("{auth: \(auth), backend: b}", "users: {\(lists)}") == expected)
        let text = "version: 1\nusers: {l: {a: hunter2secret}}\n"
        #expect(!read(text).errors.contains { $0.message.contains("hunter2") })
    }

    @Test func alwaysNeedsEdits() {
        #expect(
            problems("{headers: {response: {always: true}}, backend: b}")
                == ["missing-field /frontends/f/routes/0/headers/response/always"])
    }
}
