// What YAML can do and the language does not, and texts that mean harm.

import ConfigurationLanguage
import Model
import Testing

@Suite struct HostileTextTests {
    @Test(arguments: [
        ("version: &v 1", ConfigurationProblem.Code.yamlFeature, 1, 10, "anchors"),
        ("version: 1\nlog: &l {}\nprocess: *l", .yamlFeature, 3, 10, "aliases"),
        ("version: *nowhere", .yamlFeature, 1, 10, "aliases"),
        ("version: !!int 1", .yamlFeature, 1, 10, "tags"),
        ("!!map\nversion: 1", .yamlFeature, 1, 1, "tags"),
        ("version: 1\nlog: ! {}", .yamlFeature, 2, 6, "tags"),
        ("version: 1\nlog:\n  <<: {level: info}", .yamlFeature, 3, 3, "merge"),
        ("version: 1\n--- \nversion: 1", .yamlFeature, 2, 1, "second document"),
        ("version: 1\n? [a]\n: 1", .yamlFeature, 2, 3, "a key is a text"),
        ("version: 1\nlog: {}\nlog: {}", .duplicateKey, 3, 1, "line 2, column 1"),
        ("{\"version\": 1, \"log\": {}, \"log\": {}}", .duplicateKey, 1, 27, "column 16"),
        ("version: 1\nlog: {level: info", .yamlSyntax, 3, 1, ""),
        ("version: 1\nlog:\n\tlevel: info", .yamlSyntax, 3, 1, "tab"),
        ("version: 1\nlog: [}", .yamlSyntax, 2, 7, ""),
        ("version: 1\n: 1", .yamlSyntax, 2, 1, "expected key"),
        ("version: 1\n\"\": 1", .yamlSyntax, 2, 1, "key is missing"),
        ("version: 1\nlog: \"\\ud83d\"", .yamlSyntax, 2, 9, ""),
        ("version: 1\nlog: \"a\u{0}b\"", .yamlSyntax, 2, 8, "control characters"),
        ("version: 1\nlog: {level: \"a\\0b\"}", .invalidValue, 2, 14, "NUL"),
        ("\u{FEFF}version: x", .wrongType, 1, 10, ""),
        ("version: 1\r\nlog: x\r\n", .wrongType, 2, 6, ""),
        ("{\"version\": 1, \"log\": \"\\ud83d\\ude00\", \"x\": 1}", .unknownField, 1, 39, "\"x\""),
        ("- version: 1", .wrongType, 1, 1, ""),
        ("just text", .wrongType, 1, 1, ""),
        ("", .missingField, 1, 1, "version"),
        ("# nothing\n", .missingField, 1, 1, "version"),
    ])
    func isRefused(
        _ text: String, _ code: ConfigurationProblem.Code, _ line: Int, _ column: Int,
        _ message: String
    ) {
        let errors = read(text).errors
        let found = errors.first {
            $0.code == code && $0.position == TextPosition(line: line, column: column)
        }
        #expect(found != nil, "\(errors.map(\.description))")
        #expect(found?.message.contains(message) == true, "\(errors.map(\.description))")
    }

    /// Names go into metrics, logs, paths of the API and terminals (C11).
    @Test(arguments: [
        "../x", "a/b", "..\\\\x", "a b", "", "é", "a\\u202Eb", "a\\u2066b", "a\\u200Bb",
        "a\\x1B[31m",
        "a\\tb", "a\\nb", "a%2fb", "a?b", "a#b", "a:b", "a\\\"b",
        String(repeating: "x", count: 65), String(repeating: "x", count: 4_096),
    ])
    func namesThatAreRefused(_ name: String) {
        for text in [
            "frontends: {\"\(name)\": {bind: '*:1', routes: [{respond: {}}]}}",
            "backends: {\"\(name)\": {servers: {s: {address: '10.0.0.1:1'}}}}",
            "backends: {b: {servers: {\"\(name)\": {address: '10.0.0.1:1'}}}}",
            "frontends: {f: {bind: '*:1', routes: [{id: \"\(name)\", respond: {}}]}}",
            "backends: {b: {labels: {\"\(name)\": x}, servers: {s: {address: '10.0.0.1:1'}}}}",
        ] {
            let errors = read("version: 1\n" + text).errors
            #expect(!errors.isEmpty, "\(text)")
            for error in errors {
                let shown = error.description.unicodeScalars
                #expect(!shown.contains { $0.value < 0x20 || (0x202A...0x2069).contains($0.value) })
                #expect(shown.count < 5_000)
            }
        }
    }

    @Test(arguments: ["yes", "True", "1", "\"true\"", "", "[true]"])
    func truthIsTrueOrFalse(_ value: String) {
        let errors = read(
            "version: 1\nbackends:\n  b:\n    servers:\n      s:\n        address: 10.0.0.1:80\n"
                + "        allow_link_local: \(value)"
        ).errors
        #expect(errors.map(\.code) == [.wrongType])
    }

    @Test func notUTF8() {
        let errors = read(bytes: Array("version: 1\nlog: é".utf8) + [0xFF, 0x41]).errors
        #expect(errors.map(\.code) == [.notUTF8])
        #expect(errors.first?.position == TextPosition(line: 2, column: 7))
        // UTF-16 with its mark.
        #expect(read(bytes: [0xFF, 0xFE, 0x61, 0x00]).errors.map(\.code) == [.notUTF8])
    }

    @Test func aliasBombCostsNothing() {
        var text = "version: 1\na0: &a0 [x,x,x,x,x,x,x,x,x]\n"
        for level in 1...60 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ",")
            text += "a\(level): &a\(level) [\(aliases)]\n? *a\(level)\n: x\n"
        }
        #expect(read(text).errors.contains { $0.code == .yamlFeature })
    }

    @Test(arguments: ["[", "{a: ", "- ", "? "]) func depth(_ opening: String) {
        let text = "version: 1\nlog: " + String(repeating: opening, count: 100_000)
        #expect(!read(text).errors.isEmpty)
        let shallow = "version: 1\nlog: " + String(repeating: "[", count: 70)
        #expect(read(shallow).errors.map(\.code) == [.tooLarge])
    }

    @Test func sizes() {
        let huge = "version: 1\nlog: {level: \"" + String(repeating: "x", count: 9 << 20) + "\"}"
        let errors = read(huge).errors
        #expect(errors.map(\.code) == [.invalidValue])
        #expect(errors.allSatisfy { $0.description.utf8.count < 400 })
        #expect(
            read(String(repeating: "#", count: (10 << 20) + 1)).errors.map(\.code) == [.tooLarge])
        let directives = (0..<500_000).map { "%TAG !a\($0)! tag:\n" }.joined() + "--- a"
        #expect(read(directives).errors.map(\.code) == [.tooLarge])
        let many = "version: 1\nlog: [" + String(repeating: "1,", count: 700_000) + "]"
        #expect(read(many).errors.map(\.code) == [.tooLarge])
    }

    /// 10,000 servers are a large but honest configuration.
    @Test func tenThousandServers() throws {
        var text = "version: 1\nfrontends: {f: {bind: '*:80', backend: b}}\nbackends:\n  b:\n"
        text += "    servers:\n"
        for number in 0..<10_000 {
            text += "      s\(number):\n        address: 10.0.\(number / 250).\(number % 250):80\n"
            text += "        weight: \(number % 256 + 1)\n        labels: {rack: r\(number)}\n"
        }
        let clock = ContinuousClock()
        var count = 0
        let time = try clock.measure { count = try configuration(text).backends[0].servers.count }
        #expect(count == 10_000)
        #expect(time < .seconds(20))
    }

    /// The sample, changed at random in every way that comes to mind: an answer, never a trap.
    @Test func mutationsOfTheSample() {
        var random = SplitMix64(state: 20_261_121)
        let samples = [Sample.full, Sample.supported, EmbeddedConfiguration.source.text.string]
            .map { Array($0.utf8) }
        let bits = Array("{}[]:,-&*!|>'\"%#?~\n\t \\0\u{E9}\u{0}<<null".utf8)
        let clock = ContinuousClock()
        let end = clock.now + .seconds(1)
        while clock.now < end {
            var text = samples[Int(random.next() % 3)]
            for _ in 0...(random.next() % 6) {
                let place = Int(random.next() % UInt64(text.count))
                let length = min(Int(random.next() % 40), text.count - place)
                let bit = bits[Int(random.next() % UInt64(bits.count))]
                switch random.next() % 6 {
                case 0: text[place] = bit
                case 1: text.insert(bit, at: place)
                case 2: text.removeSubrange(place..<(place + length))
                case 3: text.insert(contentsOf: text[place..<(place + length)], at: place)
                case 4: text[place] = UInt8(truncatingIfNeeded: random.next())
                default: text.removeLast(length)
                }
                if text.isEmpty { text = [bit] }
            }
            switch read(bytes: text) {
            case .valid(let configuration, _): #expect(configuration.backends.count < 10)
            case .invalid(let problems):
                #expect((1...100).contains(problems.count))
                #expect(
                    problems.allSatisfy { $0.severity == .error && ($0.position?.line ?? 1) > 0 },
                    "\(String(decoding: text, as: UTF8.self))")
            }
        }
    }
}

/// Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014).
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
