// What matches look at besides host, path and method; conditions; and what they do not see.

import Model
import Testing

@testable import DataPlane

@Suite struct RouteMatchTests {
    /// Whether a route with that match takes the request.
    private func takes(
        _ match: RouteMatch, _ request: String, from client: String = "192.0.2.7",
        port: UInt16 = 80, conditions: [Condition] = []
    ) -> Bool {
        let arena = ConfigurationArena()
        let frontend = Frontend(
            name: "web", mode: .http, bind: [], routes: [Route(id: "r", match: match)])
        let table = compiled(frontend, backends: [], conditions: conditions, arena: arena)
        var head = RequestHead()
        var parser = RequestHeadParser()
        return octets(request).withBytes { bytes in
            let result = parser.parse(bytes, limits: MessageLimits(), into: &head)
            guard case .complete = result else { return false }
            var facts = ExchangeFacts()
            facts.setRequest(head, in: bytes)
            let captures = CaptureMemory(regexCells: arena.regexCells)
            facts.captures = captures.empty
            facts.port = port
            if let host = SocketAddress.Host(client) { facts.clientAddress = ClientAddress(host) }
            var memory = ConditionMemory()
            return table.match(&facts, &memory) == 0
        }
    }

    private func matching(_ change: (inout RouteMatch) -> Void) -> RouteMatch {
        var match = RouteMatch()
        change(&match)
        return match
    }

    private func get(_ target: String, _ fields: String = "") -> String {
        "GET \(target) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
    }

    @Test(arguments: [
        ("/a.jpg", true), ("/.jpg", true), ("/a.JPG", false), ("/a.jpg/", false),
        ("/a.jpg?x", true), ("/a%2Ejpg", true), ("/jpg", false), ("/a.png", true),
    ])
    func pathSuffix(_ target: String, _ isTaken: Bool) {
        let match = matching { $0.pathSuffixes = [".png", ".jpg"] }
        #expect(takes(match, get(target)) == isTaken)
    }

    @Test(arguments: [
        ("/?v=1", true), ("/?v=2", false), ("/?V=1", false), ("/", false), ("/?%76=%31", true),
        ("/?v=2&v=1", true), ("/?v=11", false), ("/?w=1", false), ("/?v", false),
        ("/?x=v=1", false), ("/?a=pre-x", true), ("/?a=xpre-", false),
    ])
    func query(_ target: String, _ isTaken: Bool) {
        let one = matching { $0.queries = [ValueMatch(name: "v", value: "1")] }
        let other = matching {
            $0.queries = [ValueMatch(name: "a", value: "pre-", comparison: .prefix)]
        }
        #expect((takes(one, get(target)) || takes(other, get(target))) == isTaken)
    }

    @Test(arguments: [
        ("Cookie: s=1\r\n", true), ("Cookie: x=2; s=1\r\n", true), ("Cookie: s=2\r\n", false),
        ("Cookie: S=1\r\n", false), ("", false), ("Cookie: x=2\r\nCookie: s=1\r\n", true),
        ("Cookie: xs=1\r\n", false), ("X-Cookie: s=1\r\n", false),
    ])
    func cookie(_ fields: String, _ isTaken: Bool) {
        let match = matching { $0.cookies = [ValueMatch(name: "s", value: "1")] }
        #expect(takes(match, get("/", fields)) == isTaken)
    }

    @Test(arguments: [
        (ValueMatch.Comparison.prefix, "curl/8", true), (.prefix, "xcurl", false),
        (.suffix, "my curl", true), (.suffix, "curl/8", false), (.contains, "a curl b", true),
        (.contains, "cur l", false), (.exact, "curl", true), (.exact, "curl ", true),
        (.exact, "curl/", false), (.contains, "", false), (.regex, "a curl b", true),
        (.regex, "cur l", false),
    ])
    func comparisons(_ comparison: ValueMatch.Comparison, _ value: String, _ isTaken: Bool) {
        let match = matching {
            $0.headers = [ValueMatch(name: "x-agent", value: "curl", comparison: comparison)]
        }
        #expect(takes(match, get("/", "X-Agent: \(value)\r\n")) == isTaken)
    }

    /// In each of the places where a value may be.
    @Test(arguments: [
        ("/?q=a1", "", true), ("/?q=a%31", "", true), ("/?q=a+1", "", false), ("/?q=a", "", false),
        ("/", "Cookie: x=1; q=b22\r\n", true), ("/", "Cookie: q=xb2\r\n", false),
        ("/", "X-Q: c3\r\n", true), ("/", "X-Q: c\r\nX-Q: c34\r\n", true),
        ("/", "X-Q: c3 \r\n", true),
        ("/", "X-Q: c3 4\r\n", false), ("/", "", false),
    ])
    func regexOfAValue(_ target: String, _ fields: String, _ isTaken: Bool) {
        func test(_ name: String, _ letter: String) -> ValueMatch {
            ValueMatch(name: name, value: "^\(letter)\\d+$", comparison: .regex)
        }
        let matches = [
            matching { $0.queries = [test("q", "a")] }, matching { $0.cookies = [test("q", "b")] },
            matching { $0.headers = [test("x-q", "c")] },
        ]
        #expect(matches.contains { takes($0, get(target, fields)) } == isTaken)
    }

    @Test(arguments: [
        ("/a/1", true), ("/a/1/", false), ("/x/a/1", false), ("/a/", false), ("/b.PNG", true),
        ("/b.png?x=.css", true), ("/b.pngx", false), ("/a/%31", true), ("/?/a/1", false),
    ])
    func pathRegex(_ target: String, _ isTaken: Bool) throws {
        let expressions = try [#"^/a/\d+$"#, #"(?i)\.png$"#].map { try RegularExpression($0) }
        let match = matching { $0.pathRegexes = expressions }
        #expect(takes(match, get(target)) == isTaken)
        let condition = Condition(name: "c", match: match)
        #expect(takes(matching { $0.all = ["c"] }, get(target), conditions: [condition]) == isTaken)
    }

    /// About so many, the same ones each time, and other ones for another match.
    @Test(arguments: [0, 1, 10, 50, 99, 100]) func share(_ percent: Int) {
        var generator = RequestIDGenerator(seed: (1, 2, 3, 4))
        let (one, other) = (
            CompiledShare(percent: percent, salt: 1), CompiledShare(percent: percent, salt: 2)
        )
        var (count, both) = (0, 0)
        for _ in 0..<20_000 {
            let id = generator.next()
            let isTaken = one.takes(id)
            #expect(one.takes(id) == isTaken)
            if isTaken { count += 1 }
            if isTaken, other.takes(id) { both += 1 }
        }
        let share = Double(percent) / 100
        #expect(abs(Double(count) / 20_000 - share) < 0.02)
        #expect(abs(Double(both) / 20_000 - share * share) < 0.02)
        #expect(percent > 0 || count == 0)
        #expect(percent < 100 || both == 20_000)
    }

    @Test(arguments: [
        ("10.1.2.3", true), ("11.0.0.1", false), ("2001:db8::5", true), ("2001:db9::5", false),
        ("::ffff:10.1.2.3", true),
    ])
    func clientAddress(_ client: String, _ isTaken: Bool) throws {
        let blocks = try ["10.0.0.0/8", "2001:db8::/32"].map { try #require(AddressRange($0)) }
        let match = matching { $0.clientRanges = blocks }
        #expect(takes(match, get("/"), from: client) == isTaken)
    }

    @Test(arguments: [(UInt16(80), true), (8_443, true), (443, false), (0, false)])
    func port(_ port: UInt16, _ isTaken: Bool) {
        let match = matching { $0.ports = [80, 8_443] }
        #expect(takes(match, get("/"), port: port) == isTaken)
    }

    /// A field that `Connection` names does not get to the server: it decides nothing either.
    @Test func whatIsNotForwardedIsNotSeen() {
        let present = matching { $0.headers = [ValueMatch(name: "x-admin", value: nil)] }
        #expect(takes(present, get("/", "X-Admin: 1\r\n")))
        #expect(!takes(present, get("/", "X-Admin: 1\r\nConnection: close, x-admin\r\n")))
        #expect(!takes(present, get("/", "X_Admin: 1\r\n")))
    }

    @Test(arguments: [
        ("/a", true), ("/b", true), ("/a/x", false), ("/c", false), ("/ab", false),
    ])
    func conditions(_ target: String, _ isTaken: Bool) {
        let conditions = [
            Condition(name: "a", match: matching { $0.pathPrefixes = ["/a"] }),
            Condition(name: "b", match: matching { $0.pathPrefixes = ["/b"] }),
            Condition(
                name: "either",
                match: matching { match in
                    match.any = ["a", "b"]
                    match.none = ["deep"]
                }),
            Condition(
                name: "deep", match: matching { $0.pathPatterns = [PathPattern("/{x}/{y*}")!] }),
        ]
        let match = matching { $0.all = ["either"] }
        #expect(takes(match, get(target), conditions: conditions) == isTaken)
    }

    /// Twenty levels that each ask twice: a million ways, twenty looks.
    @Test func aConditionIsLookedAtOnce() {
        var conditions = [Condition(name: "c0", match: matching { $0.paths = ["/"] })]
        for level in 1...200 {
            conditions.append(
                Condition(
                    name: "c\(level)",
                    match: matching { match in
                        match.all = ["c\(level - 1)", "c\(level - 1)"]
                        match.any = ["c\(level - 1)"]
                    }))
        }
        let match = matching { $0.all = ["c200"] }
        #expect(takes(match, get("/"), conditions: conditions))
        #expect(!takes(match, get("/x"), conditions: conditions))
    }

    @Test func memoryOfConditions() {
        var memory = ConditionMemory()
        for number in [0, 63, 64, 255] {
            #expect(memory[number] == nil)
            memory[number] = number % 2 == 0
            #expect(memory[number] == (number % 2 == 0))
        }
        #expect(memory[1] == nil)
        memory.forget()
        #expect(memory[0] == nil)
        #expect(memory[255] == nil)
    }
}
