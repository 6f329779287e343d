// `headers.replace`: the very bytes that leave.

import Model
import Testing

@testable import DataPlane

@Suite struct HeaderReplacementTests {
    private static func replace(
        _ name: String, _ regex: String, _ parts: Template.Part...
    ) throws -> HeaderEdit {
        HeaderEdit(
            action: .replace, name: name, value: Template(parts: parts),
            regex: try RegularExpression(regex))
    }

    /// The fields of a response that leaves; nil: there was no room.
    private func answer(
        _ fields: String, _ levels: [[HeaderEdit]], capacity: Int = 4_096
    ) -> String? {
        let arena = ConfigurationArena()
        let rules = AppliedRules(CompiledRules(levels, arena: arena))
        var head = ResponseHead()
        var parser = ResponseHeadParser()
        let scratch = ByteScratch(capacity: capacity)
        let captures = CaptureMemory(regexCells: arena.regexCells)
        let start = "HTTP/1.1 200 OK\r\n"
        return octets(start + fields + "\r\n").withBytes { bytes -> String? in
            let result = parser.parse(
                bytes, to: .init(method: .get, offersUpgrade: false), headBytes: 16_384,
                into: &head)
            guard case .complete = result else { return "no head" }
            var facts = ExchangeFacts()
            facts.host = Bytes("edge.example")
            facts.captures = captures.empty
            var writer = scratch.writer()
            let fits = HeadSerializer.writeResponse(
                head, bytes,
                ResponseForwarding(clientVersion: .http11, keepsClientConnection: true),
                rules: rules, facts: facts, into: &writer)
            return fits ? String(text(writer.written).dropFirst(start.count).dropLast(1)) : nil
        }
    }

    @Test(arguments: [
        // The match alone gives way; what stands around it stays.
        ("http://", "https://", "Location: http://a/b\r\n", "Location: https://a/b\r\n"),
        ("b", "", "Location: abcb\r\n", "Location: acb\r\n"),
        ("x", "y", "Location: abc\r\n", "Location: abc\r\n"),
        ("^", "x", "Location: a\r\n", "Location: xa\r\n"),
        ("$", "x", "Location: a\r\n", "Location: ax\r\n"),
        // Every field of the name, whatever its case, and nothing else.
        (
            "a", "b", "location: a\r\nX: a\r\nLOCATION: ca\r\n",
            "location: b\r\nX: a\r\nLOCATION: cb\r\n"
        ),
        // Of which nothing is left.
        (".*", "", "A: a\r\nLocation: a\r\nB: b\r\n", "A: a\r\nB: b\r\n"),
        ("b", "", "Location:\r\n", "Location: \r\n"),
        // A look-alike.
        ("a", "b", "X_Y: a\r\n", "X_Y: a\r\n"),
    ])
    func firstMatchGivesWay(
        _ regex: String, _ text: String, _ fields: String, _ expected: String
    ) throws {
        let edit = try Self.replace("Location", regex, .literal(text))
        #expect(answer(fields, [[edit]]) == expected)
        // Also where a filter stands between.
        #expect(answer(fields, [[], [edit]]) == expected)
    }

    @Test func groupsAndVariables() throws {
        let edit = try Self.replace(
            "Location", "^http://(?<host>[^/:]+)(:\\d+)?", .literal("https://"), .variable(.host),
            .literal("/"), .group("host"), .literal("/"), .group("2"), .literal("["), .group("0"),
            .literal("]"))
        #expect(
            answer("Location: http://a:80/x\r\n", [[edit]])
                == "Location: https://edge.example/a/:80[http://a:80]/x\r\n")
        // A group without part in the match is nothing, also behind one that had.
        #expect(
            answer("Location: http://a:80/x\r\nLocation: http://b/\r\n", [[edit]])?
                .hasSuffix("Location: https://edge.example/b/[http://b]/\r\n") == true)
    }

    /// One after the other, the frontend's first; a name that is removed or set is not replaced.
    @Test func levels() throws {
        let one = try Self.replace("X-A", "a", .literal("b"))
        let other = try Self.replace("x-a", "b+", .literal("<"), .group("0"), .literal(">"))
        #expect(answer("X-A: ab\r\n", [[one], [other]]) == "X-A: <bb>\r\n")
        #expect(answer("X-A: ab\r\n", [[one, other]]) == "X-A: <bb>\r\n")
        #expect(answer("X-A: ab\r\n", [[other], [one]]) == "X-A: b<b>\r\n")
        let removal = HeaderEdit(action: .remove, name: "X-A", value: Template(parts: []))
        #expect(answer("X-A: ab\r\n", [[one], [removal]]) == "")
        #expect(answer("X-A: ab\r\n", [[removal], [one]]) == "")
    }

    /// What another field of the client could bring does not become a line.
    @Test func noLineComesOutOfAGroup() throws {
        let edit = try Self.replace("X-A", "(a.)", .group("1"), .group("1"))
        #expect(answer("X-A: xa\tz\r\n", [[edit]]) == "X-A: xaaz\r\n")
    }

    @Test func whatDoesNotFitIsRefused() throws {
        let edit = try Self.replace("X-A", ".*", .group("0"), .group("0"))
        let value = String(repeating: "a", count: 150)
        #expect(answer("X-A: \(value)\r\n", [[edit]], capacity: 400) == nil)
        #expect(answer("X-A: \(value)\r\n", [[edit]], capacity: 600) == "X-A: \(value)\(value)\r\n")
    }
}
