// Path patterns, parameters and cookies: what is read out of a request.

import Model
import Testing

@testable import DataPlane

@Suite struct PathPatternTests {
    /// What was captured as `name=value`, nil if the pattern does not take the path.
    private func take(_ pattern: String, _ path: String) throws -> [String]? {
        let arena = ConfigurationArena()
        let parsed = try #require(PathPattern(pattern))
        #expect(parsed.description == pattern)
        let numbers = Dictionary(
            parsed.names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let compiled = CompiledPathPattern(parsed, numbers: numbers, arena: arena)
        let memory = CaptureMemory()
        var captures = memory.empty
        return octets(path).withBytes { bytes in
            guard compiled.takes(bytes, &captures) else {
                #expect(parsed.names.indices.allSatisfy { captures[$0].isEmpty })
                return nil
            }
            return parsed.names.enumerated().map { "\($1)=\(text(captures[$0]))" }
        }
    }

    @Test(
        arguments: [
            ("/users/{id}", "/users/7", ["id=7"]), ("/users/{id}", "/users/7/", nil),
            ("/users/{id}", "/users/", nil), ("/users/{id}", "/users", nil),
            ("/users/{id}", "/users/7/x", nil), ("/users/{id}", "/Users/7", nil),
            ("/users/{id}", "/users/a%2Fb", ["id=a%2Fb"]), ("/users/{id}/", "/users/7/", ["id=7"]),
            ("/{a}/x/{b}", "/1/x/2", ["a=1", "b=2"]), ("/{a}/x/{b}", "/1/y/2", nil),
            ("/f/{rest*}", "/f/", ["rest="]), ("/f/{rest*}", "/f", nil),
            ("/f/{rest*}", "/f/a//b/", ["rest=a//b/"]), ("/{rest*}", "/", ["rest="]),
            ("/{a}/{rest*}", "/x/y/z", ["a=x", "rest=y/z"]), ("/{a}/{rest*}", "//y", nil),
            ("/", "/", []), ("/", "//", nil), ("/a//b", "/a//b", []), ("/a//b", "/a/b", nil),
            ("/{a}", "*", nil), ("/{a}", "", nil),
        ] as [(String, String, [String]?)])
    func takes(_ pattern: String, _ path: String, _ captured: [String]?) throws {
        #expect(try take(pattern, path) == captured)
    }

    @Test(arguments: [
        "", "a", "{a}", "/{a", "/a}", "/{}", "/{A}", "/{1a}", "/{a}b", "/a{b}", "/{a*}/b",
        "/{a}/{a}", "/{a}/{a*}", "/{*}", "/{a-b}", "/{{a}}",
        "/{" + String(repeating: "a", count: 33) + "}", String(repeating: "/a", count: 33),
    ])
    func isNoPattern(_ text: String) {
        #expect(PathPattern(text) == nil)
    }

    /// What a pattern without success wrote is not seen, nor what it wrote over.
    @Test func captureOfAnEarlierMatchStays() throws {
        let arena = ConfigurationArena()
        let numbers = ["id": 0]
        let one = CompiledPathPattern(
            try #require(PathPattern("/{id}/{x*}")), numbers: numbers, arena: arena)
        let other = CompiledPathPattern(
            try #require(PathPattern("/a/{id}/z")), numbers: numbers, arena: arena)
        let memory = CaptureMemory()
        var captures = memory.empty
        octets("/a/b/c").withBytes { path in
            #expect(one.takes(path, &captures))
            #expect(!other.takes(path, &captures))
            #expect(text(captures[0]) == "a")
        }
        #expect(memory.empty[0].isEmpty)
    }
}

@Suite struct QueryParametersTests {
    @Test(arguments: [
        ("a=1&b=2", ["a|1", "b|2"]), ("", []), ("&&", []), ("a", ["a|"]), ("a=", ["a|"]),
        ("=a", ["|a"]), ("a=b=c", ["a|b=c"]), ("a=1;b=2", ["a|1;b=2"]), ("a=1&", ["a|1"]),
        ("=", ["|"]), ("a&a=2", ["a|", "a|2"]),
    ])
    func pairs(_ query: String, _ expected: [String]) {
        octets(query).withBytes { bytes in
            var parameters = QueryParameters(bytes)
            var found: [String] = []
            while let pair = parameters.next() {
                found.append("\(text(pair.name))|\(text(pair.value))")
            }
            #expect(found == expected)
        }
    }

    @Test(arguments: [
        ("abc", "abc", true), ("a%62c", "abc", true), ("%61%62%63", "abc", true),
        ("a+c", "a c", true), ("a%2Bc", "a+c", true), ("a%2bc", "a+c", true), ("abc", "ab", false),
        ("ab", "abc", false), ("a%6", "a%6", true), ("a%zz", "a%zz", true), ("%", "%", true),
        ("%25", "%", true), ("%2525", "%25", true), ("", "", true), ("%00", "\0", true),
    ])
    func decodedEquality(_ encoded: String, _ plain: String, _ isEqual: Bool) {
        octets(encoded).withBytes { encoded in
            octets(plain).withBytes { plain in
                #expect(DecodedText(encoded).equals(plain) == isEqual)
            }
        }
    }

    @Test(arguments: [
        ("a%62c", "ab", "bc", "b", true), ("a%62c", "bc", "ab", "d", false),
        ("", "a", "a", "a", false), ("aab", "aab", "ab", "ab", true),
    ])
    func decodedParts(
        _ encoded: String, _ start: String, _ end: String, _ inside: String, _ holds: Bool
    ) {
        octets(encoded).withBytes { encoded in
            let text = DecodedText(encoded)
            var rest = text
            #expect(octets(start).withBytes { rest.begins(with: $0) } == holds)
            #expect(octets(end).withBytes { text.ends(with: $0) } == holds)
            #expect(octets(inside).withBytes { text.contains($0) } == holds)
        }
    }
}

@Suite struct CookieListTests {
    @Test(arguments: [
        ("a=1; b=2", ["a|1", "b|2"]), ("a=1;b=2", ["a|1", "b|2"]), ("  a = 1  ;", ["a|1"]),
        ("", []), (";;", []), ("a", []), ("a; b=2", ["b|2"]), ("a=\"x y\"", ["a|\"x y\""]),
        ("a=b=c", ["a|b=c"]), ("=x", ["|x"]), ("a=1, b=2", ["a|1, b=2"]), ("a=", ["a|"]),
    ])
    func pairs(_ field: String, _ expected: [String]) {
        octets(field).withBytes { bytes in
            var cookies = CookieList(bytes)
            var found: [String] = []
            while let pair = cookies.next() {
                found.append("\(text(pair.name))|\(text(pair.value))")
            }
            #expect(found == expected)
        }
    }
}
