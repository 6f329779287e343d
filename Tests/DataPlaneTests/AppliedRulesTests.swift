// Filters: routes that apply and let the search go on, in the table and on the wire.

import Model
import Testing

@testable import DataPlane

@Suite struct AppliedRulesTests {
    private static func edit(
        _ action: HeaderEdit.Action, _ name: String, _ value: String = ""
    ) -> HeaderEdit {
        HeaderEdit(action: action, name: name, value: Template(literal: value))
    }

    /// What levels write together, and which of `names` they take away.
    private func apply(
        frontend: [HeaderEdit], filters: [[HeaderEdit]], chosen: [Int], last: [HeaderEdit],
        names: [String] = []
    ) -> (written: String, dropped: [String]) {
        let arena = ConfigurationArena()
        let table = compiled(
            Frontend(
                name: "f", mode: .http, bind: [], headers: HeaderRules(request: frontend),
                routes: filters.enumerated().map {
                    Route(id: "f\($0)", headers: HeaderRules(request: $1))
                } + [Route(id: "r", action: .backend("b"), headers: HeaderRules(request: last))]),
            backends: ["b"], arena: arena)
        var set = FilterSet()
        for place in chosen { set.insert(table[place].filterNumber) }
        let rules = table.requestRules(filters.count, set)
        return (
            written { rules.write(ExchangeFacts(), to: &$0) },
            names.filter { rules.drops(arena.bytes($0)) }
        )
    }

    @Test(arguments: [
        // No filter took the request.
        ([Int](), "A: frontend\r\nD: last\r\n", ["d"]),
        // `set` of a later level takes the place of an earlier one's.
        ([0], "A: first\r\nB: first\r\nD: last\r\n", ["a", "d"]),
        ([1], "B: second\r\nD: last\r\n", ["a", "d"]),
        ([0, 1], "B: first\r\nB: second\r\nD: last\r\n", ["a", "d"]),
        // And the last level's takes the place of all.
        ([0, 2], "A: first\r\nB: first\r\nD: last\r\n", ["a", "d"]),
    ])
    func levels(_ chosen: [Int], _ fields: String, _ dropped: [String]) {
        let result = apply(
            frontend: [Self.edit(.add, "A", "frontend")],
            filters: [
                [Self.edit(.set, "A", "first"), Self.edit(.add, "B", "first")],
                [Self.edit(.remove, "a"), Self.edit(.add, "B", "second")],
                [Self.edit(.add, "D", "third")],
            ],
            chosen: chosen, last: [Self.edit(.set, "D", "last")], names: ["a", "b", "d"])
        #expect(result.written == fields)
        #expect(result.dropped == dropped)
    }

    @Test func theLastOfSixtyThreeFiltersHasAPlace() {
        let filters = (0..<63).map { [Self.edit(.add, "X", "\($0)")] }
        let result = apply(frontend: [], filters: filters, chosen: [0, 62], last: [])
        #expect(result.written == "X: 0\r\nX: 62\r\n")
    }

    /// The request and the response both show what took the request on its way.
    @Test func filtersApplyOnTheWay() throws {
        let origin = try EngineOrigin.echo()
        var options = EngineHarness.Options()
        func filter(_ id: String, _ prefix: String) -> Route {
            var match = RouteMatch()
            match.pathPrefixes = [prefix]
            return Route(
                id: id, match: match,
                headers: HeaderRules(
                    request: [Self.edit(.add, "X-Seen", id)],
                    response: [Self.edit(.add, "X-Way", id)]))
        }
        var api = RouteMatch()
        api.pathPrefixes = ["/api"]
        options.routes = [
            filter("all", "/"), filter("api", "/api"), filter("other", "/other"),
            Route(id: "b", match: api, action: .backend("b")),
            filter("late", "/"),
            Route(
                id: "r", match: RouteMatch(),
                action: .respond(LocalResponse(status: 200, body: Template(literal: "local")))),
        ]
        let harness = try EngineHarness(origins: [origin.port], options)
        let client = try harness.connect()
        client.send("GET /api/x HTTP/1.1\r\nHost: a\r\n\r\n")
        let forwarded = try #require(client.takeMessage())
        #expect(forwarded.fields.filter { $0.name == "X-Way" }.map(\.value) == ["all", "api"])
        client.send("GET /other HTTP/1.1\r\nHost: a\r\n\r\n")
        let local = try #require(client.takeMessage())
        #expect(
            local.fields.filter { $0.name == "X-Way" }.map(\.value) == ["all", "other", "late"])
    }

    /// What the operator says of the request's id is what the server gets, once.
    @Test func ourOwnRuleForTheRequestID() {
        let rule = HeaderEdit(
            action: .set, name: "X-Request-ID", value: Template(parts: [.literal("mine")]))
        #expect(
            forward(
                "GET / HTTP/1.1\r\nHost: a\r\nX-Request-ID: 1\r\n\r\n", .replace, edits: [[rule]])
                == "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.7\r\n"
                + "X-Forwarded-Proto: http\r\nX-Request-ID: mine\r\n\r\n")
    }
}
