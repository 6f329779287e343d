// Header rules of responses that look at the status: merged, and on the wire.

import Model
import Testing

@testable import DataPlane

@Suite struct RulesByStatusTests {
    private static func edit(
        _ action: HeaderEdit.Action, _ name: String, _ value: String = ""
    ) -> HeaderEdit {
        HeaderEdit(action: action, name: name, value: Template(literal: value))
    }

    private static func when(_ ranges: ClosedRange<Int>..., do edits: HeaderEdit...) -> StatusEdits
    {
        StatusEdits(statuses: ranges.map(StatusRange.init), edits: edits)
    }

    /// Each entry that takes the status, behind what holds for all; a level behind the one before.
    @Test(arguments: [
        (200, "A: all\r\nR: route\r\n", [String]()), (399, "A: all\r\nR: route\r\n", []),
        (400, "A: bad\r\nR: route\r\n", ["a"]), (403, "A: bad\r\nR: route\r\n", ["a"]),
        (404, "A: bad\r\nB: not found\r\nR: route\r\n", ["a"]),
        (405, "A: bad\r\nR: route\r\n", ["a"]), (499, "A: bad\r\nR: route\r\n", ["a"]),
        (500, "A: all\r\nB: not found\r\nR: own\r\n", ["r", "s"]),
        (599, "A: all\r\nR: own\r\n", ["r", "s"]),
        (101, "A: all\r\nR: route\r\n", []),
    ])
    func merged(_ status: Int, _ fields: String, _ dropped: [String]) {
        let arena = ConfigurationArena()
        let rules = RulesByStatus(
            [
                HeaderRules(
                    response: [Self.edit(.add, "A", "all")],
                    responseByStatus: [
                        Self.when(400...499, do: Self.edit(.set, "A", "bad")),
                        Self.when(
                            404...404, 500...500, do: Self.edit(.add, "B", "not found")),
                    ]),
                HeaderRules(
                    response: [Self.edit(.add, "R", "route")],
                    responseByStatus: [
                        Self.when(
                            500...599, do: Self.edit(.remove, "S"), Self.edit(.set, "R", "own"))
                    ]),
            ], arena: arena
        ).rules(for: status)
        #expect(written { rules.write(ExchangeFacts(), to: &$0) } == fields)
        #expect(
            ["a", "b", "r", "s"].filter { rules.fate(of: arena.bytes($0)) == .goes } == dropped)
    }

    private static func match(_ path: String) -> RouteMatch {
        var match = RouteMatch()
        match.pathPrefixes = [path]
        return match
    }

    /// A route, with a filter before it or without, in front of a server that says which status.
    private static func options(always: Bool) -> EngineHarness.Options {
        func marked(_ name: String, _ statuses: ClosedRange<Int>...) -> HeaderRules {
            HeaderRules(
                responseByStatus: [
                    StatusEdits(
                        statuses: statuses.map(StatusRange.init),
                        edits: [
                            edit(.add, "X-Mark", name),
                            HeaderEdit(
                                action: .set, name: "X-Path",
                                value: Template(parts: [.variable(.path)])),
                        ])
                ], coversErrors: always)
        }
        var options = EngineHarness.Options()
        options.retries.count = 0
        options.headers = HeaderRules(
            responseByStatus: [when(500...599, do: edit(.set, "Cache-Control", "no-store"))],
            coversErrors: always)
        options.routes = [
            Route(
                id: "filter", match: match("/f"), headers: marked("filter", 404...404, 500...599)),
            Route(
                id: "denied", match: match("/f/denied"), action: .deny(Denial(status: 404)),
                headers: marked("route", 404...404)),
            Route(
                id: "moved", match: match("/moved"),
                action: .redirect(
                    {
                        var redirect = Redirect()
                        redirect.path = "/new"
                        return redirect
                    }()), headers: marked("route", 300...399)),
            Route(
                id: "said", match: match("/said"),
                action: .respond(LocalResponse(status: 404, body: Template(literal: "x"))),
                headers: marked("route", 404...404)),
            Route(id: "b", action: .backend("b"), headers: marked("route", 404...404, 101...101)),
        ]
        return options
    }

    /// The answer's status, and not another one's, chooses the rules: a server's, a route's own, a
    /// refusal of ours.
    @Test(
        arguments: [
            ("/200", 200, []), ("/404", 404, ["route"]), ("/500", 500, []),
            ("/101", 101, ["route"]),
            ("/f/200", 200, []), ("/f/404", 404, ["filter", "route"]), ("/f/500", 500, ["filter"]),
            ("/moved", 302, ["route"]), ("/said", 404, ["route"]), ("/f/denied", 404, []),
            ("/gone", 502, []), ("/f/gone", 502, []),
        ] as [(String, Int, [String])])
    func onTheWire(_ path: String, _ status: Int, _ marks: [String]) throws {
        try expect(path, status, marks, cache: status == 500 ? "no-store" : nil, always: false)
    }

    /// `always` holds for refusals and what else is ours.
    @Test(
        arguments: [
            ("/404", 404, ["route"], nil), ("/f/denied", 404, ["filter", "route"], "no-store"),
            ("/gone", 502, [], "no-store"), ("/f/gone", 502, ["filter"], "no-store"),
        ] as [(String, Int, [String], String?)])
    func always(_ path: String, _ status: Int, _ marks: [String], _ cache: String?) throws {
        try expect(path, status, marks, cache: cache, always: true)
    }

    private func expect(
        _ path: String, _ status: Int, _ marks: [String], cache: String?, always: Bool
    ) throws {
        let origin = try EngineOrigin { connection in
            while let request = connection.takeMessage() {
                let status = request.startLine.split(separator: " ")[1].split(separator: "/").last
                guard let status, let status = Int(status) else { return }
                connection.send(
                    status == 101
                        ? "HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
                        : "HTTP/1.1 \(status) S\r\nContent-Length: 0\r\n\r\n")
            }
        }
        let harness = try EngineHarness(origins: [origin.port], Self.options(always: always))
        let client = try harness.connect()
        client.send(
            "GET \(path) HTTP/1.1\r\nHost: a\r\n"
                + (path == "/101" ? "Connection: upgrade\r\nUpgrade: x\r\n" : "") + "\r\n")
        let message = try #require(client.takeMessage())
        #expect(message.status == status)
        #expect(message.fields.filter { $0.name == "X-Mark" }.map(\.value) == marks)
        // What is said of the request was kept for it.
        #expect(message.field("x-path") == (marks.isEmpty ? nil : path))
        let own = !always && message.status == 502 || path == "/f/denied"
        #expect(message.field("cache-control") == (own ? "no-store" : cache))
    }
}
