// The effective document: everything filled in, in the language, and read again as the same.

import ConfigurationLanguage
import JSON
import Model
import Testing

@Suite struct EffectiveDocumentTests {
    /// Everything that the model can hold, in forms that are easy to lose.
    private static let everything = #"""
        version: 1
        process: {workers: 3, threads: 2, max_connections: 7, max_reloads: null, kill_after: 1500ms,
          probation: 0s, hard_stop_after: 36h, reload_rate: 30/m, user: www-data,
          group: 33}
        admin: {socket: {path: /run/a.sock, mode: "600", group: ops},
          roles: {admin: "user:0", read: [group:apus, "cert:CN=a b,OU=x"]},
          tcp: {listen: ["127.0.0.1:9443", "[::1]:9443"], tokens: /t, hosts: [A.example, b],
            tls: {chain: /c, key: /k, client_ca: /a}}, metrics: {listen: "*:9109", hosts: m,
            tls: {chain: /c2, key: /k2}}}
        log: {access: {to: /var/log/apus.log, format: text, sample: 1/50, syslog: {tag: edge,
          address: "[2001:db8::1]:514", facility: local3}}, level: warning}
        defaults: {timeouts: {connect: 1s, client: 90s, server: 2m, tunnel: 1h, queue: 3s,
          client_fin: 3s, server_fin: 1m}}
        frontends:
          web:
            bind: ["*:80", "[::1]:81"]
            max_connections: 9
            timeouts: {http_request: 1ms}
            limits: {head: 2k, fields: 5, target: 100, body: 3g, min_rate: 9}
            paths: {merge_slashes: false, parameters: drop}
            errors: {"503": {body: "x %{pid}%%{"}, "400": {type: text/plain, body: ""}}
            headers:
              forwarded_for: off
              set: {X-A: "50%%", X-B: "%{client_ip:network(24,64):field(1,:)}"}
              add: {X-C: ["1", "%%{x}", ""]}
              remove: [X-D, x-d]
              request: {replace: {cookie: {regex: d, with: "%{path}"}},
                set: {X-B: again, X-Z: "100%", X-Y: "%%%{pid}%%%%"}, add: {X-C: "2"}}
              replace: {Cookie: [{regex: "(a)|(?<b>b)", with: "%{group.b}%{group.1}%%{"}, {regex: c,
                with: ""}]}
              response: {remove: Server, set: {B: b, A: a}, replace: {X: {regex: 'a"b\d', with: x}},
                by_status: [{status: [404, "599-500"], set: {B: c}}, {status: 201, remove: [x, Y],
                replace: {Z: {regex: q, with: ""}}, add: {A: [1, "%{status}"]}}],
                always: true}
            routes:
              - {match: {host: ["*.example.com", a.b], path: /p, path_prefix: [/q/, /], method: GET,
                   scheme: http,
                   header: {X-Any: null, X-One: "1", X-Two: [a, b]}}, backend: api, priority: 0}
              - {id: f, match: {all: c, any: [a, b], none: [b]}, headers: {add: {X-F: "%{header.x-a}"}}}
              - {id: g, match: {path_pattern: [/, "/u/{id}", "/u//{all_2*}"], path_suffix: [.a, /],
                  path_regex: ['^/(?<id>\d+)$', "a|b"],
                  query: {"a b": [{prefix: x}, y], z: null}, cookie: {C: {contains: "1"}},
                  header: {X-S: [{suffix: s}, t], X-T: {regex: "^a{2}$"}}, share: 0%,
                  servers_up: {api: 2, db: 1}, connections_free: {c1: 1000000}, port: [80, 8443],
                  client_ip: ["10.1.2.3/8", "::/0", "192.0.2.1"]},
                 rewrite: {path: "/v/%{capture.id}%{query.q}%%", query: {keep: [], remove: [a, b],
                  set: {"x y": "%{cookie.C}"}, add: {z: "1"}}},
                 respond: {body: "%{capture.all_2} %{header.X-A:json(a.0):upper}"}}
              - {id: h, rewrite: {path_prefix: {from: /a/, to: /}, query: {keep: a}}}
              - {id: r, headers: {set: {Q: "no"}}, redirect: {location: "https://%{host}/"}}
              - {id: s, redirect: {status: 308, scheme: https, host: "h:1", path: /x}}
              - {id: t, auth: {users: staff, realm: "The Office"}, respond: {status: 204}}
              - {id: v, auth: {users: staff}, headers: {set: {X-User: "%{user}"}}}
              - {id: u, respond: {body: "%{path}% %%%{query}", type: text/html}}
          inner: {routes: [{respond: {status: 204}}]}
          raw:
            mode: tcp
            bind: [{address: "*:90", interface: eth1, max_connections: 5,
              backlog: 9, defer_accept: 5s, user_timeout: 1500ms}, "*:91-95",
              {address: "[::]:96-97", v6only: false, transparent: true},
              {address: "*:90", interface: eth0}, "unix:/c", "fd:7",
              {address: "fd:a.b", defer_accept: 2s},
              {address: "unix:/b", mode: "0666", user: u, group: g}]
            timeouts: {inspect: 7s}
            proxy_protocol: {from: [10.1.2.3/8, "::1"], others: plain}
            routes:
              - {id: tls, match: {sni: ["*.A.example", b.example], client_ip: "2001:db8::/32"},
                  backend: db}
              - {id: l, match: {all: d}, rate_limit: {use: r}}
              - {id: no, match: {none: d}, deny: {}}
              - {id: h, match: {http: true}, frontend: inner}
              - {id: o, match: {http: false, all: e}, deny: {}}
              - {id: rest, match: {client_ip: [10.0.0.0/8, 192.0.2.1]}, backend: db}
        rate_limits: {r: {rate: 1/s}}
        users:
          staff: {b: "$5$s$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            a b: "$5$s$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
        conditions:
          c: {all: a, host: c.example}
          a: {client_ip: 10.0.0.0/8}
          b: {}
          d: {any: a, sni: d.example}
          e: {http: false}
        backends:
          api: {timeouts: {server: 5s}, queue: {max: 7, timeout: 1500ms},
            backups: first, on_removed: end_sessions,
            reuse: {policy: always, max_idle: 0, idle_timeout: 90s},
            retries: {count: 2, when: ["503", empty_response], budget: 7%, buffer: 1k},
            servers: {b: {address: "10.0.0.1:1", max_connections: 70, max_queue: 0}, a: {address:
            "[2001:db8::1]:2", weight: 0}}}
          c1: {stickiness: {cookie: {name: S, forward: true, http_only: false, secure: true,
            same_site: none, domain: example.com, max_age: 90s}}, servers: {a: {address:
            "10.0.0.1:1", cookie: "1"}, b: {address: "10.0.0.1:2"}}}
          c2: {stickiness: {cookie: {name: S, mode: prefix}}, servers: {a: {address: "10.0.0.1:1"}}}
          c3: {stickiness: {table: {key: "header:X-A", entries: 2k, idle: 90s}},
            servers: {a: {address: "10.0.0.1:1"}}}
          n: {source: 10.0.0.5, resolve_interval: off, initial_address: [dns, last, none],
            servers: {a: {address: "App.Internal:1", allow_link_local: true, disabled: true},
            c: {address: "c:1", initial_address: [10.0.0.12]}, b: {address: "[::1]:2", source: "::1"}}}
          db: {mode: tcp, proxy_protocol: v2, stickiness: {table: {}},
            servers: {one: {address: "localhost:3"}, two: {
            address: "localhost:4", proxy_protocol: off}, three: {address: "localhost:5",
            proxy_protocol: v1}}}
        """#

    @Test(arguments: [
        everything, Sample.supported, "version: 1",
        #"{version: 1, log: {access: {line: '100% %%{a} "%{request}"%{status}%%%{time_clf}%'}}}"#,
        "{version: 1, log: {access: {to: syslog, syslog: {address: 'tcp:[2001:db8::1]:601'}}}}",
        "{version: 1, admin: {roles: {}}}",
        "{version: 1, frontends: {f: {bind: '*:1', routes: [{respond: {body: a}}]}}}",
        "{version: 1, backends: {b: {servers: {s: {address: '10.0.0.1:1'}}}}}",
        "{version: 1, defaults: {timeouts: {client: 1s, server: 2s}}, "
            + "backends: {b: {servers: {s: {address: '10.0.0.1:1'}}}}}",
    ])
    func isReadAgainAsTheSame(_ text: String) throws {
        let once = try configuration(text)
        let document = EffectiveDocument(once)
        let again = try configuration(try document.text().string)
        #expect(again == once)
        #expect(EffectiveDocument(again) == document)
    }

    /// As a worker gets it.
    @Test(arguments: [everything, Sample.supported]) func isTheSameForAWorker(_ text: String) throws
    {
        let once = try configuration(text)
        let bytes = try JSONWriter.encode(once)
        #expect(try JSONReader.decode(Configuration.self, from: bytes) == once)
    }

    @Test func embeddedDefaultIsReadAgainAsTheSame() throws {
        let once = try configuration(EmbeddedConfiguration.source.text.string)
        #expect(try configuration(try EffectiveDocument(once).text().string) == once)
    }

    @Test func defaultsAreFilledInWithUnits() throws {
        let document = EffectiveDocument(
            try configuration(
                """
                version: 1
                frontends: {web: {bind: "*:80", backend: api}}
                backends: {api: {servers: {a: {address: "10.0.0.1:80"}}}}
                """)
        ).value
        let web = try #require(document["frontends"]?["web"])
        #expect(document["process"]?["threads"] == "auto")
        #expect(document["process"]?["ready_timeout"] == "30s")
        #expect(document["process"]?["max_reloads"] == 50)
        #expect(document["admin"]?["socket"]?.objectValue?.members.map(\.name) == ["mode"])
        #expect(document["admin"]?["socket"]?["mode"] == "0660")
        #expect(web["bind"] == ["0.0.0.0:80"])
        #expect(web["max_connections"] == nil)
        #expect(
            web["limits"] == [
                "head": "15k", "fields": 100, "target": "8k", "body": "1g", "min_rate": "500",
            ])
        #expect(web["paths"] == ["merge_slashes": true, "parameters": "keep"])
        #expect(web["timeouts"]?["tunnel"] == "1h")
        #expect(web["routes"] == [["id": "route-1", "backend": "api"]])
        #expect(
            document["backends"]?["api"]?["servers"]?["a"]
                == [
                    "address": "10.0.0.1:80", "weight": 100, "backup": false, "disabled": false,
                    "slow_start": "0ms",
                ])
    }

    /// A field that is added to the model is to be added to the effective document, and to this
    /// list: nothing else would notice that it is missing there.
    @Test func everyFieldOfTheModelIsKnown() throws {
        let frontend = try #require(try configuration(Self.everything).frontends.last)
        let expected: [(any Sendable, String)] = [
            (
                Configuration(),
                "process admin log frontends maps conditions backends rateLimits users"
            ),
            (
                ProcessSettings(),
                "workers threads maxConnections maxReloads hardStopAfter readyTimeout "
                    + "switchTimeout killAfter probation drainIdleAfter drainIdleSpread reloadRate "
                    + "user group"
            ),
            (AdminSettings(), "socketPath socketMode socketGroup roles tcp metrics"),
            (AdminTLS(chain: "", key: ""), "chain key clientCA"),
            (
                AdminTCPListener(listen: [], tls: AdminTLS(chain: "", key: "")),
                "listen tls tokens hosts"
            ),
            (AdminMetricsListener(listen: []), "listen tls hosts"),
            (LogSettings(), "level accessTo accessFormat accessLine accessSample syslog"),
            (SyslogSettings(), "address facility tag"),
            (
                Timeouts(),
                "connect client server httpRequest httpKeepAlive queue tunnel clientFin serverFin "
                    + "inspect"
            ),
            (
                frontend,
                "name mode bind maxConnections timeouts limits paths forwardedFor errors headers "
                    + "routes proxyProtocol"
            ),
            (
                frontend.bind[0],
                "address access portCount backlog deferAccept userTimeout maxConnections interface "
                    + "isTransparent takesIPv4"
            ),
            (MessageLimits(), "headBytes fieldCount targetBytes bodyBytes minRateBytes"),
            (PathRules(), "mergesSlashes parameters"),
            (HeaderRules(), "request response responseByStatus coversErrors"),
            (StatusEdits(statuses: [], edits: []), "statuses edits"),
            (
                frontend.routes[0],
                "id match action headers rewrite rateLimit authentication priority"
            ),
            (
                RouteMatch(),
                "hosts paths pathPrefixes pathSuffixes pathPatterns pathRegexes methods scheme headers "
                    + "queries cookies maps serversUp connectionsFree sharePercent clientRanges ports "
                    + "serverNames speaksHTTP all any none"
            ),
            (Rewrite(), "path query"), (QueryRewrite(), "kept removed set added"),
            (LocalResponse(status: 200, body: Template(parts: [])), "status contentType body"),
            (
                RateLimit(
                    name: "", key: .path, rate: Rate(count: 1, period: .seconds(1)), burst: 1,
                    entries: 1), "name key rate burst entries"
            ),
            (RateLimitUse(limit: ""), "limit status"), (Denial(), "status delay"),
            (UserList(name: "", users: []), "name users"),
            (UserList.User(name: "", hash: ""), "name hash"),
            (Authentication(users: ""), "users realm"),
            (Redirect(), "status location scheme host path"),
        ]
        expectFields(expected)
    }

    @Test func everyFieldOfABackendIsKnown() throws {
        let address = try #require(SocketAddress("127.0.0.1:80"))
        let server = Server(name: "", address: address)
        let backend = Backend(name: "", mode: .http, servers: [])
        expectFields([
            (
                backend,
                "name mode balance timeouts queue reuse retries check ejection stickiness "
                    + "backups onRemoved resolveInterval servers"
            ),
            (ReuseSettings(), "policy maxIdle idleTimeout"),
            (RetrySettings(), "count when budgetPercent bufferBytes"),
            (
                server,
                "name address weight proxyProtocol isDisabled allowsLinkLocal initialAddress source "
                    + "isBackup slowStart maxConnections maxQueue check cookie"
            ),
            (
                StickyCookie(name: ""),
                "name mode forward httpOnly secure sameSite domain maxAge"
            ),
            (StickyTableSettings(), "key entries idle"),
            (
                HealthCheck(),
                "probe port interval fastInterval downInterval timeout rise fall initialState "
                    + "onMarkedDown onMarkedUp"
            ),
            (HTTPProbe(), "method path host headers body expect bodyContains bodyRegex"),
            (CheckOverride(), "isEnabled address"),
            (InitialAddress(), "sources fallback"),
            (Ejection(), "consecutiveFailures baseTime maxTime maxPercent"),
        ])
    }

    private func expectFields(_ expected: [(any Sendable, String)]) {
        for (value, fields) in expected {
            let names = Mirror(reflecting: value).children.compactMap(\.label)
            #expect(names == fields.split(separator: " ").map(String.init), "\(type(of: value))")
        }
    }

    @Test func aHeaderNameIsMatchedOnce() {
        let problems = read(
            """
            version: 1
            frontends: {f: {bind: "*:80", routes: [
              {match: {header: {X-A: "1", x-a: "2"}}, respond: {status: 204}}]}}
            """
        ).errors
        #expect(problems.map(\.code) == [.duplicateKey])
        #expect(problems.first?.pointer == "/frontends/f/routes/0/match/header/x-a")
    }
}
