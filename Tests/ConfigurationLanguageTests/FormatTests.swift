// The canonical layout: what it is, that nothing is lost, and that it is reached in one step.

import ConfigurationLanguage
import Foundation
import JSON
import Testing

@Suite struct FormatTests {
    private static func format(_ text: String) throws -> String {
        try ConfigurationFormatter.format(ConfigurationText(text), fileName: "test.yaml").string
    }

    private static let ugly = """
        # head

        # second
        version:   1  # one


        process: {threads: "auto",   workers:  2} # few
        frontends:
            # of web
            web:
                bind: [ "*:80",
                    '[::]:80' ]   # both
                routes:
                - id: "a"
                  match: {path: '/x y', header: {X-A: , X-B: [1, "2"]}}
                  respond:
                    status: 200


                    body: |-   # a page
                        <p>

                          two
                # the rest
                -   backend: 'web'
                # end of routes?
                labels: {}
          # end of frontends

        backends: # all
          web: {servers: {
            # first
            a: {address: "10.0.0.1:80"}, # one
            b: {address: "10.0.0.2:80"}
          }}
        # end

        """
    private static let pretty = """
        # head

        # second
        version: 1  # one

        process: {threads: auto, workers: 2}  # few
        frontends:
          # of web
          web:
            bind:  # both
              - "*:80"
              - "[::]:80"
            routes:
              - id: a
                match: {path: "/x y", header: {X-A: , X-B: [1, "2"]}}
                respond:
                  status: 200

                  body: |-  # a page
                    <p>

                      two
              # the rest
              - backend: web
            # end of routes?
            labels: {}
        # end of frontends

        backends:  # all
          web:
            servers:
              # first
              a: {address: "10.0.0.1:80"}  # one
              b: {address: "10.0.0.2:80"}
        # end

        """

    @Test func layout() throws {
        let formatted = try Self.format(Self.ugly)
        #expect(formatted == Self.pretty)
        #expect(try Self.format(formatted) == formatted)
    }

    @Test(arguments: [
        (
            "a: {b: \"0660\", c: \"no\", d: \"x\", e: \"1.10\", f: \"a b\"}\n",
            "a: {b: \"0660\", c: \"no\", d: x, e: \"1.10\", f: \"a b\"}\n"
        ),
        ("a: 'say \"hi\"'\nb: \"it's \\\"x\\\"\"\n", "a: 'say \"hi\"'\nb: \"it's \\\"x\\\"\"\n"),
        ("a: \"x\\ty\\n\\u0001\\u202E\"\n", "a: \"x\\ty\\n\\u0001\\u202E\"\n"),
        ("a:\n  one\n  two\n", "a: one two\n"),
        ("a: >-\n     x\n     y\n\n     z\n", "a: >-\n  x\n  y\n\n  z\n"),
        ("a: |+\n x\n\n\nb: 1\n", "a: |+\n  x\n\n\nb: 1\n"),
        ("a: |2\n   x\n  y\n", "a: \" x\\ny\\n\"\n"),
        ("- - 1\n  - 2\n-\n  a: 1\n  b: 2\n", "- - 1\n  - 2\n- a: 1\n  b: 2\n"),
        ("a:\nb:\n- \n- x\n", "a:\nb:\n  -\n  - x\n"),
        ("# only\n\n\n# comments", "# only\n\n# comments\n"), ("", ""), ("\n\n", ""),
        ("---\na: 1\n...\n", "a: 1\n"), ("a: 1\r\nb: 2 # c\r\n", "a: 1\nb: 2  # c\n"),
        ("\u{FEFF}a: é\n", "a: é\n"), ("? a\n: 1\n", "a: 1\n"), ("[a: 1, b]\n", "[{a: 1}, b]\n"),
        ("a: # x\n  # y\n  b: 1\n", "a:  # x\n  # y\n  b: 1\n"),
        ("a: # x\n  # y\n  v\n", "# y\na: v  # x\n"), ("a: 'x#y' # z\n", "a: \"x#y\"  # z\n"),
    ])
    func oneByOne(_ text: String, _ formatted: String) throws {
        #expect(try Self.format(text) == formatted)
        #expect(try Self.format(formatted) == formatted)
    }

    @Test func bracketsThatDoNotFitAreOpened() throws {
        let long = String(repeating: "x", count: 60)
        #expect(
            try Self.format("a: {b: \(long), c: {d: \(long)}}\n")
                == "a:\n  b: \(long)\n  c: {d: \(long)}\n")
    }

    @Test func json() throws {
        let text = #"{"a":1.10,"b":[],"c":{},"d":["x","\ud83d\ude00\n"],"e":{"f":null}}"#
        let pretty = """
            {
              "a": 1.10,
              "b": [],
              "c": {},
              "d": [
                "x",
                "😀\\n"
              ],
              "e": {
                "f": null
              }
            }

            """
        #expect(try Self.format(text) == pretty)
        #expect(try Self.format(pretty) == pretty)
    }

    @Test(arguments: ["a: [", "a: 1\na: 2", "a: &x 1", "# apus-bundle 1\n# file 0 a\n\n"])
    func whatIsNotFormatted(_ text: String) {
        #expect(throws: FormattingFailure.self) { try Self.format(text) }
    }

    /// Ours, as they are and in other layouts: the same configuration, and no second step.
    @Test func samplesMeanTheSame() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let deployed = try String(
            contentsOf: root.appendingPathComponent("deploy/examples/apus.yaml"), encoding: .utf8)
        let effective = try EffectiveDocument(configuration(Sample.supported)).text().string
        for text in [
            Sample.full, Sample.supported, EmbeddedConfiguration.source.text.string, deployed,
            effective,
        ] {
            let once = try Self.format(text)
            #expect(try Self.format(once) == once)
            #expect(read(once).errors.map(\.message) == read(text).errors.map(\.message))
            if read(text).errors.isEmpty { #expect(try configuration(once) == configuration(text)) }
        }
        #expect(try Self.format(effective) == effective)
        #expect(try Self.format(deployed).contains("#"))
    }

    /// Random layouts of random documents with comments everywhere. The formatter compares values
    /// and comments itself and refuses rather than loses; here nothing may be refused.
    @Test(arguments: 0..<200) func generated(_ seed: Int) throws {
        var writer = RandomYAML(random: SplitMix64(state: UInt64(seed)))
        let text = writer.document()
        let once = try Self.format(text)
        #expect(try Self.format(once) == once, "\(text)")
        let counts = [once, text].map { $0.utf8.count { $0 == UInt8(ascii: "#") } }
        #expect(counts[0] == counts[1], "\(text)\n\(once)")
    }
}

/// Writes documents as people do who do not care.
private struct RandomYAML {
    var random: SplitMix64
    private var number = 0

    init(random: SplitMix64) { self.random = random }

    mutating func document() -> String {
        block(indent: 0, depth: 0) + (chance(3) ? comment(0) : "")
    }

    private mutating func chance(_ of: UInt64) -> Bool { random.next() % of == 0 }

    private mutating func name() -> String {
        number += 1
        return "k\(number)"
    }

    private mutating func comment(_ indent: Int) -> String {
        number += 1
        return (chance(4) ? "\n" : "") + String(repeating: " ", count: indent) + "# c\(number)\n"
    }

    private mutating func beside() -> String {
        number += 1
        return chance(4) ? " # b\(number)\n" : "\n"
    }

    private mutating func scalar() -> String {
        ["1", "x", "\"5\"", "'it is'", "\"a: b\"", "/p", "no", "\"on\"", "''", "a b", "1.10"][
            Int(random.next() % 11)]
    }

    private mutating func flow(_ depth: Int) -> String {
        let count = Int(random.next() % 4)
        let isMapping = chance(2)
        let items = (0..<count).map { _ in
            (isMapping ? name() + ": " : "") + (depth < 2 && chance(4) ? flow(depth + 1) : scalar())
        }
        return (isMapping ? "{" : "[") + items.joined(separator: ",  ") + (isMapping ? "}" : "]")
    }

    private mutating func block(indent: Int, depth: Int) -> String {
        let isMapping = depth == 0 || chance(2)
        let pad = String(repeating: " ", count: indent)
        var text = ""
        for _ in 0...(random.next() % 4) {
            if chance(4) { text += comment(indent) }
            if chance(6) { text += "\n" }
            text += pad + (isMapping ? name() + ":" : "-")
            switch random.next() % 5 {
            case 0 where depth < 4:
                text +=
                    beside() + block(indent: indent + 1 + Int(random.next() % 4), depth: depth + 1)
            case 1: text += " " + flow(0) + beside()
            case 2:
                text += chance(2) ? " |" : " |-"
                text += beside() + pad + "   # no comment\n" + pad + "     x\n"
            case 3 where isMapping:
                text += " [" + scalar() + "," + beside() + pad + "  " + scalar() + "]" + beside()
            default: text += " " + scalar() + beside()
            }
        }
        if chance(5) { text += comment(indent) }
        return text
    }
}
