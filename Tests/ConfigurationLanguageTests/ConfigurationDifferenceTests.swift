// What leads from one configuration to another: nothing missed, nothing twice, each with the
// lightest way to apply it.

import ConfigurationLanguage
import Testing

@Suite struct ConfigurationDifferenceTests {
    private static let old = """
        version: 1
        frontends:
          web:
            bind: "*:80"
            headers: {set: {A: a, B: b}}
            routes:
              - {id: one, match: {path: /1}, respond: {status: 200, body: one}}
              - {id: two, match: {path: /2}, backend: api}
              - {id: three, match: {path: /3}, backend: api}
              - {id: rest, respond: {status: 404}}
        backends:
          api: {servers: {a: {address: "10.0.0.1:80"}, b: {address: "10.0.0.2:80"}}}
        """

    private static func changes(_ edits: [(String, String)]) throws -> [String] {
        var text = old
        for (from, to) in edits {
            #expect(text.contains(from), "the text has no \(from)")
            text = text.replacing(from, with: to)
        }
        let difference = ConfigurationDifference(
            from: EffectiveDocument(try configuration(old)),
            to: EffectiveDocument(try configuration(text)))
        #expect(difference.impact == difference.changes.map(\.impact).max())
        return difference.changes.map {
            "\($0.operation.rawValue) \($0.pointer) \($0.impact.rawValue)"
        }
    }

    @Test func equalConfigurationsHaveNoChanges() throws {
        #expect(try Self.changes([]) == [])
        // Another way to write the same.
        #expect(try Self.changes([("bind: \"*:80\"", "bind: [\"0.0.0.0:80\"]")]) == [])
        #expect(try Self.changes([("version: 1", "# words\nversion: 1\nprocess: {}")]) == [])
    }

    @Test func eachChangeHasItsImpact() throws {
        let table: [([(String, String)], [String])] = [
            (
                [("\"10.0.0.1:80\"", "\"10.0.0.1:80\", weight: 5")],
                ["replace /backends/api/servers/a/weight HOT"]
            ),
            (
                [("10.0.0.2:80", "10.0.0.9:80")],
                ["replace /backends/api/servers/b/address HOT"]
            ),
            (
                [(", b: {address: \"10.0.0.2:80\"}", ", c: {address: \"10.0.0.2:80\"}")],
                ["remove /backends/api/servers/b HOT", "add /backends/api/servers/c HOT"]
            ),
            (
                [("body: one", "body: uno")],
                ["replace /frontends/web/routes/one/respond/body HOT"]
            ),
            (
                [("respond: {status: 200, body: one}", "backend: api")],
                [
                    "remove /frontends/web/routes/one/respond RELOAD",
                    "add /frontends/web/routes/one/backend RELOAD",
                ]
            ),
            ([("*:80", "*:81")], ["replace /frontends/web/bind RELOAD"]),
            (
                [("version: 1", "version: 1\nprocess: {workers: 2, max_reloads: null}")],
                ["replace /process/workers RELOAD", "replace /process/max_reloads RELOAD"]
            ),
            (
                [("version: 1", "version: 1\nadmin: {socket: {path: /a, mode: \"0600\"}}")],
                ["add /admin/socket/path RESTART", "replace /admin/socket/mode RESTART"]
            ),
            (
                [("version: 1", "version: 1\nlog: {level: debug}")],
                ["replace /log/level RELOAD"]
            ),
            (
                [("version: 1", "version: 1\ndefaults: {timeouts: {connect: 1s}}")],
                [
                    "replace /defaults/timeouts/connect RELOAD",
                    "replace /backends/api/timeouts/connect RELOAD",
                ]
            ),
        ]
        for (edits, expected) in table { #expect(try Self.changes(edits) == expected) }
    }

    @Test func routesAreComparedByID() throws {
        #expect(
            try Self.changes([
                (
                    "  - {id: one",
                    "  - {id: zero, match: {path: /0}, backend: api}\n      - {id: one"
                )
            ])
                == ["add /frontends/web/routes/zero RELOAD"])
        #expect(
            try Self.changes([("{id: two", "{id: second")]) == [
                "remove /frontends/web/routes/two RELOAD",
                "add /frontends/web/routes/second RELOAD",
            ])
        #expect(
            try Self.changes([("path: /3}", "path: [/3, /4]}")])
                == ["replace /frontends/web/routes/three/match/path RELOAD"])
        // The first goes behind the third: one has moved, two have not.
        let one = "{id: one, match: {path: /1}, respond: {status: 200, body: one}}"
        #expect(
            try Self.changes([
                ("      - \(one)\n", ""),
                ("      - {id: rest", "      - \(one)\n      - {id: rest"),
            ]) == ["replace /frontends/web/routes/one RELOAD"])
    }

    /// Names without an order are no change in another order; headers go out in theirs.
    @Test func orderCountsWhereItMeansSomething() throws {
        #expect(
            try Self.changes([
                (
                    "a: {address: \"10.0.0.1:80\"}, b: {address: \"10.0.0.2:80\"}",
                    "b: {address: \"10.0.0.2:80\"}, a: {address: \"10.0.0.1:80\"}"
                )
            ]) == [])
        #expect(
            try Self.changes([("{A: a, B: b}", "{B: b, A: a}")])
                == ["replace /frontends/web/headers/request/set RELOAD"])
        #expect(
            try Self.changes([("{A: a, B: b}", "{C: c, A: a}")]) == [
                "remove /frontends/web/headers/request/set/B RELOAD",
                "add /frontends/web/headers/request/set/C RELOAD",
            ])
    }

    @Test func thousandsOfServersAreToldApart() throws {
        func text(_ weight: (Int) -> Int) -> String {
            let servers = (0..<10_000).map { index in
                "s\(index): {address: \"10.\(index / 65_536).\(index / 256 % 256)."
                    + "\(index % 256):80\", weight: \(weight(index))}"
            }
            return "version: 1\nbackends: {b: {servers: {\(servers.joined(separator: ", "))}}}"
        }
        let difference = ConfigurationDifference(
            from: EffectiveDocument(try configuration(text { _ in 1 })),
            to: EffectiveDocument(try configuration(text { $0 % 1_000 == 7 ? 2 : 1 })))
        #expect(difference.changes.count == 10)
        #expect(difference.impact == .hot)
    }
}
