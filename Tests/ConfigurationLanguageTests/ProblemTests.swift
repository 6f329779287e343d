// Mistakes, one by one: code, place, pointer, suggestion.

import ConfigurationLanguage
import Testing

/// A mistake in a small document, the place where it must be reported, and as what.
struct Mistake: CustomTestStringConvertible, Sendable {
    var text: String
    var code: ConfigurationProblem.Code
    var line: Int
    var column: Int
    var pointer: String
    var suggestion: String?

    var testDescription: String { "\(code.rawValue) at \(pointer)" }

    /// In a line of its own, so that line 2 is the first one of `text`.
    init(
        _ text: String, _ code: ConfigurationProblem.Code, _ line: Int, _ column: Int,
        _ pointer: String, _ suggestion: String? = nil
    ) {
        self.text = "version: 1\n" + text
        self.code = code
        self.line = line
        self.column = column
        self.pointer = pointer
        self.suggestion = suggestion
    }

    /// In a server of an otherwise good document; `column` counts from 0 in `fields`.
    static func server(
        _ fields: String, _ code: ConfigurationProblem.Code, _ column: Int, _ field: String,
        _ suggestion: String? = nil
    ) -> Mistake {
        Mistake(
            "frontends: {f: {bind: '*:80', backend: b}}\nbackends:\n  b:\n    servers:\n      s: {"
                + fields + "}",
            code, 6, 11 + column, "/backends/b/servers/s" + field, suggestion)
    }

    /// In a route of an otherwise good document; `column` counts from 0 in `fields`.
    static func route(
        _ fields: String, _ code: ConfigurationProblem.Code, _ column: Int, _ field: String,
        _ suggestion: String? = nil
    ) -> Mistake {
        Mistake(
            "frontends:\n  f:\n    bind: '*:80'\n    routes:\n    - {" + fields + "}",
            code, 6, 8 + column, "/frontends/f/routes/0" + field, suggestion)
    }
}

@Suite struct ProblemTests {
    static let mistakes: [Mistake] = [
        Mistake("proces: {}", .unknownField, 2, 1, "/proces", "process"),
        Mistake("process: {worker: 2}", .unknownField, 2, 11, "/process/worker", "workers"),
        Mistake("process: {zebra: 2}", .unknownField, 2, 11, "/process/zebra"),
        Mistake("process: {workers: two}", .wrongType, 2, 20, "/process/workers"),
        Mistake("process: {workers: '2'}", .wrongType, 2, 20, "/process/workers"),
        Mistake("process: {workers: 2.0}", .wrongType, 2, 20, "/process/workers"),
        Mistake("process: {workers: 0}", .outOfRange, 2, 20, "/process/workers"),
        Mistake("process: {workers: 65}", .outOfRange, 2, 20, "/process/workers"),
        Mistake(
            "process: {workers: 99999999999999999999}", .outOfRange, 2, 20, "/process/workers"),
        Mistake("process: {workers: }", .wrongType, 2, 20, "/process/workers"),
        Mistake("process: {workers: [1]}", .wrongType, 2, 20, "/process/workers"),
        Mistake("process: {threads: many}", .wrongType, 2, 20, "/process/threads"),
        Mistake("process: {max_reloads: none}", .wrongType, 2, 24, "/process/max_reloads"),
        Mistake("process: {kill_after: 10}", .wrongType, 2, 23, "/process/kill_after", "10s"),
        Mistake("process: {kill_after: 10 s}", .wrongType, 2, 23, "/process/kill_after"),
        Mistake("process: {kill_after: 0s}", .outOfRange, 2, 23, "/process/kill_after"),
        Mistake("process: {group: www}", .missingField, 2, 11, "/process/group"),
        Mistake("process: {user: ''}", .invalidValue, 2, 17, "/process/user"),
        Mistake("process: {user: 4294967295}", .outOfRange, 2, 17, "/process/user"),
        Mistake("process: [1]", .wrongType, 2, 10, "/process"),
        Mistake("process: 5", .wrongType, 2, 10, "/process"),
        Mistake("admin: {config_source: etcd}", .notSupportedYet, 2, 24, "/admin/config_source"),
        Mistake("admin: {socket: {mode: rw}}", .invalidValue, 2, 24, "/admin/socket/mode"),
        Mistake("admin: {socket: {mode: 1777}}", .invalidValue, 2, 24, "/admin/socket/mode"),
        Mistake("admin: {socket: {mode: 0660}}", .wrongType, 2, 24, "/admin/socket/mode"),
        Mistake("admin: {socket: {path: a.sock}}", .invalidValue, 2, 24, "/admin/socket/path"),
        Mistake(
            "admin: {roles: {opreate: []}}", .unknownField, 2, 17, "/admin/roles/opreate", "operate"
        ),
        Mistake("admin: {roles: {read: apus}}", .invalidValue, 2, 23, "/admin/roles/read"),
        Mistake(
            "admin: {roles: {read: [groop:apus]}}", .invalidValue, 2, 24, "/admin/roles/read/0",
            "group:apus"),
        Mistake("admin: {roles: {read: ['user:']}}", .invalidValue, 2, 24, "/admin/roles/read/0"),
        Mistake("admin: {roles: {read: 'cert:deploy'}}", .invalidValue, 2, 23, "/admin/roles/read"),
        Mistake(
            "admin: {roles: {read: 'cert:CN=a,O='}}", .invalidValue, 2, 23, "/admin/roles/read"),
        Mistake("admin: {tcp: {listen: '*:1'}}", .missingField, 2, 14, "/admin/tcp"),
        Mistake(
            "admin: {tcp: {listen: '127.0.0.1:1', tls: {chain: /c, key: /k}}}", .missingField, 2,
            14, "/admin/tcp"),
        Mistake(
            "admin: {tcp: {listen: '127.0.0.1:1', tls: {chain: /c, key: k}, tokens: /t}}",
            .invalidValue, 2, 60, "/admin/tcp/tls/key"),
        Mistake(
            "admin: {tcp: {listen: [], tls: {chain: /c, key: /k}, tokens: /t}}", .missingField, 2,
            23, "/admin/tcp/listen"),
        Mistake(
            "admin: {tcp: {listen: '*:1', tls: {chain: /c, key: /k}, tokens: /t, hosts: 'a:1'}}",
            .invalidValue, 2, 76, "/admin/tcp/hosts"),
        Mistake(
            "admin: {metrics: {listen: ['127.0.0.1:1', '*:2']}}", .plaintextListener, 2, 43,
            "/admin/metrics/listen/1"),
        Mistake(
            "admin: {metrics: {listen: '127.0.0.1:1'}}\n"
                + "frontends: {f: {bind: '*:1', routes: [{respond: {}}]}}",
            .duplicateAddress, 3, 23, "/frontends/f/bind"),
        Mistake(
            "admin: {metrics: {listen: '127.0.0.1:1'}}\n"
                + "backends: {b: {servers: {s: {address: '127.0.0.1:1'}}}}",
            .protectedAddress, 3, 39, "/backends/b/servers/s/address"),
        Mistake("log: {level: warn}", .invalidValue, 2, 14, "/log/level"),
        Mistake("log: {level: eror}", .invalidValue, 2, 14, "/log/level", "error"),
        Mistake("log: {access: {to: stdot}}", .invalidValue, 2, 20, "/log/access/to", "stdout"),
        Mistake("log: {access: {to: no}}", .invalidValue, 2, 20, "/log/access/to"),
        Mistake(
            "log: {access: {syslog: {address: 'tcp:10.0.0.1'}}}", .invalidValue, 2, 34,
            "/log/access/syslog/address"),
        Mistake(
            "log: {access: {syslog: {address: 'tcp:/dev/log'}}}", .invalidValue, 2, 34,
            "/log/access/syslog/address"),
        Mistake(
            "log: {access: {syslog: {address: 'tcp:logs.internal:601'}}}", .invalidValue, 2, 34,
            "/log/access/syslog/address"),
        Mistake(
            "log: {access: {syslog: {address: 'tcp:0.0.0.0:601'}}}", .invalidValue, 2, 34,
            "/log/access/syslog/address"),
        Mistake(
            "log: {access: {syslog: {address: 'tcp:10.0.0.1:0'}}}", .outOfRange, 2, 34,
            "/log/access/syslog/address"),
        Mistake(
            "backends: {b: {timeouts: {queue: 1s}, servers: {s: {address: '10.0.0.1:80'}}}}",
            .conflictingFields, 2, 27, "/backends/b/timeouts/queue"),
        Mistake(
            "frontends: {f: {bind: '*:80', routes: [{respond: {}, priority: 1}]}}",
            .conflictingFields, 2, 64, "/frontends/f/routes/0/priority"),
        Mistake("include: [a.yaml]", .fileMissing, 2, 10, "/include"),
        Mistake("include: [a.yaml, '']", .invalidValue, 2, 19, "/include/1"),
        Mistake("include: conf.d/**/*.yaml", .invalidValue, 2, 10, "/include"),
        Mistake("include: conf.d/", .invalidValue, 2, 10, "/include", "conf.d/*.yaml"),
        Mistake("include: '${env:HOME}/a.yaml'", .invalidValue, 2, 10, "/include"),
        Mistake("frontends: {a b: {bind: '*:80'}}", .invalidValue, 2, 13, "/frontends/a b"),
        Mistake("frontends: {f: {backend: b}}", .unreachableFrontend, 2, 16, "/frontends/f"),
        Mistake("frontends: {f: {mode: tcp, backend: b}}", .missingField, 2, 16, "/frontends/f"),
        Mistake("frontends: {f: {bind: '*:80'}}", .missingField, 2, 16, "/frontends/f"),
        Mistake(
            "frontends: {f: {bind: '*:80', backend: b}}", .unknownReference, 2, 40,
            "/frontends/f/backend"),
        Mistake(
            "frontends: {f: {bind: '*:80', backend: wbe}}\n"
                + "backends: {web: {servers: {s: {address: '10.0.0.1:80'}}}}",
            .unknownReference, 2, 40, "/frontends/f/backend", "web"),
        Mistake(
            "frontends: {f: {mode: tcp, bind: '*:80', backend: web}}\n"
                + "backends: {web: {servers: {s: {address: '10.0.0.1:80'}}}}",
            .wrongMode, 2, 51, "/frontends/f/backend"),
        Mistake(
            "frontends:\n  f: {mode: tcp, bind: '*:1', backend: b, limits: {}}\n"
                + "backends: {b: {mode: tcp, servers: {s: {address: '10.0.0.1:80'}}}}",
            .wrongMode, 3, 43, "/frontends/f/limits"),
        Mistake(
            "frontends:\n  f: {mode: tcp, bind: '*:1', routes: [{match: {host: a}, backend: b}]}\n"
                + "backends: {b: {mode: tcp, servers: {s: {address: '10.0.0.1:80'}}}}",
            .wrongMode, 3, 49, "/frontends/f/routes/0/match/host"),
        Mistake(
            "frontends:\n  f: {bind: '*:80', timeouts: {server: 1s}, routes: [{respond: {}}]}",
            .conflictingFields, 3, 32, "/frontends/f/timeouts/server"),
        Mistake(
            "frontends:\n  f: {bind: 80, routes: [{respond: {}}]}", .invalidValue, 3, 13,
            "/frontends/f/bind", "*:80"),
        Mistake(
            "frontends:\n  f: {bind: ['*:80', '*:0'], routes: [{respond: {}}]}", .outOfRange, 3, 22,
            "/frontends/f/bind/1"),
        Mistake(
            "frontends:\n  f: {bind: ['*:80', '*:90-89'], routes: [{respond: {}}]}", .outOfRange, 3,
            22, "/frontends/f/bind/1"),
        Mistake(
            "frontends:\n  f: {bind: '*:1000-2000', routes: [{respond: {}}]}", .tooLarge, 3, 13,
            "/frontends/f/bind"),
        Mistake(
            "frontends:\n  f: {bind: ['*:1000-1999', '*:2000-2999', '*:3000-3048'], "
                + "routes: [{respond: {}}]}", .tooLarge, 3, 44, "/frontends/f/bind/2"),
        Mistake(
            "frontends:\n  f: {bind: ['*:80-90', '*:85'], routes: [{respond: {}}]}",
            .duplicateAddress, 3, 25, "/frontends/f/bind/1"),
        Mistake(
            "frontends:\n  f: {bind: ['*:80-90', '127.0.0.1:90-91'], routes: [{respond: {}}]}",
            .duplicateAddress, 3, 25, "/frontends/f/bind/1"),
        Mistake(
            "frontends:\n  f: {bind: ['*:80', {address: '*:80', interface: eth0}], "
                + "routes: [{respond: {}}]}", .duplicateAddress, 3, 32,
            "/frontends/f/bind/1/address"),
        Mistake(
            "frontends:\n  f: {bind: ['*:80', {address: '[::]:80', v6only: false}], "
                + "routes: [{respond: {}}]}", .duplicateAddress, 3, 32,
            "/frontends/f/bind/1/address"),
        Mistake(
            "frontends:\n  f: {bind: {address: '*:80', v6only: false}, routes: [{respond: {}}]}",
            .conflictingFields, 3, 39, "/frontends/f/bind/v6only"),
        Mistake(
            "frontends:\n  f: {bind: {address: '*:80', interface: a/b}, routes: [{respond: {}}]}",
            .invalidValue, 3, 42, "/frontends/f/bind/interface"),
        Mistake(
            "frontends:\n  f: {bind: {address: '*:80', interface: abcdefghijklmnop}, "
                + "routes: [{respond: {}}]}", .tooLarge, 3, 42, "/frontends/f/bind/interface"),
        Mistake(
            "frontends:\n  f: {bind: {address: '*:80', group: a}, routes: [{respond: {}}]}",
            .conflictingFields, 3, 31, "/frontends/f/bind/group"),
        Mistake(
            "frontends:\n  f: {bind: ['*:80', '127.0.0.1:80'], routes: [{respond: {}}]}",
            .duplicateAddress, 3, 22, "/frontends/f/bind/1"),
        Mistake(
            "frontends:\n  f: {bind: '[::1]:80', routes: [{respond: {}}]}\n"
                + "  a: {bind: '[::]:80', routes: [{respond: {}}]}",
            .duplicateAddress, 4, 13, "/frontends/a/bind"),
        Mistake(
            "frontends:\n  f: {bind: '*:80', tls: {}, routes: [{respond: {}}]}", .notSupportedYet,
            3, 21, "/frontends/f/tls"),
        .server("adress: '10.0.0.1:80'", .missingField, -1, ""),
        .server("address: '10.0.0.1'", .invalidValue, 9, "/address"),
        .server("address: 'web..example.com:80'", .invalidValue, 9, "/address"),
        .server(
            "address: 'a:80', check: {address: 'b:80'}", .invalidValue, 34, "/check/address"),
        .server("address: '*:80'", .invalidValue, 9, "/address"),
        .server("address: '0.0.0.0:80'", .invalidValue, 9, "/address"),
        .server("address: '10.0.0.1:80', wieght: 5", .unknownField, 24, "/wieght", "weight"),
        .server("address: '10.0.0.1:80', weight: 257", .outOfRange, 32, "/weight"),
        .server("address: '10.0.0.1:80', backup: 1", .wrongType, 32, "/backup"),
        .server("address: '10.0.0.1:80', slow_start: 2h", .outOfRange, 36, "/slow_start"),
        .route("id: a", .missingField, -1, ""),
        .route("headers: {set: {}}, rate_limit: {}", .missingField, 32, "/rate_limit"),
        .route("deny: {status: 200}", .outOfRange, 15, "/deny/status"),
        .route("tarpit: {delay: 2h}", .outOfRange, 16, "/tarpit/delay"),
        .route("deny: {}, tarpit: {}", .conflictingFields, -1, ""),
        .route("respond: {}, redirect: {status: 301, path: /}", .conflictingFields, -1, ""),
        .route("respond: {status: 99}", .outOfRange, 18, "/respond/status"),
        .route("respond: {status: 204, body: x}", .conflictingFields, 29, "/respond/body"),
        .route("redirect: {}", .missingField, 10, "/redirect"),
        .route("redirect: {path: /, location: /}", .conflictingFields, 10, "/redirect"),
        .route("redirect: {path: /, status: 304}", .outOfRange, 28, "/redirect/status"),
        .route("redirect: {scheme: ftp}", .invalidValue, 19, "/redirect/scheme"),
        .route("respond: {}, match: {path: a}", .invalidValue, 27, "/match/path", "/a"),
        .route("respond: {}, match: {path: '/a?b'}", .invalidValue, 27, "/match/path"),
        .route("respond: {}, match: {method: get}", .invalidValue, 29, "/match/method", "GET"),
        .route("respond: {}, match: {host: 'a:80'}", .invalidValue, 27, "/match/host"),
        .route("respond: {}, match: {host: []}", .invalidValue, 27, "/match/host"),
        .route(
            "respond: {}, match: {path_prefx: /}", .unknownField, 21, "/match/path_prefx",
            "path_prefix"),
        .route("respond: {}, headers: {set: {Host: a}}", .invalidValue, 29, "/headers/set/Host"),
        .route("respond: {}, headers: {set: {'A B': a}}", .invalidValue, 29, "/headers/set/A B"),
        .route(#"respond: {}, headers: {set: {A: "x\r\ny"}}"#, .invalidValue, 32, "/headers/set/A"),
        .route("respond: {}, headers: {remove: TE}", .invalidValue, 31, "/headers/remove"),
        .route(
            "respond: {}, headers: {set: {A: '%{genration}'}}", .unknownVariable, 33,
            "/headers/set/A", "generation"),
        .route("respond: {body: '%{path} é %{nope}'}", .unknownVariable, 27, "/respond/body"),
        .route(#"respond: {body: "\n\t%{pid} %{nope}"}"#, .unknownVariable, 28, "/respond/body"),
        .route("respond: {body: 'a %{open'}", .invalidValue, 19, "/respond/body"),
        .route("respond: {body: '${env:A B}'}", .invalidValue, 16, "/respond/body"),
        .route("respond: {body: 'a ${cred:x'}", .invalidValue, 16, "/respond/body"),
        .route("respond: {}, id: '${env:HOME}'", .invalidValue, 17, "/id"),
        Mistake(
            "frontends:\n  f:\n    bind: '*:80'\n    routes:\n    - respond:\n        body: |\n"
                + "          %{path}\n          and %{nope}\n",
            .unknownVariable, 9, 15, "/frontends/f/routes/0/respond/body"),
    ]

    @Test(arguments: mistakes + mistakesWithUnixSockets)
    func isReportedAtItsPlace(_ mistake: Mistake) {
        let errors = read(mistake.text).errors
        let found = errors.first { $0.code == mistake.code && $0.pointer == mistake.pointer }
        guard let found else {
            Issue.record("not reported; instead: \(errors.map(\.description))")
            return
        }
        #expect(found.position == TextPosition(line: mistake.line, column: mistake.column))
        #expect(found.suggestion == mistake.suggestion)
    }

    @Test func everyProblemAtOnceInReadingOrder() {
        let errors = read(
            "process: {workers: x, zebra: 1}\nfrontends: {f: {bind: '*:0', backend: b}}\nlogg: {}"
        ).errors
        #expect(
            errors.map(\.code) == [
                .missingField, .wrongType, .unknownField, .outOfRange, .unknownReference,
                .unknownField,
            ])
    }

    @Test func textForm() {
        let problem = read("version: 1\nlog: {levle: info}").errors[0]
        #expect(
            problem.description
                == #"test.yaml:2:7: error: unknown field "levle", did you mean "level"? "#
                + "(/log/levle)"
        )
        let hostile = read("version: 1\n\"a\\e[31m/~\": 1").errors[0]
        #expect(hostile.pointer == "/a\u{1B}[31m~1~0")
        #expect(!hostile.description.unicodeScalars.contains("\u{1B}"))
    }

    @Test func addressTwiceNamesBothPlaces() {
        let errors = read(
            "version: 1\nfrontends:\n  a: {bind: '*:80', routes: [{respond: {}}]}\n"
                + "  b: {bind: 'localhost:80', routes: [{respond: {}}]}"
        ).errors
        #expect(errors.map(\.code) == [.duplicateAddress])
        #expect(errors.first?.position == TextPosition(line: 4, column: 13))
        #expect(
            errors.first?.message
                == "127.0.0.1:80 is taken by 0.0.0.0:80 in line 3, column 13 (/frontends/a/bind)")
    }

    @Test func interfacesStandSideBySide() throws {
        _ = try configuration(
            """
            version: 1
            frontends:
              a: {bind: {address: "*:80", interface: eth0}, routes: [{respond: {}}]}
              b: {bind: {address: "*:80", interface: eth1}, routes: [{respond: {}}]}
              c: {bind: {address: "[::]:80-90", v6only: false, interface: eth2},
                routes: [{respond: {}}]}
            """)
    }

    @Test func bothFamiliesStandSideBySide() throws {
        _ = try configuration(
            "version: 1\nfrontends: {a: {bind: ['*:80', '[::]:80'], routes: [{respond: {}}]}}")
    }

    @Test func warnings() {
        let warnings = read(
            """
            version: 1
            frontends:
              f:
                bind: "*:80"
                routes:
                - match: {path_prefix: /}
                  backend: b
                - respond: {status: 404}
            backends:
              b: {servers: {s: {address: "10.0.0.1:80", weight: 0}}}
              c: {servers: {s: {address: "10.0.0.1:80"}}}
            """
        ).warnings
        #expect(warnings.map(\.code) == [.unreachableRoute, .noWeight, .unusedBackend])
        #expect(warnings.allSatisfy { $0.severity == .warning })
        #expect(read("version: 1").warnings.map(\.code) == [.noFrontend])
    }

    /// A slow start that nothing comes of is said, with its place; one that counts is not.
    @Test(arguments: [
        ("source", "", true), ("first", "", true), ("{hash: path}", "", true),
        ("{hash: path, bound: 150%}", "", false), ("{hash: path}", ", max_connections: 5", false),
        ("peak_ewma", "", false), ("round_robin", "", false),
    ])
    func slowStartWithoutWeights(balance: String, more: String, isWarned: Bool) {
        let warnings = read(
            """
            version: 1
            frontends: {f: {bind: "*:80", backend: b}}
            backends:
              b:
                balance: \(balance)
                servers: {s: {address: "10.0.0.1:80", slow_start: 5s\(more)}}
            """
        ).warnings
        #expect(warnings.map(\.code) == (isWarned ? [.conflictingFields] : []))
        #expect(
            warnings.allSatisfy {
                $0.pointer == "/backends/b/servers/s/slow_start" && $0.position?.line == 6
            })
    }

    @Test func atMostAHundred() {
        let text = "version: 1\n" + (1...5_000).map { "x\($0): 1\n" }.joined()
        let errors = read(text).errors
        #expect(errors.count == 100)
        #expect(errors.first?.position == TextPosition(line: 2, column: 1))
    }

    @Test func ownerIsTheNearest() {
        let text = """
            version: 1
            frontends:
              f: {labels: {owner: team-f}, bind: "*:80", routes: [
                {labels: {owner: team-r}, respond: {status: 1}}, {respond: {status: 1}}]}
            """
        #expect(read(text).errors.map(\.owner) == ["team-r", "team-f"])
    }
}
