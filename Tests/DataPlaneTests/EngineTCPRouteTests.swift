// Which server a TCP connection goes to: by its client's address, by the name in its hello.

import Glibc
import Model
import SharedState
import Synchronization
import Syscalls
import Testing

@testable import DataPlane

@Suite struct EngineTCPRouteTests {
    /// Says its name, then what it was sent.
    private static func named(_ name: String) throws -> EngineOrigin {
        try EngineOrigin { connection in
            connection.send("\(name):")
            connection.send(connection.takeAll())
        }
    }

    private static func route(
        _ id: String, to place: Int, names: [HostPattern] = [], from: [String] = []
    ) -> Route {
        var match = RouteMatch()
        match.serverNames = names
        match.clientRanges = from.compactMap { AddressRange($0) }
        return Route(id: id, match: match, action: .backend("b\(place)"))
    }

    private func harness(
        _ routes: [Route], _ names: [String], inspect: Duration = .seconds(10),
        _ change: (inout EngineHarness.Options) -> Void = { _ in }
    ) throws -> (EngineHarness, [EngineOrigin]) {
        var options = EngineHarness.Options()
        change(&options)
        options.mode = .tcp
        options.separatesBackends = true
        options.routes = routes
        options.timeouts.inspect = inspect
        options.timeouts.client = .seconds(5)
        options.log = true
        let origins = try names.map(Self.named)
        return (try EngineHarness(origins: origins.map(\.port), options), origins)
    }

    private static let byName = [
        route("a", to: 0, names: [.exact("a.example")]),
        route("b", to: 1, names: [.suffix(".b.example"), .exact("c.example")]),
        route("rest", to: 2),
    ]

    @Test(arguments: [
        ("a.example", "A", "a"), ("A.Example.", "A", "a"), ("x.b.example", "B", "b"),
        ("x.y.B.example", "B", "b"), ("c.example", "B", "b"), ("b.example", "C", "rest"),
        ("xb.example", "C", "rest"), ("z.a.example", "C", "rest"),
    ])
    func byTheNameInTheHello(_ name: String, _ server: String, _ route: String) throws {
        let (harness, origins) = try harness(Self.byName, ["A", "B", "C"])
        let hello = HelloBytes.asking(name)
        // Whole, in many records, in single bytes, and with early data behind it.
        let forms = [
            [hello.records()], [hello.records(of: 40)], hello.records(of: 10).map { [$0] },
            [hello.records() + [UInt8](repeating: 23, count: 40_000)],
        ]
        for pieces in forms {
            let client = try harness.connect()
            for piece in pieces { client.send(piece) }
            client.endSending()
            #expect(client.takeAll() == octets(server + ":") + pieces.flatMap { $0 })
        }
        let line = harness.logLines(forms.count).first ?? ""
        #expect(line.contains("\"route\":\"\(route)\""))
        #expect(
            line.contains("\"host\":\"\(name.hasSuffix(".") ? String(name.dropLast()) : name)\""))
        withExtendedLifetime(origins) {}
    }

    /// By what the client connected to, as a proxy says that is trusted to know; in conditions too.
    @Test func byThePort() throws {
        var elsewhere = RouteMatch()
        elsewhere.ports = [1, 4_443]
        var notElsewhere = RouteMatch()
        notElsewhere.none = ["elsewhere"]
        let routes = [
            Route(id: "said", match: elsewhere, action: .backend("b0")),
            Route(id: "own", match: notElsewhere, action: .backend("b1")),
        ]
        let (harness, origins) = try harness(routes, ["A", "B"]) {
            $0.conditions = [Condition(name: "elsewhere", match: elsewhere)]
            $0.proxyInput = ProxyProtocolInput(
                from: [AddressRange("127.0.0.0/8")].compactMap { $0 }, others: .refuse)
        }
        for (port, answer) in [("80", "B:"), ("4443", "A:"), ("1", "A:"), ("2", "B:")] {
            let client = try harness.connect()
            client.send("PROXY TCP4 192.0.2.1 192.0.2.2 5 \(port)\r\n")
            client.endSending()
            #expect(client.takeAll() == octets(answer))
        }
        withExtendedLifetime(origins) {}
    }

    /// A hello of 64 KB is read to its end; a longer one, and whatever is none, goes to the route
    /// that does not ask.
    @Test func whatIsNoHello() throws {
        let (harness, origins) = try harness(Self.byName, ["A", "B", "C"])
        func padded(_ count: Int) -> [UInt8] {
            var hello = HelloBytes.asking("a.example")
            hello.extensions?.append(HelloBytes.part(21, [UInt8](repeating: 0, count: count)))
            return hello.records()
        }
        let cases: [(bytes: [UInt8], server: String)] = [
            (padded(30_000), "A:"), (padded(65_300), "A:"), (padded(65_500), "C:"),
            (octets("GET / HTTP/1.1\r\n\r\n"), "C:"), (HelloBytes().records(), "C:"),
            ([0], "C:"), (Array(HelloBytes.asking("a.example").records().dropLast()), "C:"),
            ([], "C:"),
        ]
        for (bytes, server) in cases {
            let client = try harness.connect()
            client.send(bytes)
            client.endSending()
            #expect(client.takeAll() == octets(server) + bytes)
            #expect(!client.wasReset)
        }
        #expect(harness.gauge(.clientConnections, becomes: 0))
        withExtendedLifetime(origins) {}
    }

    /// In time: a client that says nothing is not kept waiting for ever.
    @Test func silentClientGetsTheRest() throws {
        let (harness, origins) = try harness(
            Self.byName, ["A", "B", "C"], inspect: .milliseconds(200))
        let client = try harness.connect()
        #expect(client.take(2, within: 5) == octets("C:"))
        let slow = try harness.connect()
        slow.send(Array(HelloBytes.asking("a.example").records().prefix(20)))
        #expect(slow.take(2, within: 5) == octets("C:"))
        #expect(slow.take(20, within: 1).isEmpty)
        slow.endSending()
        #expect(slow.takeAll().count == 20)
        withExtendedLifetime(origins) {}
    }

    @Test func nobodyTakesIt() throws {
        let (harness, origins) = try harness([Self.byName[0]], ["A"])
        let client = try harness.connect()
        client.send(HelloBytes.asking("b.example").records())
        #expect(client.endsSilently())
        #expect(harness.logLines(1).first?.contains("\"error\":\"no-route\"") == true)
        #expect(harness.gauge(.clientConnections, becomes: 0))
        #expect(origins[0].connectionCount == 0)
    }

    /// A client is asked for its name only where a route before the one that takes it wants it.
    @Test func byAddress() throws {
        let (harness, origins) = try harness(
            [
                Self.route("far", to: 0, names: [.exact("a.example")], from: ["192.0.2.0/24"]),
                Self.route("near", to: 1, from: ["10.0.0.0/8", "127.0.0.1"]),
                Self.byName[0],
            ], ["A", "B"])
        let client = try harness.connect()
        #expect(client.take(2) == octets("B:"))
        withExtendedLifetime(origins) {}
    }

    /// A reset in the middle of a hello leaves nothing.
    @Test func resetWhileInspecting() throws {
        let (harness, origins) = try harness(Self.byName, ["A", "B", "C"])
        for _ in 0..<20 {
            let client = try harness.connect()
            client.send([22, 3, 1, 1])
            usleep(2_000)
            client.close(reset: true)
        }
        #expect(harness.gauge(.clientConnections, becomes: 0))
        #expect(harness.gauge(.exchangesInFlight, becomes: 0))
        withExtendedLifetime(origins) {}
    }

    // MARK: Conditions, refusals, limits

    private static func condition(
        _ name: String, _ change: (inout RouteMatch) -> Void
    ) -> Condition {
        var match = RouteMatch()
        change(&match)
        return Condition(name: name, match: match)
    }

    private static func deny(_ id: String, _ change: (inout RouteMatch) -> Void) -> Route {
        var match = RouteMatch()
        change(&match)
        return Route(id: id, match: match, action: .deny(Denial()))
    }

    /// `here` holds for each of our clients, `there` for none; `a` looks at the name.
    private static let conditions = [
        condition("here") { $0.clientRanges = [AddressRange("127.0.0.0/8")].compactMap { $0 } },
        condition("there") { $0.clientRanges = [AddressRange("192.0.2.0/24")].compactMap { $0 } },
        condition("a") { $0.serverNames = [.exact("a.example")] },
        condition("a-here") { $0.all = ["a", "here"] },
    ]

    /// Denied at once where no name is needed to know it; else by the name.
    @Test(arguments: [
        (deny("d") { $0.all = ["here"] }, true, true),
        (deny("d") { $0.none = ["there"] }, true, true),
        (deny("d") { $0.any = ["there", "here"] }, true, true),
        (deny("d") { $0.all = ["there"] }, false, false),
        (deny("d") { $0.none = ["here", "a"] }, false, false),
        (deny("d") { $0.all = ["a-here"] }, true, false),
        (deny("d") { $0.none = ["a-here"] }, false, true),
        (deny("d") { $0.any = ["a", "there"] }, true, false),
    ])
    func conditions(_ denial: Route, _ deniesA: Bool, _ deniesB: Bool) throws {
        let (harness, origins) = try harness([denial, Self.route("rest", to: 0)], ["A"]) {
            $0.conditions = Self.conditions
        }
        for (name, isDenied) in [("a.example", deniesA), ("b.example", deniesB)] {
            let client = try harness.connect()
            client.send(HelloBytes.asking(name).records())
            if isDenied {
                _ = client.takeAll(within: 5)
                #expect(client.wasReset || client.endsSilently())
            } else {
                #expect(client.take(2, within: 5) == octets("A:"))
            }
            client.close()
            let line = harness.logLines(1).first ?? ""
            #expect(line.contains("\"error\":\"denied\"") == isDenied, "\(line)")
        }
        let expected = (deniesA ? 0 : 1) + (deniesB ? 0 : 1)
        #expect(origins[0].connectionCount == expected)
    }

    /// A name that nobody can read is no way around a refusal by name; saying none is no name.
    @Test func aHiddenName() throws {
        let (harness, origins) = try harness(
            [
                Self.deny("secret") { $0.serverNames = [.exact("secret.example")] },
                Self.route("rest", to: 0),
            ], ["A"], inspect: .milliseconds(150))
        let hello = HelloBytes.asking("secret.example").records()
        // Late, cut, and something else altogether.
        for bytes in [Array(hello.prefix(20)), octets("GET / HTTP/1.1\r\n\r\n")] {
            let client = try harness.connect()
            client.send(bytes)
            _ = client.takeAll(within: 5)
            #expect(client.wasReset || client.endsSilently())
        }
        #expect(origins[0].connectionCount == 0)
        let nameless = try harness.connect()
        nameless.send(HelloBytes().records())
        #expect(nameless.take(2, within: 5) == octets("A:"))
    }

    /// Each condition is looked at once, however many ways lead to it.
    @Test func deepConditions() throws {
        var conditions: [Condition] = []
        for level in 0..<25 {
            for side in ["l", "r"] {
                conditions.append(
                    Self.condition("\(side)\(level)") {
                        $0.all = level < 24 ? ["l\(level + 1)", "r\(level + 1)"] : []
                    })
            }
        }
        let (harness, origins) = try harness(
            [Self.deny("deep") { $0.none = ["l0"] }, Self.route("rest", to: 0)], ["A"]
        ) { $0.conditions = conditions }
        let client = try harness.connect()
        #expect(client.take(2, within: 5) == octets("A:"))
        withExtendedLifetime(origins) {}
    }

    /// A limit counts connections, once each, also where the name is waited for behind it.
    @Test func limit() throws {
        var match = RouteMatch()
        match.all = ["here"]
        var limited = Route(id: "limited", match: match)
        limited.rateLimit = RateLimitUse(limit: "l")
        let (harness, origins) = try harness([limited, Self.byName[0]], ["A"]) {
            $0.conditions = Self.conditions
            $0.rateLimits = [
                RateLimit(
                    name: "l", key: .clientIP, rate: Rate(count: 1, period: .seconds(3_600)),
                    burst: 3, entries: 16)
            ]
        }
        for number in 0..<5 {
            let client = try harness.connect()
            let hello = HelloBytes.asking("a.example").records()
            client.send(Array(hello.prefix(20)))
            if number < 3 {
                #expect(client.staysSilent(for: 0.05))
                client.send(Array(hello.dropFirst(20)))
                #expect(client.take(2, within: 5) == octets("A:"))
            } else {
                _ = client.takeAll(within: 5)
                #expect(client.wasReset || client.endsSilently())
            }
        }
        #expect(origins[0].connectionCount == 3)
        #expect(Wait.until(5) { harness.worker[.rateLimited] == 2 })
    }
}
