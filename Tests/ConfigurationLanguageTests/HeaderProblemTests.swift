// Header rules: what is wrong with them, and where.

import Model
import Testing

@testable import ConfigurationLanguage

@Suite struct HeaderProblemTests {
    /// Of a route with these rules; problems as `code pointer`, `...` stands for the rules.
    private func problems(_ headers: String) -> [String] {
        let text =
            "{version: 1, backends: {b: {servers: {s: {address: '10.0.0.1:1'}}}}, frontends: {f: "
            + "{bind: '*:80', routes: [{headers: \(headers), backend: b}]}}}\n"
        let report = ConfigurationSource(
            text: ConfigurationText(bytes: Array(text.utf8)), fileName: "headers.yaml"
        ).report()
        return (report.errors + report.warnings).map {
            "\($0.code.rawValue) "
                + $0.pointer.replacing("/frontends/f/routes/0/headers", with: "...")
        }
    }

    @Test(
        arguments: [
            (
                "replace: {Cookie: {regex: '(?<a>b)', with: '%{group.a}%{group.1}%{group.0}%{path}'}}",
                []
            ),
            ("response: {replace: {Location: [{regex: a, with: ''}, {regex: b, with: c}]}}", []),
            (
                "replace: {Cookie: {regex: '(b)', with: '%{group.2}'}}",
                ["unknown-reference .../replace/Cookie/with"]
            ),
            (
                "response: {replace: {Location: {regex: b, with: '%{header.a}'}}}",
                ["unknown-variable .../response/replace/Location/with"]
            ),
            ("set: {A: '%{group.0}'}", ["unknown-variable .../set/A"]),
            (
                "replace: {Cookie: {regex: '(b', with: c}}",
                ["invalid-value .../replace/Cookie/regex"]
            ),
            ("replace: {Cookie: {regex: b}}", ["missing-field .../replace/Cookie"]),
            ("replace: {Cookie: {with: b}}", ["missing-field .../replace/Cookie"]),
            ("replace: {Host: {regex: a, with: b}}", ["invalid-value .../replace/Host"]),
            (
                "{replace: {A: {regex: a, with: b}, a: {regex: c, with: d}}}",
                ["duplicate-key .../replace/a"]
            ),
            ("{remove: a, replace: {A: {regex: a, with: b}}}", ["conflicting-fields ..."]),
            ("{set: {a: b}, replace: {A: {regex: a, with: b}}}", ["conflicting-fields ..."]),
            ("{set: {a: b}, response: {replace: {A: {regex: a, with: b}}}}", []),
        ] as [(String, [String])])
    func replacements(_ headers: String, _ expected: [String]) {
        #expect(problems(headers.hasPrefix("{") ? headers : "{\(headers)}") == expected)
    }

    @Test(
        arguments: [
            ("{status: 404, remove: a}", []),
            ("[{status: [200, 599-500], set: {A: b}}], always: true", []),
            ("[{status: 404, replace: {a: {regex: a, with: b}}}], set: {B: c}, always: true", []),
            (
                "[{status: 404, replace: {a: {regex: a, with: b}}}], always: true",
                ["missing-field .../response/always"]
            ),
            ("[]", ["out-of-range .../response/by_status"]),
            ("{set: {A: b}}", ["missing-field .../response/by_status"]),
            ("[{status: 404}]", ["missing-field .../response/by_status/0"]),
            (
                "[{status: 103, set: {A: b}}, {status: 4xx, set: {A: b}}, {status: 101-299, "
                    + "set: {A: b}}]",
                [
                    "out-of-range .../response/by_status/0/status",
                    "wrong-type .../response/by_status/1/status",
                    "wrong-type .../response/by_status/2/status",
                ]
            ),
            ("{status: [], set: {A: b}}", ["invalid-value .../response/by_status/status"]),
            (
                "{status: 404, set: {Connection: b}, always: true}",
                [
                    "invalid-value .../response/by_status/set/Connection",
                    "unknown-field .../response/by_status/always",
                ]
            ),
            (
                "{status: 404, replace: {a: {regex: a, with: b}}}, set: {A: b}",
                ["conflicting-fields .../response/by_status"]
            ),
            ("{status: 404, remove: a}, replace: {a: {regex: a, with: b}}", []),
            (
                "{remove: a, status: [" + String(repeating: "404, ", count: 17) + "]}",
                ["out-of-range .../response/by_status/status"]
            ),
            (
                "[" + String(repeating: "{status: 404, remove: a}, ", count: 17) + "]",
                ["out-of-range .../response/by_status"]
            ),
        ] as [(String, [String])])
    func byStatus(_ edits: String, _ expected: [String]) {
        #expect(problems("{response: {by_status: \(edits)}}") == expected)
    }
}
