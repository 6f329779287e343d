// RouteTable: which route takes which request.

import Model
import Testing

@testable import DataPlane

@Suite struct RouteTableTests {
    /// The routes' ids in order, each with its match; the id of the one that takes the request.
    private func match(
        _ routes: [(String, RouteMatch)], _ request: String
    ) -> String? {
        let arena = ConfigurationArena()
        let frontend = Frontend(
            name: "web", mode: .http, bind: [],
            routes: routes.map { Route(id: $0.0, match: $0.1, action: .backend("b")) })
        let table = compiled(frontend, backends: ["a", "aa", "aaa", "b"], arena: arena)
        var head = RequestHead()
        var parser = RequestHeadParser()
        return octets(request).withBytes { bytes -> String? in
            let result = parser.parse(bytes, limits: MessageLimits(), into: &head)
            var facts = ExchangeFacts()
            var memory = ConditionMemory()
            guard case .complete = result else { return nil }
            facts.setRequest(head, in: bytes)
            guard let index = table.match(&facts, &memory) else { return nil }
            guard case .backend(3) = table[index].action else { return "wrong action" }
            return text(table[index].id)
        }
    }

    private func takes(_ match: RouteMatch, _ request: String) -> Bool {
        self.match([("it", match)], request) == "it"
    }

    private func matching(_ change: (inout RouteMatch) -> Void) -> RouteMatch {
        var match = RouteMatch()
        change(&match)
        return match
    }

    @Test(arguments: [
        ("example.com", true), ("EXAMPLE.com", true), ("example.com:8080", true),
        ("example.com.", true), ("example.com.:80", true), ("www.example.com", false),
        ("xexample.com", false), ("example.co", false), ("example.com.evil", false),
    ])
    func exactHost(_ host: String, _ isTaken: Bool) {
        let match = matching { $0.hosts = [.exact("example.com")] }
        #expect(takes(match, "GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n") == isTaken)
    }

    @Test(arguments: [
        ("a.example.com", true), ("a.b.example.com", true), ("A.Example.Com:1", true),
        ("a.example.com.", true), ("example.com", false), ("xexample.com", false),
        ("a.example.com.evil", false),
    ])
    func suffixHost(_ host: String, _ isTaken: Bool) {
        let match = matching { $0.hosts = [.exact("other"), .suffix(".example.com")] }
        #expect(takes(match, "GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n") == isTaken)
    }

    @Test func anAddressAsHost() {
        let match = matching { $0.hosts = [.exact("[::1]"), .exact("127.0.0.1")] }
        #expect(takes(match, "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"))
        #expect(takes(match, "GET / HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n"))
        #expect(!takes(match, "GET / HTTP/1.0\r\n\r\n"))
        #expect(takes(RouteMatch(), "GET / HTTP/1.0\r\n\r\n"))
    }

    @Test(arguments: [
        ("/api", true), ("/api/", true), ("/api/x", true), ("/api?x", true), ("/apis", false),
        ("/ap", false), ("/API", false), ("/x/../api/y", true), ("/api/../x", false),
        ("/%2e/api", true), ("//api", false), ("/api%2fx", false), ("/x/api", false),
    ])
    func prefix(_ target: String, _ isTaken: Bool) {
        for prefix in ["/api", "/api/"] {
            let match = matching { $0.pathPrefixes = ["/other", prefix] }
            #expect(takes(match, "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n") == isTaken)
        }
    }

    @Test func thePrefixOfAll() {
        let match = matching { $0.pathPrefixes = ["/"] }
        for target in ["/", "/a", "//a", "/a/b?c"] {
            #expect(takes(match, "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n"))
        }
        #expect(!takes(match, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"))
    }

    @Test(arguments: [
        ("/a", true), ("/a?b", true), ("/x/../a", true), ("/a/", false), ("/A", false),
        ("/a/b", false), ("/", false),
    ])
    func exactPath(_ target: String, _ isTaken: Bool) {
        let match = matching { $0.paths = ["/b", "/a"] }
        #expect(takes(match, "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n") == isTaken)
    }

    @Test func methods() {
        let match = matching { $0.methods = ["GET", "PURGE"] }
        #expect(takes(match, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
        #expect(takes(match, "PURGE / HTTP/1.1\r\nHost: a\r\n\r\n"))
        #expect(!takes(match, "get / HTTP/1.1\r\nHost: a\r\n\r\n"))
        #expect(!takes(match, "POST / HTTP/1.1\r\nHost: a\r\n\r\n"))
    }

    @Test(arguments: [
        ("X-A: 1", true), ("x-a:  1 ", true), ("X-A: 2\r\nX-A: 1", true), ("X-A: 2", false),
        ("X-A: 11", false), ("X-A:", false), ("X-B: 1", false),
    ])
    func headerValue(_ fields: String, _ isTaken: Bool) {
        let match = matching { $0.headers = [ValueMatch(name: "x-a", value: "1")] }
        #expect(takes(match, "GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n") == isTaken)
    }

    @Test func headerPresence() {
        let match = matching { $0.headers = [ValueMatch(name: "x-a", value: nil)] }
        #expect(takes(match, "GET / HTTP/1.1\r\nHost: a\r\nX-A:\r\n\r\n"))
        #expect(!takes(match, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
    }

    @Test(arguments: [
        ("X-A: 1\r\nX-B: 3", true), ("X-B: 3\r\nX-A: 2", true), ("X-A: 1", false),
        ("X-B: 3", false), ("X-A: 4\r\nX-B: 3", false),
    ])
    func everyNameMustBeThereWithAnyOfItsValues(_ fields: String, _ isTaken: Bool) {
        let match = matching {
            $0.headers = [
                ValueMatch(name: "x-a", value: "1"), ValueMatch(name: "x-b", value: "3"),
                ValueMatch(name: "X-A", value: "2"),
            ]
        }
        #expect(takes(match, "GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n") == isTaken)
    }

    @Test func allKindsMustMatchAndTheFirstRouteWins() {
        let routes = [
            (
                "both",
                matching {
                    $0.hosts = [.exact("a")]
                    $0.pathPrefixes = ["/api"]
                }
            ),
            ("host", matching { $0.hosts = [.exact("a")] }),
            ("again", matching { $0.hosts = [.exact("a")] }),
            ("post", matching { $0.methods = ["POST"] }),
        ]
        #expect(match(routes, "GET /api HTTP/1.1\r\nHost: a\r\n\r\n") == "both")
        #expect(match(routes, "POST / HTTP/1.1\r\nHost: a\r\n\r\n") == "host")
        #expect(match(routes, "POST /api HTTP/1.1\r\nHost: b\r\n\r\n") == "post")
        #expect(match(routes, "GET /api HTTP/1.1\r\nHost: b\r\n\r\n") == nil)
        #expect(match([], "GET / HTTP/1.1\r\nHost: a\r\n\r\n") == nil)
    }
}
