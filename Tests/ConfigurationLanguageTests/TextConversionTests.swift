// `%{name:conversion}` as it is written, read and shown.

import Model
import Testing

@testable import ConfigurationLanguage

@Suite struct TextConversionTests {
    private static let comma = UInt8(ascii: ",")

    private func read(_ value: String) -> (Template?, [String]) {
        let text = """
            version: 1
            frontends:
              f:
                bind: "*:80"
                headers: {set: {X: '\(value)'}}
                routes: [{respond: {status: 204}}]

            """
        let report = ConfigurationSource(
            text: ConfigurationText(bytes: Array(text.utf8)), fileName: "conversions.yaml"
        ).report(
            resolving: ReferenceResolver(file: { _, _ in .missing("") }) { _ in .missing("") })
        return (
            report.configuration?.frontends.first?.headers.request.first?.value,
            report.errors.map { "\($0.code.rawValue) \($0.message)" }
        )
    }

    @Test(arguments: [
        ("lower", [TextConversion.lower]), ("upper:hash", [.upper, .hash]),
        ("field(1,,)", [.field(1, separator: comma)]),
        ("field(-64, )", [.field(-64, separator: 0x20)]),
        (
            "field(2,:):field(3,))",
            [
                .field(2, separator: UInt8(ascii: ":")), .field(3, separator: UInt8(ascii: ")")),
            ]
        ),
        ("network(24,64)", [.network(ipv4: 24, ipv6: 64)]),
        ("network(0,128):lower", [.network(ipv4: 0, ipv6: 128), .lower]),
        ("json(a.0.b_c-d)", [.json(["a", "0", "b_c-d"])]),
        ("json(https://example.com/role)", [.json(["https://example", "com/role"])]),
        ("json(role/x:y)", [.json(["role/x:y"])]),
        (
            "lower:lower:lower:lower:lower:lower:lower:lower",
            Array(repeating: TextConversion.lower, count: 8)
        ),
        ("lower:lower:lower:lower:lower:lower:lower:lower:lower", nil),
        ("", nil), ("lower:", nil), (":lower", nil), ("lower()", nil), ("Lower", nil),
        ("field", nil), ("field()", nil), ("field(0,.)", nil), ("field(65,.)", nil),
        ("field(1)", nil), ("field(1,)", nil), ("field(1,..)", nil), ("field(1,a)", nil),
        ("field(1,%)", nil), ("field(01,.)", nil), ("field(+1,.)", nil), ("field(1,é)", nil),
        ("field(1,.", nil), ("field(1,.)x", nil), ("network(24)", nil), ("network(33,64)", nil),
        ("network(24,129)", nil), ("network(-1,64)", nil), ("network(24,64,1)", nil),
        ("json", nil), ("json()", nil), ("json(a..b)", nil), ("json(.)", nil), ("json(a b)", nil),
        ("json(a.b.c.d.e.f.g.h)", [.json(["a", "b", "c", "d", "e", "f", "g", "h"])]),
        ("json(a.b.c.d.e.f.g.h.i)", nil), ("md5", nil),
    ])
    func conversions(_ text: String, _ expected: [TextConversion]?) {
        let (template, problems) = read("%{client_ip:\(text)}")
        if let expected {
            #expect(problems == [])
            #expect(template == Template(parts: [.converted(.variable(.clientIP), expected)]))
            #expect(template?.written == "%{client_ip:\(text)}")
        } else {
            #expect(problems.count == 1)
            #expect(problems.first?.hasPrefix("invalid-value ") == true)
        }
    }

    /// What is wrong, and what there is.
    @Test func problems() {
        #expect(
            read("%{client_ip:lowr}").1 == [
                "invalid-value unknown conversion \"lowr\", there are field, hash, json, lower, "
                    + "network, upper"
            ])
        #expect(
            read("%{client_ip:network(33,1)}").1 == [
                "invalid-value network takes how many bits of an IPv4 and of an IPv6 address stay: "
                    + "network(24,64)"
            ])
        #expect(read("%{clientip:lower}").1.first?.hasPrefix("unknown-variable ") == true)
        #expect(read("%{capture.x:lower}").1.first?.hasPrefix("unknown-reference ") == true)
    }
}
