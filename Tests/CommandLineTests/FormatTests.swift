// One value in the formats for programs, and tables as far as they are made of columns.

import Clock
import JSON
import Testing
import Yams

@testable import apus

struct FormatTests {
    private static let page: JSONValue = [
        "items": [
            ["name": "no", "count": 2, "empty": [], "none": nil, "nested": ["a": [1, [2, 3]]]],
            "1.10", "2026-11-21", .double(-0.000001), true, ["only": "/path-1.x"], [], [[]], "",
        ],
        "next_cursor": nil,
    ]

    @Test func yamlIsBlockStyle() {
        #expect(
            YAMLText.document(Self.page) == """
                items:
                  - name: "no"
                    count: 2
                    empty: []
                    none: null
                    nested:
                      a:
                        - 1
                        - - 2
                          - 3
                  - "1.10"
                  - "2026-11-21"
                  - -1.0e-06
                  - true
                  - only: /path-1.x
                  - []
                  - - []
                  - ""
                next_cursor: null

                """)
        #expect(YAMLText.document("x y") == "\"x y\"\n")
        #expect(YAMLText.document([:]) == "{}\n")
    }

    /// By a reader that is not ours and knows YAML 1.1: strings stay strings.
    @Test(arguments: [
        "", " ", "yes", "NO", "on", "Off", "y", "null", "Null", "~", "true", "1", "1e3", "0x1f",
        ".inf",
        "12:30:45", "2026-11-21T00:10:03.412Z", "a: b", "a #b", "- a", "? a", "*a", "&a", "!a",
        "{a}", "[a]", "a\nb", "a\r\n\tb", "\"", "\\", "'", "%a", "@a", "`a", "---", "...", "<<",
        "\u{0}", "\u{1B}[2J", "\u{85}", "\u{2028}", "a\u{FEFF}", "\u{202E}", "é", "漢", "🙂",
        "\u{E0001}",
        "a ", "a:", "e1", "READY", "1_000", "=",
    ])
    func yamlStringsAreRead(_ text: String) throws {
        let document = YAMLText.document([.init(stringLiteral: text): .string(text)] as JSONValue)
        let node = try #require(try Yams.compose(yaml: document), "\(document)")
        let pair = try #require(node.mapping?.first)
        #expect(pair.key.string == text && pair.value.string == text, "\(document)")
        #expect(pair.value.tag == Tag(.str), "\(document)")
        #expect(document.unicodeScalars.allSatisfy { $0.value >= 0x20 || $0 == "\n" })
    }

    @Test func formatsOfACollection() throws {
        let value: JSONValue = ["items": [["a": 1], ["a": "x"]], "next_cursor": nil]
        let body = Array("{ \"as\" : \"it came\" }".utf8)
        #expect(Printer.bytes(value, body: body, format: .json) == body)
        let lines = try #require(Printer.bytes(value, body: body, format: .ndjson))
        #expect(String(decoding: lines, as: UTF8.self) == "{\"a\":1}\n{\"a\":\"x\"}\n")
        #expect(Printer.bytes(["items": []], format: .ndjson) == [])
        let one = try #require(Printer.bytes(["a": 1], format: .ndjson))
        #expect(String(decoding: one, as: UTF8.self) == "{\"a\":1}\n")
        #expect(Printer.bytes(value, format: .table) == nil)
        #expect(Printer.bytes(value, format: .wide) == nil)
    }

    @Test func wideAddsColumns() {
        let reload: JSONValue = [
            "id": "rl_1", "status": "FAILED", "mode": "SOFT", "config_revision": 4,
            "from_generation": 3, "to_generation": nil, "duration_ms": 7,
            "created_at": "2026-11-21T00:10:03.412Z",
            "trigger": ["source": "api", "principal": "uid:0", "reason": "r"],
            "error": ["code": "ready-timeout"],
        ]
        let now = WallTime(milliseconds: 1_795_219_803_412)
        let narrow = ReloadText.table([reload], .init(isWide: false, colour: false, now: now))
        #expect(
            narrow == """
                ID    STATUS  MODE  REV  FROM  TO  TOOK  AGE  SOURCE  WHY
                rl_1  FAILED  SOFT  4    3     -   7ms   0s   api     ready-timeout

                """)
        let wide = ReloadText.table([reload], .init(isWide: true, colour: true, now: now))
        #expect(wide.contains("uid:0") && wide.contains("2026-11-21T00:10:03.412Z"))
        #expect(wide.contains("\u{1B}[31mFAILED\u{1B}[0m"))
    }

    @Test func cellsOfForeignValues() {
        #expect(TextTable.Cell(value: "\u{1B}[2J").text == "\\u{1b}[2J")
        #expect(TextTable.Cell(value: nil).text == "-")
        #expect(TextTable.Cell(value: [:]).text == "-")
        #expect(TextTable.Cell(value: "").text == "-")
        #expect(TextTable.Cell(value: [1, 2]).text == "2")
    }

    @Test func targetsKeepTheirShape() {
        let id = "../x?a=b&c d/é%"
        let target = ("/v1/reloads/\(id)" as RequestTarget).with("type", "generation.*")
            .with("none", nil).with("wait", "1s")
        #expect(
            target.text
                == "/v1/reloads/..%2Fx%3Fa%3Db%26c%20d%2F%C3%A9%25?type=generation.%2A&wait=1s")
        for text in ["", "v1", "/a b", "/a\r\nX: y", "/é", "http://h/"] {
            #expect(RequestTarget(verbatim: text) == nil)
        }
        #expect(RequestTarget(verbatim: "/v1/x?a=%20&b")?.text == "/v1/x?a=%20&b")
    }
}
