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
        // No entry is about those.
        (101, "A: all\r\nR: route\r\n", []), (600, "A: all\r\nR: route\r\n", []),
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

    private static func replacing(_ name: String, _ pattern: String) throws -> HeaderEdit {
        HeaderEdit(
            action: .replace, name: name, value: Template(literal: ""),
            regex: try RegularExpression(pattern))
    }

    /// Marks answers with those statuses, and says what was asked for.
    private static func marking(
        _ name: String, always: Bool, _ statuses: ClosedRange<Int>..., and others: HeaderEdit...
    ) -> HeaderRules {
        let path = HeaderEdit(
            action: .set, name: "X-Path", value: Template(parts: [.variable(.path)]))
        return HeaderRules(
            responseByStatus: [
                StatusEdits(
                    statuses: statuses.map(StatusRange.init),
                    edits: [edit(.add, "X-Mark", name), path] + others)
            ], coversErrors: always)
    }

    /// Two filters before a route or none, in front of a server that says which status.
    private static func options(always: Bool) throws -> EngineHarness.Options {
        var options = EngineHarness.Options()
        options.retries.count = 0
        options.headers = HeaderRules(
            responseByStatus: [
                when(500...599, do: edit(.set, "X-Kept", "no"), edit(.remove, "Server")),
                try when(404...404, do: replacing("X-Came", "^a")),
            ], coversErrors: always)
        var redirect = Redirect()
        redirect.path = "/new"
        func marking(
            _ name: String, _ statuses: ClosedRange<Int>, and other: HeaderEdit
        ) -> HeaderRules { Self.marking(name, always: always, statuses, and: other) }
        options.routes = [
            Route(
                id: "one", match: match("/f"),
                headers: marking("one", 404...500, and: edit(.add, "X-Gone", "one"))),
            Route(
                id: "two", match: match("/f"),
                headers: marking("two", 500...599, and: edit(.remove, "X-Gone"))),
            Route(
                id: "denied", match: match("/f/denied"), action: .deny(Denial(status: 404)),
                headers: marking("route", 404...404, and: edit(.remove, "Cache-Control"))),
            Route(
                id: "moved", match: match("/moved"), action: .redirect(redirect),
                headers: marking("route", 300...399, and: edit(.add, "X-Own", "1"))),
            Route(
                id: "said", match: match("/said"),
                action: .respond(LocalResponse(status: 404, body: Template(literal: "x"))),
                headers: marking("route", 404...404, and: edit(.add, "X-Own", "1"))),
            Route(
                id: "b", action: .backend("b"),
                headers: try marking("route", 404...404, and: replacing("X-Came", "b"))),
        ]
        return options
    }

    private struct Seen: Equatable {
        var status: Int
        var marks: [String]
        /// Each as `name: value`, in this order.
        var others: [String]

        init(_ status: Int, _ marks: [String] = [], _ others: String...) {
            (self.status, self.marks, self.others) = (status, marks, others)
        }

        init(_ message: EngineMessage) {
            status = message.status
            func values(_ name: String) -> [String] {
                message.fields.filter { $0.name.lowercased() == name }.map(\.value)
            }
            marks = values("x-mark")
            others = ["server", "x-came", "x-kept", "x-gone", "x-own", "cache-control"].flatMap {
                name in values(name).map { "\(name): \($0)" }
            }
        }
    }

    /// The answer's status, and not another one's, chooses the rules: a server's, a route's own, a
    /// refusal of ours. Rules of each level meet what came, and what the levels before write.
    @Test(arguments: [
        ("/200", Seen(200, [], "server: s", "x-came: abab")),
        ("/404", Seen(404, ["route"], "server: s", "x-came: ab")),
        ("/500", Seen(500, [], "x-came: abab", "x-kept: no")),
        ("/f/200", Seen(200, [], "server: s", "x-came: abab")),
        ("/f/404", Seen(404, ["one", "route"], "server: s", "x-came: ab", "x-gone: one")),
        ("/f/450", Seen(450, ["one"], "server: s", "x-came: abab", "x-gone: one")),
        ("/f/500", Seen(500, ["one", "two"], "x-came: abab", "x-kept: no")),
        ("/f/501", Seen(501, ["two"], "x-came: abab", "x-kept: no")),
        ("/moved", Seen(302, ["route"], "x-own: 1")), ("/said", Seen(404, ["route"], "x-own: 1")),
        ("/f/denied", Seen(404, [], "cache-control: no-store")),
        ("/gone", Seen(502, [], "cache-control: no-store")),
        ("/f/gone", Seen(502, [], "cache-control: no-store")),
    ])
    private func onTheWire(_ path: String, _ expected: Seen) throws {
        try expect(path, expected, always: false)
    }

    /// `always` holds for refusals and what else is ours.
    @Test(arguments: [
        ("/404", Seen(404, ["route"], "server: s", "x-came: ab")),
        ("/f/denied", Seen(404, ["one", "route"], "x-gone: one")),
        ("/gone", Seen(502, [], "x-kept: no", "cache-control: no-store")),
        ("/f/gone", Seen(502, ["two"], "x-kept: no", "cache-control: no-store")),
    ])
    private func always(_ path: String, _ expected: Seen) throws {
        try expect(path, expected, always: true)
    }

    private func expect(_ path: String, _ expected: Seen, always: Bool) throws {
        let origin = try EngineOrigin { connection in
            while let request = connection.takeMessage(hasBody: false) {
                let path = request.startLine.split(separator: " ")[1]
                guard let status = path.split(separator: "/").last.flatMap({ Int($0) }) else {
                    return
                }
                connection.send(
                    "HTTP/1.1 \(status) S\r\nServer: s\r\nX-Came: abab\r\n"
                        + "Content-Length: 0\r\n\r\n")
            }
        }
        let harness = try EngineHarness(origins: [origin.port], try Self.options(always: always))
        for method in ["GET", "HEAD"] {
            let client = try harness.connect()
            client.send("\(method) \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
            let message = try #require(client.takeMessage(hasBody: method != "HEAD"))
            #expect(Seen(message) == expected, "\(method)")
            // What is said of the request was kept for it.
            #expect(message.field("x-path") == (expected.marks.isEmpty ? nil : path))
        }
    }
}
