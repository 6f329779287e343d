// What regular expressions find, in a table whose answers are those of another implementation
// (Python's re, which goes back where ours does not; letters beyond ASCII are ours), and how many
// steps they take at worst.

import Model
import Testing

@testable import DataPlane

@Suite struct CompiledRegexTests {
    struct Found: Equatable {
        var start: Int
        /// The whole match, then the groups; nil: it has no part in the match.
        var groups: [String?]

        init(_ start: Int, _ groups: [String?]) {
            self.start = start
            self.groups = groups
        }
    }

    static let table: [(String, String, Found?)] = [
        ("abc", "xxabcabc", Found(2, ["abc"])),
        ("a.c", "a\nc abc", Found(4, ["abc"])),
        ("^a", "ba", nil),
        ("^a", "ab", Found(0, ["a"])),
        ("a$", "aba", Found(2, ["a"])),
        ("^$", "", Found(0, [""])),
        ("a|ab", "ab", Found(0, ["a"])),
        ("ab|a", "ab", Found(0, ["ab"])),
        ("(a|ab)(c|bcd)(d*)", "abcd", Found(0, ["abcd", "a", "bcd", ""])),
        ("(?:a|ab)(?:c|bcd)(d*)", "abcd", Found(0, ["abcd", ""])),
        ("a*", "aaa", Found(0, ["aaa"])),
        ("a*?", "aaa", Found(0, [""])),
        ("a+?", "aaa", Found(0, ["a"])),
        ("a??b", "ab", Found(0, ["ab"])),
        ("(a+)(a+)", "aaaa", Found(0, ["aaaa", "aaa", "a"])),
        ("(a+?)(a+)", "aaaa", Found(0, ["aaaa", "a", "aaa"])),
        ("a{2}", "aaaa", Found(0, ["aa"])),
        ("a{2,}", "aaaa", Found(0, ["aaaa"])),
        ("a{2,3}", "aaaa", Found(0, ["aaa"])),
        ("a{2,3}?", "aaaa", Found(0, ["aa"])),
        ("a{0}b", "ab", Found(1, ["b"])),
        ("(ab){2}", "ababab", Found(0, ["abab", "ab"])),
        ("[abc]+", "xxcabx", Found(2, ["cab"])),
        ("[^abc]+", "abcxyz", Found(3, ["xyz"])),
        ("[a-c0-2]+", "zz1b9", Found(2, ["1b"])),
        ("[-a]+", "b-a-", Found(1, ["-a-"])),
        ("[a-]+", "b-a-", Found(1, ["-a-"])),
        ("[\\]x]+", "a]x]", Found(1, ["]x]"])),
        ("\\d+", "ab123c", Found(2, ["123"])),
        ("\\D+", "12ab3", Found(2, ["ab"])),
        ("\\w+", " foo_9-", Found(1, ["foo_9"])),
        ("\\W+", "ab -c", Found(2, [" -"])),
        ("\\s+", "a \tb", Found(1, [" \t"])),
        ("\\S+", "  xy ", Found(2, ["xy"])),
        ("\\bfoo\\b", "afoo foo", Found(5, ["foo"])),
        ("\\Boo", "foo", Found(1, ["oo"])),
        ("\\.", "a.b", Found(1, ["."])),
        ("\\x41+", "aAAa", Found(1, ["AA"])),
        ("[\\d.]+", "v1.2.3", Found(1, ["1.2.3"])),
        ("(?i)FoO", "xfOox", Found(1, ["fOo"])),
        ("(?i)[a-c]+", "xABCx", Found(1, ["ABC"])),
        ("(?i)[^a]+", "Aab", Found(2, ["b"])),
        ("^/users/(?<id>\\d+)$", "/users/42", Found(0, ["/users/42", "42"])),
        ("^/users/(?<id>\\d+)$", "/users/42/", nil),
        ("^/(?<lang>de|en)/(?<rest>.*)$", "/en/a/b", Found(0, ["/en/a/b", "en", "a/b"])),
        ("(\\d+)-(\\d+)?", "12-", Found(0, ["12-", "12", nil])),
        ("(a)|(b)", "b", Found(0, ["b", nil, "b"])),
        ("((a)(b)?)+", "aba", Found(0, ["aba", "a", "a", "b"])),
        ("(a|b)*c", "ababc", Found(0, ["ababc", "b"])),
        ("(a*)b", "aaab", Found(0, ["aaab", "aaa"])),
        ("x*", "aaa", Found(0, [""])),
        ("(?:a?){3}a{3}", "aaa", Found(0, ["aaa"])),
        ("(foo|foobar)(bar)?$", "foobar", Found(0, ["foobar", "foo", "bar"])),
        ("ä+", "xääy", Found(1, ["ää"])),
        ("a(?:b|c|d)e", "xxacexade", Found(2, ["ace"])),
        (".*/(.*)", "/a/b/c", Found(0, ["/a/b/c", "c"])),
        (".*?/(.*)", "/a/b/c", Found(0, ["/a/b/c", "a/b/c"])),
        ("(.*?)(;|$)", "k=v; x", Found(0, ["k=v;", "k=v", ";"])),
        ("\\.(?:png|jpe?g)$", "/x/a.jpeg", Found(4, [".jpeg"])),
        ("\\.(?:png|jpe?g)$", "/x/a.jpegx", nil),
        (
            "http://([^/:]+)(?::(\\d+))?", "http://h.example:80/x",
            Found(0, ["http://h.example:80", "h.example", "80"])
        ),
        ("a\\|b", "a|b", Found(0, ["a|b"])),
        ("[|()]+", "x(|)y", Found(1, ["(|)"])),
        ("}", "a}", Found(1, ["}"])),
        ("]", "a]", Found(1, ["]"])),
        ("a{1}b{1,1}", "aab", Found(1, ["ab"])),
        ("(?:)", "a", Found(0, [""])),
        ("()b", "ab", Found(1, ["b", ""])),
        ("(|a)b", "ab", Found(0, ["ab", "a"])),
    ]

    @Test(arguments: table) func finds(_ pattern: String, _ text: String, _ expected: Found?) throws
    {
        let expression = try RegularExpression(pattern)
        for usesOutline in [true, false] {
            let found = Self.find(expression, in: text, usesOutline: usesOutline)
            #expect(found == expected, "\(usesOutline)")
        }
        #expect(Self.matches(expression, text) == (expected != nil))
    }

    /// A pattern that is nothing but a text, with and without anchors, is compared.
    @Test(arguments: [
        ("/a.b", "x/a.b/", true), ("/a.b", "/ab", false), ("^/a", "/ab", true),
        ("^/a", "x/a", false),
        ("b$", "ab", true), ("b$", "ba", false), ("^ab$", "ab", true), ("^ab$", "abc", false),
        ("^", "a", true), ("$", "a", true), ("^$", "a", false), ("ä", "xäy", true),
    ])
    func literals(_ pattern: String, _ text: String, _ isFound: Bool) throws {
        let expression = try RegularExpression(pattern.replacing(".", with: "\\."))
        #expect(Self.matches(expression, text) == isFound)
        #expect((Self.find(expression, in: text) != nil) == isFound)
    }

    /// What stands before a prefix that was looked for is still seen by `\b`.
    @Test func aWordBoundaryBeforeAPrefix() throws {
        let expression = try RegularExpression("foo\\b.")
        #expect(Self.find(expression, in: "xfoob foo-") == Found(6, ["foo-"]))
        let inside = try RegularExpression("oo\\B")
        #expect(Self.find(inside, in: "foo foob") == Found(5, ["oo"]))
    }

    /// Escapes of a query are looked through.
    @Test(arguments: [
        ("^a b$", "a+b", true), ("^a b$", "a%20b", true), ("^a\\+b$", "a%2Bb", true),
        ("^a\\+b$", "a+b", false), ("^%4$", "%4", true), ("", "", true),
    ])
    func decoded(_ pattern: String, _ text: String, _ isFound: Bool) throws {
        let expression = try RegularExpression(pattern.isEmpty ? "(?:)" : pattern)
        let arena = ConfigurationArena()
        let regex = CompiledRegex(expression, arena: arena)
        let memory = NumberMemory(cells: arena.regexCells)
        #expect(
            regex.matches(decoded: DecodedText(arena.bytes(text)), memory.cells) == isFound)
    }

    /// Where a search with going back would not come to an end: each byte costs each instruction at
    /// most once.
    @Test(arguments: [
        ("(a*)*b", 8_192), ("(a|aa)+$", 8_192), ("(?:a?){100}a{100}b", 2_000),
        ("(.*)(.*)(.*)x", 8_192),
        ("((a+)+)+c", 8_192), ("(?:(?:a|b|ab)*){20}c", 1_024),
        ("^(([a-z])+.)+[A-Z]([a-z])+$", 8_192),
        ("a{1000}b", 1_024),
    ])
    func stepsAreBounded(_ pattern: String, _ count: Int) throws {
        let expression = try RegularExpression(pattern)
        let arena = ConfigurationArena()
        let text = arena.bytes([UInt8](repeating: UInt8(ascii: "a"), count: count))
        for wanted in [[], Array(0...expression.groups.count)] {
            let regex = CompiledRegex(
                expression, wanted: wanted, arena: arena, usesOutline: false)
            let memory = NumberMemory(cells: arena.regexCells)
            let steps = regex.steps(for: text, memory.cells)
            #expect(steps <= regex.instructionCount * (count + 1))
            #expect(steps > count)
        }
    }

    /// The count that the control plane refuses by is never less than what is compiled.
    @Test(arguments: table) func countsEveryInstruction(
        _ pattern: String, _ text: String, _ expected: Found?
    ) throws {
        let expression = try RegularExpression(pattern)
        let arena = ConfigurationArena()
        let whole = CompiledRegex(
            expression, wanted: Array(0...expression.groups.count), arena: arena)
        let bare = CompiledRegex(expression, arena: arena)
        #expect(whole.instructionCount == expression.instructionCount)
        #expect(bare.instructionCount <= whole.instructionCount)
    }

    static func find(
        _ expression: RegularExpression, in text: String, usesOutline: Bool = true
    ) -> Found? {
        let arena = ConfigurationArena()
        let regex = CompiledRegex(
            expression, wanted: Array(0...expression.groups.count), arena: arena,
            usesOutline: usesOutline)
        let memory = NumberMemory(cells: arena.regexCells)
        guard let match = regex.find(in: arena.bytes(text), memory.cells),
            let start = match.start(0)
        else { return nil }
        return Found(
            start,
            (0...expression.groups.count).map { number in
                match.start(number) == nil ? nil : utf8(match[number])
            })
    }

    static func utf8(_ bytes: Bytes) -> String {
        String(decoding: (0..<bytes.count).map { bytes[$0] }, as: UTF8.self)
    }

    static func matches(_ expression: RegularExpression, _ text: String) -> Bool {
        let arena = ConfigurationArena()
        let regex = CompiledRegex(expression, arena: arena)
        let memory = NumberMemory(cells: arena.regexCells)
        return regex.matches(arena.bytes(text), memory.cells)
    }
}
