// Maps: which key is found, against a search by hand, and what is done with the value.

import Model
import Testing

@testable import DataPlane

@Suite struct CompiledMapTests {
    private func look(
        _ entries: [(String, String)], _ kind: ValueMap.Kind, _ key: ValueMap.Key = .host,
        fallback: String? = nil, _ change: (inout ExchangeFacts, ConfigurationArena) -> Void
    ) -> String? {
        let arena = ConfigurationArena()
        let map = CompiledMap(
            ValueMap(
                name: "m", file: "/m", kind: kind, key: key, fallback: fallback,
                entries: entries.map { ValueMap.Entry(key: $0.0, value: $0.1) }),
            backends: [:], arena: arena, names: RuleNames())
        var facts = ExchangeFacts()
        change(&facts, arena)
        return map.text(facts).map { text($0) }
    }

    @Test(arguments: [
        ("a.example", "1"), ("A.Example", "1"), ("b.example", "2"), ("example", nil), ("", nil),
        ("a.example.x", nil), ("zz", nil),
    ])
    func exactHosts(_ host: String, _ value: String?) {
        let found = look([("b.example", "2"), ("a.example", "1")], .exact) {
            $0.host = $1.bytes(host)
        }
        #expect(found == value)
    }

    @Test(arguments: [
        ("example.com", "0"), ("www.example.com", "0"), ("a.b.example.com", "2"),
        ("x.b.example.com", "1"), ("b.example.com", "1"), ("badexample.com", nil),
        ("com", nil), ("EXAMPLE.com", "0"), ("cb.example.com", "0"), ("sub.dotted.org", "3"),
        ("dotted.org", nil),
    ])
    func hostsByLabels(_ host: String, _ value: String?) {
        let found = look(
            [
                ("example.com", "0"), ("b.example.com", "1"), ("a.b.example.com", "2"),
                (".dotted.org", "3"),
            ], .suffix
        ) { $0.host = $1.bytes(host) }
        #expect(found == value)
    }

    @Test(arguments: [
        ("/api", "1"), ("/api/", "1"), ("/api/v2", "2"), ("/api/v2/x", "2"), ("/api/v20", "1"),
        ("/apis", "0"), ("/", "0"), ("/x", "0"), ("*", "none"), ("/docs", "0"), ("/docs/", "3"),
        ("/docs/a", "3"), ("/API", "0"),
    ])
    func pathsBySegments(_ path: String, _ value: String) {
        let found = look(
            [("/", "0"), ("/api", "1"), ("/api/v2", "2"), ("/docs/", "3")], .prefix, .path,
            fallback: "none"
        ) { $0.path = $1.bytes(path) }
        #expect(found == value)
    }

    @Test func addresses() throws {
        for (address, value) in [
            ("10.1.1.1", "in"), ("10.2.1.1", "deep"), ("11.0.0.1", "out"), ("2001:db8::1", "v6"),
        ] {
            let host = try #require(SocketAddress.Host(address))
            let found = look(
                [("10.0.0.0/8", "in"), ("10.2.0.0/16", "deep"), ("2001:db8::/32", "v6")], .cidr,
                .clientIP, fallback: "out"
            ) { facts, _ in facts.clientAddress = ClientAddress(host) }
            #expect(found == value)
        }
    }

    /// Random keys over two letters, so that many begin with others; every text up to six letters.
    @Test(arguments: [ValueMap.Kind.exact, .prefix, .suffix])
    func agreesWithASearchByHand(_ kind: ValueMap.Kind) {
        var random = HTTP1Random(seed: 11)
        func word(_ bits: Int, _ length: Int) -> String {
            String((0..<length).map { bits >> $0 & 1 == 0 ? "a" : "b" })
        }
        let keys = Set(
            (0..<40).map { _ in
                word(Int.random(in: 0..<64, using: &random), Int.random(in: 1...6, using: &random))
            })
        let arena = ConfigurationArena()
        let map = CompiledMap(
            ValueMap(
                name: "m", file: "/m", kind: kind, key: .method,
                entries: keys.shuffled(using: &random).map { ValueMap.Entry(key: $0, value: $0) }),
            backends: [:], arena: arena, names: RuleNames())
        for length in 0...7 {
            for bits in 0..<(1 << length) {
                let sought = word(bits, length)
                var facts = ExchangeFacts()
                facts.method = arena.bytes(sought)
                let expected = keys.filter { key in
                    switch kind {
                    case .exact, .cidr: key == sought
                    case .prefix: sought.hasPrefix(key)
                    case .suffix: sought.hasSuffix(key)
                    }
                }.max { $0.count < $1.count }
                #expect(map.text(facts).map { text($0) } == expected, "\(sought)")
            }
        }
    }

    /// A map chooses the backend, matches, and fills in templates.
    @Test func onTheWire() throws {
        let origin = try EngineOrigin.echo()
        var options = EngineHarness.Options()
        options.maps = [
            ValueMap(
                name: "m", file: "/m",
                entries: [
                    .init(key: "one.example", value: "b"),
                    .init(key: "gold.example", value: "gold"),
                ])
        ]
        var gold = RouteMatch()
        gold.maps = [ValueMatch(name: "m", value: "gold")]
        options.routes = [
            Route(
                id: "gold", match: gold,
                action: .respond(
                    LocalResponse(
                        status: 200,
                        body: Template(parts: [
                            .literal("is "), .request(RequestValue(kind: .map, name: "m")),
                        ])))),
            Route(
                id: "mapped", action: .mappedBackend("m"),
                rewrite: Rewrite(path: .template(Template(literal: "/mapped")))),
            Route(
                id: "rest",
                action: .respond(
                    LocalResponse(status: 200, body: Template(parts: [.variable(.path)])))),
        ]
        let harness = try EngineHarness(origins: [origin.port], options)
        for (host, answer) in [
            ("gold.example", "is gold"), ("one.example", "/mapped "),
            ("ONE.example:80", "/mapped "),
            ("other", "/x"),
        ] {
            let client = try harness.connect()
            client.send("GET /x HTTP/1.1\r\nHost: \(host)\r\n\r\n")
            #expect(client.takeMessage()?.text == answer, "\(host)")
        }
    }
}
