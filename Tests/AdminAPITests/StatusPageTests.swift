// The status page: every state there is, what it leaves out, and how it is answered.

import Clock
import Model
import SharedState
import Supervisor
import TestKit
import Testing

@testable import AdminAPI
@testable import Master

struct StatusPageTests {
    private static func read(_ page: StatusPage) throws -> Markup {
        try Markup(document: String(decoding: page.document, as: UTF8.self))
    }

    private static func server(
        _ name: String, _ change: (inout ServerView) -> Void = { _ in }
    ) -> ServerView {
        var server = ServerView(
            backend: "web", name: name, address: "10.0.0.1:80", configuredWeight: 100)
        change(&server)
        return server
    }

    private static func checked(
        _ name: String, _ health: ServerHealthState, _ finding: ServerCheckFinding
    ) -> ServerView {
        server(name) { server in
            var check = ServerView.Check()
            check.health = health
            check.finding = finding
            check.lastAt = .example(60_000)
            check.lastMicroseconds = 3_141
            check.changedAt = .example()
            server.check = check
        }
    }

    /// A minute and some after what the examples tell of.
    private static func snapshot() -> MasterSnapshot {
        var snapshot = MasterSnapshot.serving()
        snapshot.takenAt.wall = .example(65_000)
        return snapshot
    }

    /// Every state of a server, as a word, with the reason and for how long.
    @Test func everyStateOfAServer() throws {
        let servers = [
            Self.checked("down", .down, ServerCheckFinding(.wrongStatus, status: 503)),
            Self.server("drain") { $0.adminState = .drain },
            Self.server("ejected") {
                $0.ejectedForMilliseconds = 9_000
                $0.counts.ejections = 2
            },
            Self.checked("going-down", .goingDown, ServerCheckFinding(.answerTimeout)),
            Self.checked("going-up", .goingUp, ServerCheckFinding(.passed, status: 200)),
            Self.server("maint") { $0.adminState = .maintenance },
            Self.server("no-check"),
            Self.server("unchecked") {
                $0.check = ServerView.Check()
                $0.startsDown = true
            },
            Self.server("unresolved") {
                $0.address = nil
                $0.resolution = NameView(name: "app.internal")
                $0.resolution?.failure = "no such <name>"
            },
            Self.checked("up", .up, ServerCheckFinding(.passed, status: 200)),
        ]
        let expected: [String: (state: String, why: String)] = [
            "down": ("DOWN", "L7STS 503"), "drain": ("DRAIN", "NO_CHECK; takes only"),
            "ejected": ("EJECTED", "its exchanges failed; out for 9 s more, ejected 2 times"),
            "going-down": ("GOING_DOWN", "L7TOUT"), "going-up": ("GOING_UP", "L7OK 200"),
            "maint": ("MAINT", "takes nothing"), "no-check": ("NO_CHECK", "–"),
            "unchecked": ("UNCHECKED", "its first check has not ended; takes nothing"),
            "unresolved": ("UNRESOLVED", "no such <name>"), "up": ("UP", "–"),
        ]
        let states = ServerView.OperationalState.allCases.map(\.rawValue)
        #expect(Set(expected.values.map { $0.state }).isSuperset(of: states))
        let page = StatusPage(
            snapshot: Self.snapshot(),
            backends: [
                BackendView(name: "web", mode: "http", balance: "random", servers: servers)
            ])
        let html = try Self.read(page)
        let rows = html.rows(ofTable: "Backend web: http, random, 3 of 10 servers take traffic")
        #expect(rows.count == servers.count + 1)
        for row in rows.dropLast() {
            let (state, why) = try #require(expected[row["Server"] ?? ""])
            #expect(row["State"] == state && row["Why"]?.hasPrefix(why) == true, "\(row)")
        }
        #expect(rows.first?["Since"] == "1 min")
        #expect(rows.first?["Last check"] == "L7STS 503 in 3.1 ms, 5 s ago")
        #expect(rows.first?["Weight"] == "0, configured 100")
        #expect(rows.last?["State"] == "UP" && rows.last?["Server"] == "All of web")
        // Those that are not simply up come first, and are counted in the title.
        let attention = html.rows(ofTable: "Servers that are not simply up")
        #expect(
            attention.map { $0["Server"] }
                == servers.map(\.name).filter { !["up", "no-check"].contains($0) }.map {
                    "web/\($0)"
                })
        #expect(
            html.all("title").first?.text
                == "Apus: generation 13 serves, 7 of 10 servers take no traffic")
    }

    @Test func countersAndLimits() throws {
        var words = [UInt64](repeating: 0, count: TrafficLayout.wordCount)
        words[TrafficCounter.requests.rawValue] = 200
        words[TrafficCounter.responses5xx.rawValue] = 7
        words[TrafficCounter.retries.rawValue] = .max
        words[TrafficCounter.bytesOut.rawValue] = 3 << 20
        words[TrafficCounter.durationMicroseconds.rawValue] = 400_000
        words[TrafficLayout.bucketWord(microseconds: 900)] = 190
        words[TrafficLayout.bucketWord(microseconds: 20_000)] = 10
        let totals = TrafficTotals(words: words)
        let server = Self.server("one") { $0.configuredLimit = 10 }
        let named = [
            NamedTraffic(
                name: .frontend("in"), totals: totals,
                connections: ServerConnectionCounts(inUse: 12)),
            NamedTraffic(
                name: .server(backend: "web", name: "one"), totals: totals, queueLength: 4,
                permitsInUse: 10, connections: ServerConnectionCounts(inUse: 11, idle: 3)),
        ]
        var snapshot = Self.snapshot()
        snapshot.totals = ["requests": .max, "responses4xx": 5]
        let page = StatusPage(
            snapshot: snapshot,
            frontends: [
                FrontendView(
                    name: "in", mode: "http", addresses: ["a:1", "a:2", "a:3", "a:4", "a:5"],
                    maxConnections: 12)
            ],
            backends: [
                BackendView(name: "web", mode: "http", balance: "first", servers: [server])
            ],
            traffic: Dictionary(uniqueKeysWithValues: named.map { ($0.name, $0) }))
        let html = try Self.read(page)
        let frontend = try #require(html.rows(ofTable: "Frontends").first)
        #expect(frontend["Connections"] == "12" && frontend["Limit"] == "12")
        #expect(frontend["Addresses"] == "a:1, a:2, a:3 and 2 more")
        #expect(frontend["5xx"] == "7" && frontend["Sent"] == "3 MiB")
        #expect(frontend["Mean time"] == "2 ms" && frontend["95 % within"] == "≤ 1 ms")
        let row = try #require(html.rows(ofTable: "Backend web").first)
        #expect(row["In use"] == "10" && row["Limit"] == "10" && row["Idle"] == "3")
        #expect(row["Waiting"] == "4" && row["Retries"] == "18446744073709551615")
        let all = html.rows(ofTable: "All workers")
        #expect(all.contains { $0["Total"] == "18446744073709551615" })
        #expect(all.first { $0["What"]?.hasSuffix("(4xx)") == true }?["Total"] == "5")
    }

    @Test func generationsAndWorkers() throws {
        var snapshot = Self.snapshot()
        snapshot.generations.insert(.example(14, .starting, status: .initializing), at: 0)
        var gauges = WorkerGauges()
        gauges.clientConnections = 17
        gauges.oldestSessionAgeSeconds = .max
        gauges.rssBytes = -1
        snapshot.workers[WorkerID(generation: 12, index: 0)] = gauges
        var failed = ReloadRecord.queued("rl_2")
        failed.fail(ReloadFailure(code: "config-invalid", detail: "no <field> \"x\""))
        snapshot.reloads = [failed]
        let html = try Self.read(StatusPage(snapshot: snapshot, backends: []))
        let rows = html.rows(ofTable: "Generations")
        #expect(rows.map { $0["Generation"] } == ["14", "13", "12", "7"])
        #expect(rows.map { $0["Phase"] } == ["STARTING", "SERVING", "LEAVING", "EXITED"])
        #expect(rows[0]["Status"] == "INIT" && rows[2]["Connections"] == "17")
        #expect(rows[2]["Reloads survived"] == "3 of 5")
        #expect(rows[3]["End"] == "signal 15 (MAX_RELOADS)")
        let workers = html.rows(ofTable: "Workers")
        #expect(workers.map { $0["Worker"] } == ["14/0", "13/0", "12/0"])
        #expect(workers[2]["Process"] == "28012" && workers[2]["Memory"] == "0 B")
        let master = html.rows(ofTable: "Master")
        let last = master.first { $0["What"] == "Last reload" }
        #expect(last?["Value"] == "FAILED 1 min ago: no <field> \"x\"")
        let conditions = html.rows(ofTable: "Conditions")
        let current = conditions.first { $0["Condition"] == "ConfigCurrent" }
        #expect(current?["Holds"] == "NO" && current?["Reason"] == "ConfigInvalid")
    }

    @Test func nothingServes() throws {
        let html = try Self.read(StatusPage(snapshot: .empty))
        #expect(html.all("title").first?.text == "Apus: no generation serves")
        let conditions = html.rows(ofTable: "Conditions")
        #expect(conditions.first?["Holds"] == "NO")
    }

    /// Names of a hostile file: none of it is markup, all of it is there.
    @Test(arguments: HTMLWriterTests.hostile.filter { !$0.isEmpty })
    func hostileNames(_ name: String) throws {
        var server = Self.server(name)
        server.backend = name
        server.address = name
        server.resolution = NameView(name: name)
        var snapshot = Self.snapshot()
        snapshot.findings = [name]
        snapshot.version = name
        snapshot.instanceID = name
        let page = StatusPage(
            snapshot: snapshot,
            frontends: [FrontendView(name: name, mode: name, addresses: [name])],
            backends: [BackendView(name: name, mode: name, balance: name, servers: [server])],
            selected: name, refresh: 5)
        let html = try Self.read(page)
        let usual = try Self.read(
            StatusPage(
                snapshot: snapshot,
                frontends: [FrontendView(name: "a", mode: "a", addresses: ["a"])],
                backends: [
                    BackendView(name: "a", mode: "a", balance: "a", servers: [Self.server("a")])
                ], selected: "a", refresh: 5))
        #expect(html.all.map(\.name) == usual.all.map(\.name))
        for link in html.all("a") {
            let target = link.attributes["href"] ?? ""
            #expect(target.hasPrefix("/v1/") || target.hasPrefix("#"), "\(target)")
        }
    }

    /// Who cannot see the page can follow it: tables say what their cells belong to.
    @Test func itIsMadeOfRealTables() throws {
        let html = try Self.read(
            StatusPage(
                snapshot: Self.snapshot(),
                frontends: [FrontendView(name: "in", mode: "http", addresses: ["a:1"])],
                backends: [.example], refresh: 30))
        #expect(html.attributes["lang"] == "en")
        #expect(html.all("h1").count == 1 && html.all("main").count == 1)
        let tables = html.all("table")
        #expect(tables.count >= 8)
        for table in tables {
            #expect(table.children.first?.name == "caption")
            let titles = table.all("thead").flatMap { $0.all("th") }
            #expect(titles.allSatisfy { $0.attributes["scope"] == "col" && !$0.text.isEmpty })
            for row in table.all("tr").dropFirst() {
                #expect(row.children.first?.attributes["scope"] == "row")
                #expect(row.children.count == titles.count)
                #expect(row.children.allSatisfy { !$0.text.isEmpty })
            }
        }
        for link in html.all("a") {
            guard let anchor = link.attributes["href"], anchor.hasPrefix("#") else { continue }
            #expect(html.all.contains { "#" + ($0.attributes["id"] ?? "") == anchor }, "\(anchor)")
        }
        let active = ["script", "img", "link", "iframe", "form", "object", "base"]
        #expect(html.all.allSatisfy { !active.contains($0.name) })
        #expect(
            html.all.allSatisfy { element in
                element.attributes.keys.allSatisfy { !$0.hasPrefix("on") }
            })
        #expect(
            html.all("meta").contains {
                $0.attributes == ["http-equiv": "refresh", "content": "30"]
            })
    }

    /// Ten thousand servers, a thousand frontends, three hundred generations: a page of bounded size
    /// that names where the rest is.
    @Test func whatIsTooMuch() throws {
        var snapshot = Self.snapshot()
        snapshot.generations += (100..<400).map { .example($0, .leaving) }
        let long = String(repeating: "n", count: 64)
        let backends = (0..<500).map { number in
            let servers = (0..<20).map { place in
                var server = Self.checked(
                    "\(long)\(place)", .down, ServerCheckFinding(.wrongStatus))
                server.backend = "\(long)\(number)"
                return server
            }
            return BackendView(
                name: "\(long)\(number)", mode: "http", balance: "round_robin", servers: servers)
        }
        let frontends = (0..<1_000).map {
            FrontendView(name: "\(long)\($0)", mode: "http", addresses: [long, long, long, long])
        }
        let start = Elapsed()
        let page = StatusPage(snapshot: snapshot, frontends: frontends, backends: backends)
        let document = page.document
        print("figure: \(document.count) bytes of page in \(start.milliseconds) ms")
        #expect(document.count < 2_000_000)
        let html = try Markup(document: String(decoding: document, as: UTF8.self))
        let rest = html.all("p").map(\.text).filter { $0.hasPrefix("…") }
        #expect(
            Set(rest).isSuperset(of: [
                "… and 9950 more servers: /v1/backends", "… and 800 more frontends: /metrics",
                "… and 300 more backends: /v1/backends",
                "… and 252 more generations: /v1/generations",
                "… and 202 more workers: /v1/generations",
                "… and 20 more servers: /v1/backends/\(long)50/servers",
            ]))
        #expect(html.rows(ofTable: "Backend \(long)49:").count == 21)
        // The backend's own line stays.
        #expect(html.rows(ofTable: "Backend \(long)199:").count == 1)
    }

    // MARK: The route

    @Test func itIsAnsweredForABrowser() async throws {
        let admin = try await AdminInstance()
        let answer = try await admin.get("/v1/page?refresh=5")
        #expect(answer.status == 200)
        #expect(answer["Content-Type"] == "text/html; charset=utf-8")
        #expect(answer["Cache-Control"] == "no-store")
        #expect(answer["X-Content-Type-Options"] == "nosniff")
        #expect(answer["Referrer-Policy"] == "no-referrer")
        let policy = try #require(answer["Content-Security-Policy"])
        #expect(policy.hasPrefix("default-src 'none'; style-src 'sha256-"))
        #expect(policy.contains("frame-ancestors 'none'"))
        let html = try Markup(document: answer.text)
        #expect(html.all("style").first?.text == StatusPageStyle.sheet.description)
        #expect(
            html.rows(ofTable: "Backend web").map { $0["State"] } == ["DOWN", "DRAIN", "NONE UP"])
        let head = try await admin.exchange("HEAD", "/v1/page")
        #expect(head.status == 200 && head.body.isEmpty)
        let post = try await admin.post("/v1/page")
        #expect(post.status == 405 && post["Allow"] == "GET, HEAD")
        await admin.stop()
    }

    @Test(arguments: [
        ("refresh=5", 200), ("refresh=4", 400), ("refresh=3600", 200), ("refresh=0", 400),
        ("refresh=3601", 400),
        ("refresh=-1", 400), ("refresh=1;url=//x", 400), ("refresh=", 400), ("backend=web", 200),
        ("backend=wep", 404), ("backend=", 404), ("other=1", 400),
    ])
    func parameters(_ query: String, _ status: Int) async throws {
        let admin = try await AdminInstance()
        #expect(try await admin.get("/v1/page?\(query)").status == status)
        await admin.stop()
    }

    @Test func oneBackend() async throws {
        let admin = try await AdminInstance()
        var other = BackendView.example
        other.name = "other"
        admin.master.have([.example, other])
        let html = try Markup(document: try await admin.get("/v1/page?backend=other").text)
        #expect(!html.rows(ofTable: "Backend other").isEmpty)
        #expect(html.rows(ofTable: "Backend web").isEmpty)
        #expect(
            html.all("a").contains { $0.attributes["href"] == "/v1/page?backend=other&refresh=5" })
        // Whoever follows a link goes on refreshing.
        let refreshed = try await admin.get("/v1/page?backend=other&refresh=7").text
        let targets = try Markup(document: refreshed).all("a").compactMap { $0.attributes["href"] }
        #expect(targets.contains("/v1/page?refresh=7"))
        #expect(targets.contains("/v1/page?backend=other&refresh=7"))
        #expect(targets.contains("/v1/page?backend=other"))
        admin.master.have(nil)
        #expect(try await admin.get("/v1/page?backend=other").status == 200)
        #expect(try await admin.get("/v1/page").status == 200)
        await admin.stop()
    }
}
