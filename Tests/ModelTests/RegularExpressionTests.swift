import Model
import Testing

@Suite struct RegularExpressionTests {
    /// What is refused, at which byte, and a word of why.
    @Test(
        arguments: [
            ("", 1, "empty"), ("a\\", 2, "backslash"), ("(a", 1, "never closed"),
            ("a(b(c)", 2, "never closed"), ("a)", 2, "no group is open"), ("*a", 1, "nothing that"),
            ("a|*", 3, "nothing that"), ("(+)", 2, "nothing that"), ("a**", 3, "repetition of a"),
            ("a{2}{3}", 5, "repetition of a"), ("a*+", 3, "gives nothing back"),
            ("a+*", 3, "inner"),
            ("^*", 1, "takes no byte"), ("\\b+", 1, "takes no byte"), ("a{", 2, "a count is"),
            ("a{x}", 2, "a count is"), ("a{,3}", 2, "a count is"), ("a{3,2}", 2, "ends before"),
            ("a{1001}", 2, "at most 1000"), ("a{2,1001}", 2, "at most 1000"), ("{2}", 1, "nothing"),
            ("(a)\\1", 4, "back-references"), ("\\k<a>", 1, "back-references"),
            ("x(?=a)", 2, "look-around"), ("(?!a)", 1, "look-around"),
            ("(?<=a)b", 1, "look-around"),
            ("(?<!a)b", 1, "look-around"), ("a(?i)b", 2, "very front"), ("(?s).", 1, "other kinds"),
            ("(?P<a>b)", 1, "(?<name>"), ("(?>a)", 1, "other kinds"), ("(?<A>b)", 4, "a-z 0-9 _"),
            ("(?<1>b)", 4, "a-z 0-9 _"), ("(?<>b)", 4, "a-z 0-9 _"), ("(?<a", 4, "a-z 0-9 _"),
            ("(?<a>b)(?<a>c)", 11, "twice"), ("[a", 1, "never closed"), ("[", 1, "never closed"),
            ("[]a]", 2, "holds something"), ("[^]a]", 3, "holds something"),
            ("[z-a]", 2, "ends before"), ("[a-\\d]", 2, "two bytes"),
            ("[[:alpha:]]", 2, "[:alpha:]"),
            ("[ä]", 2, "of bytes"), ("[\\b]", 2, "no escape"), ("\\z", 1, "no escape"),
            ("\\Q", 1, "no escape"), ("\\x4", 1, "hexadecimal"), ("\\xg0", 1, "hexadecimal"),
            ("(?:a{1000}){1000}", 1, "too large"), ("((a{100}){100}){100}", 1, "too large"),
            (String(repeating: "()", count: 10), 19, "at most 9"),
            (String(repeating: "(?:", count: 51), 151, "50 deep"),
            (String(repeating: "a", count: 1_025), 1, "1024 bytes"),
        ] as [(String, Int, String)])
    func refuses(_ pattern: String, _ position: Int, _ reason: String) throws {
        let problem = #expect(throws: RegexProblem.self) { try RegularExpression(pattern) }
        #expect(problem?.position == position, "\(problem?.reason ?? "")")
        #expect(problem?.reason.contains(reason) == true, "\(problem?.reason ?? "")")
    }

    @Test(arguments: [
        "a", "|", "()", "(|a)", "a{0}", "a{1000}", "a{1,}?", "]", "}", "[-]", "[a-]",
        "[\\]\\-\\\\]",
        "[[]", "(?i)[A-Z]\\x7F", "\\^\\$\\.\\|\\?\\*\\+\\(\\)\\[\\]\\{\\}\\/", "ä+",
        String(repeating: "a", count: 1_024), "(?:(?:){1000}){1000}",
        // Counted once on each level, or this takes years.
        String(repeating: "(?:", count: 49) + "a?" + String(repeating: ")?", count: 49),
    ])
    func accepts(_ pattern: String) throws {
        #expect(try RegularExpression(pattern).text == pattern)
    }

    @Test func groupsHaveNumbersAndNames() throws {
        let expression = try RegularExpression("(?<a>x)(?:y)(z(?<b_2>w))")
        #expect(expression.names == ["a", "b_2"])
        #expect(expression.groups.map(\.number) == [1, 2, 3])
        #expect(expression.groupNumber("a") == 1)
        #expect(expression.groupNumber("b_2") == 3)
        #expect(expression.groupNumber("2") == 2)
        #expect(expression.groupNumber("0") == 0)
        for none in ["4", "c", "", "01", "-1"] { #expect(expression.groupNumber(none) == nil) }
    }

    @Test func setsOfBytes() {
        let set = RegexByteSet([0, 63, 64, 255])
        #expect((0...255).filter { set.contains(UInt8($0)) } == [0, 63, 64, 255])
        #expect((0...255).filter { !set.inverted.contains(UInt8($0)) } == [0, 63, 64, 255])
        #expect(set.single == nil)
        for byte in [UInt8(0), 63, 64, 127, 128, 255] {
            #expect(RegexByteSet([byte]).single == byte)
        }
        #expect(RegexByteSet().single == nil)
        #expect(RegexByteSet([0x4B]).ignoringCase == RegexByteSet([0x4B, 0x6B]))
    }
}
