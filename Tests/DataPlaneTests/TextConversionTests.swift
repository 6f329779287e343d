// What `%{name:conversion}` writes, into every place that a template may stand.

import Model
import Testing

@testable import DataPlane

@Suite struct TextConversionTests {
    /// What a template of one converted value writes; nil: there was no room.
    private func written(
        _ part: Template.Part, _ conversions: [TextConversion], _ escape: TemplateEscape = .plain,
        capacity: Int = 4_096, _ fill: (inout ExchangeFacts) -> Void
    ) -> String? {
        let arena = ConfigurationArena()
        let template = CompiledTemplate(
            Template(parts: [.literal("<"), .converted(part, conversions), .literal(">")]),
            escape: escape, arena: arena)
        let scratch = ByteScratch(capacity: capacity)
        var writer = scratch.writer()
        var facts = ExchangeFacts()
        fill(&facts)
        template.write(facts, to: &writer)
        return writer.overflowed ? nil : text(writer.written)
    }

    /// Of what the client says its name is, which may be anything.
    private func made(_ value: String, _ conversions: TextConversion...) -> String? {
        octets(value).withBytes { bytes in
            written(.variable(.user), conversions) { $0.user = bytes }
        }
    }

    @Test(arguments: [
        ("AbC-9é[`{@", [TextConversion.lower], "abc-9é[`{@"),
        ("AbC-9é[`{@", [.upper], "ABC-9é[`{@"), ("", [.lower, .hash], ""),
        ("a,b,,d", [.field(1, separator: UInt8(ascii: ","))], "a"),
        ("a,b,,d", [.field(3, separator: UInt8(ascii: ","))], ""),
        ("a,b,,d", [.field(4, separator: UInt8(ascii: ","))], "d"),
        ("a,b,,d", [.field(5, separator: UInt8(ascii: ","))], ""),
        ("a,b,,d", [.field(-1, separator: UInt8(ascii: ","))], "d"),
        ("a,b,,d", [.field(-4, separator: UInt8(ascii: ","))], "a"),
        ("a,b,,d", [.field(-5, separator: UInt8(ascii: ","))], ""),
        (" a ,\t192.0.2.77 , c", [.field(2, separator: UInt8(ascii: ","))], "192.0.2.77"),
        (
            "x, 192.0.2.77",
            [
                .field(-1, separator: UInt8(ascii: ",")), .network(ipv4: 24, ipv6: 64),
            ], "192.0.2.0"
        ),
        ("255.255.255.255", [.network(ipv4: 0, ipv6: 0)], "0.0.0.0"),
        ("255.255.255.255", [.network(ipv4: 32, ipv6: 0)], "255.255.255.255"),
        ("255.255.255.255", [.network(ipv4: 1, ipv6: 0)], "128.0.0.0"),
        ("2001:db8:1:2:3:4:5:6", [.network(ipv4: 24, ipv6: 48)], "2001:db8:1::"),
        ("2001:db8:1:2:3:4:5:6", [.network(ipv4: 24, ipv6: 128)], "2001:db8:1:2:3:4:5:6"),
        ("2001:db8:1:2:3:4:5:6", [.network(ipv4: 24, ipv6: 0)], "::"),
        // An IPv4 address within an IPv6 one is that.
        ("::ffff:192.0.2.77", [.network(ipv4: 8, ipv6: 128)], "192.0.0.0"),
        ("unix:", [.network(ipv4: 24, ipv6: 64)], ""),
        ("1.2.3", [.network(ipv4: 24, ipv6: 64)], ""),
    ])
    func conversions(value: String, conversions: [TextConversion], expected: String) {
        let result = octets(value).withBytes { bytes in
            written(.variable(.user), conversions) { $0.user = bytes }
        }
        #expect(result == "<\(expected)>")
    }

    /// The same for the same in every process and generation, and not for anything else.
    @Test func hash() {
        #expect(made("tenant-7", .hash) == made("tenant-7", .hash))
        #expect(made("Tenant-7", .lower, .hash) == made("tenant-7", .hash))
        #expect(made("tenant-8", .hash) != made("tenant-7", .hash))
        #expect(made("tenant-7", .hash) == "<d410a48a2f93679a>")
    }

    @Test(arguments: [
        (#"{"a": 1, "b": {"c": [10, {"d": "x\"y"}, null]}}"#, ["b", "c", "1", "d"], #"x"y"#),
        (#"{"a":1,"b":{"c":[10,{"d":"x"},null]}}"#, ["b", "c", "0"], "10"),
        (#"{"a":1,"b":{"c":[10,{"d":"x"},null]}}"#, ["b", "c", "2"], "null"),
        (#"{"a":1,"b":{"c":[10,{"d":"x"},null]}}"#, ["b", "c", "3"], ""),
        (#"{"a":1,"b":{"c":[10,{"d":"x"},null]}}"#, ["b", "c", "01"], ""),
        (#"{"a":1,"b":{"c":[10,{"d":"x"}]}}"#, ["b"], #"{"c":[10,{"d":"x"}]}"#),
        (#" { "a" : true , "b" : -1.5e3 } "#, ["b"], "-1.5e3"),
        (#"{"a":"}","b":"]","c":"\\\"","d":"ok"}"#, ["d"], "ok"),
        (#"{"a":{"b":1},"b":2}"#, ["b"], "2"), (#"{"a":1,"a":2}"#, ["a"], "1"),
        (#"{"\u0061\u00e9\ud83d\ude00":"\u0061\u00e9\ud83d\ude00"}"#, ["a"], ""),
        (#"{"\u0061":"\u00e9\ud83d\ude00\/\b\f\n\r\t"}"#, ["a"], "é😀/\u{8}\u{c}\n\r\t"),
        (
            #"{"a":"\ud83dx\ude00\uZZZZ\q\u12"}"#, ["a"],
            "\u{fffd}x\u{fffd}\u{fffd}ZZZZ\u{fffd}\u{fffd}12"
        ),
        (#"["x","y"]"#, ["1"], "y"), (#"["x","y"]"#, ["a"], ""), (#""x""#, ["a"], ""),
        // What ends too early, or never was any JSON.
        (#"{"a":"x"#, ["a"], ""), (#"{"a":"#, ["a"], ""), (#"{"a""#, ["a"], ""), ("{", ["a"], ""),
        (#"{"a":[[[[1"#, ["a"], ""), (#"{"b":[1,2,"a":3}"#, ["a"], ""), ("", ["a"], ""),
        (#"{"a":"x\"#, ["a"], ""), ("a=1", ["a"], ""), (#"{"b":,"a":1}"#, ["a"], ""),
        (#"{"b":1]"#, ["b"], "1"), (#"{"a":}"#, ["a"], ""),
    ])
    func json(value: String, path: [String], expected: String) {
        let result = octets(value).withBytes { bytes in
            written(.variable(.user), [.json(path)]) { $0.user = bytes }
        }
        let bytes = "<\(expected)>".utf8.map { Character(UnicodeScalar($0)) }
        #expect(result == String(bytes))
    }

    /// Any bytes: it ends, within what there is.
    @Test func anyJSON() {
        var random = SmallRandom(seed: 11)
        let alphabet = Array(#"{}[]",:\ua1 0e"#.utf8)
        for _ in 0..<30_000 {
            let bytes = (0..<random.next(below: 40)).map { _ in
                alphabet[Int(random.next(below: Int64(alphabet.count)))]
            }
            let result = bytes.withBytes { bytes in
                written(.variable(.user), [.json(["a", "1"])]) { $0.user = bytes }
            }
            #expect(result != nil)
        }
    }

    /// What is made is as harmless as what was there.
    @Test func escapes() {
        let path = octets("/A/%2F/b&c").withBytes { bytes in
            written(.variable(.path), [.lower], .target) { $0.path = bytes }
        }
        #expect(path == "</a/%2f/b&c>")
        let parameter = octets("/A/b&c").withBytes { bytes in
            written(.variable(.path), [.lower], .parameter) { $0.path = bytes }
        }
        #expect(parameter == "</a/b%26c>")
        let member = octets(#"{"a":"x\r\nB: 1 /?#"}"#)
        for (escape, expected) in [
            (TemplateEscape.field, "<xB: 1 /?#>"), (.target, "<x%0D%0AB%3A%201%20%2F%3F%23>"),
            (.json, #"<x\u000d\u000aB: 1 /?#>"#), (.html, "<x\r\nB: 1 /?#>"),
        ] {
            let result = member.withBytes { bytes in
                // A path is harmless in a target; what JSON makes of it is not.
                written(.variable(.path), [.json(["a"])], escape) { $0.path = bytes }
            }
            #expect(result == expected)
        }
        // A parameter loses its escapes first, and gets those that it needs.
        let query = octets("a=%41%26B").withBytes { bytes in
            written(.request(RequestValue(kind: .query, name: "a")), [.lower], .target) {
                $0.query = bytes
                $0.hasQuery = true
            }
        }
        #expect(query == "<a%26b>")
    }

    /// Without room nothing is written that looks whole.
    @Test func noRoom() {
        let value = octets(String(repeating: "A", count: 100))
        for capacity in 0...310 {
            let result = value.withBytes { bytes in
                written(.variable(.user), [.lower], capacity: capacity) { $0.user = bytes }
            }
            #expect(result == nil || result == "<" + String(repeating: "a", count: 100) + ">")
            #expect((result != nil) == (capacity >= 201))
        }
    }

    @Test func time() {
        let arena = ConfigurationArena()
        let scratch = ByteScratch(capacity: 200)
        for (escape, expected) in [
            (TemplateEscape.field, "Sun, 06 Nov 1994 08:49:37 GMT 784111777"),
            (.target, "Sun%2C%2006%20Nov%201994%2008%3A49%3A37%20GMT 784111777"),
        ] {
            let template = CompiledTemplate(
                Template(parts: [.variable(.date), .literal(" "), .variable(.unixTime)]),
                escape: escape, arena: arena)
            var facts = ExchangeFacts()
            facts.wallSeconds = 784_111_777
            var writer = scratch.writer()
            template.write(facts, to: &writer)
            #expect(text(writer.written) == expected)
        }
    }
}
