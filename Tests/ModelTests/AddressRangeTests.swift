// Ranges of addresses: how they are written, and what is in them.

import Model
import Testing

@Suite struct AddressRangeTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.0.0.0/8"), ("10.1.2.3/8", "10.0.0.0/8"), ("10.1.2.3", "10.1.2.3"),
        ("10.1.2.3/32", "10.1.2.3"), ("0.0.0.0/0", "0.0.0.0/0"),
        ("255.255.255.255/1", "128.0.0.0/1"),
        ("::/0", "::/0"), ("2001:DB8::1/32", "2001:db8::/32"), ("::1/128", "::1"), ("::1", "::1"),
        ("2001:db8:0:1:8000::/65", "2001:db8:0:1:8000::/65"), ("ffff::ffff/64", "ffff::/64"),
        ("::ffff:10.1.2.3/104", "10.0.0.0/8"), ("::ffff:10.1.2.3", "10.1.2.3"),
        ("::ffff:0.0.0.0/95", "::fffe:0:0/95"),
    ])
    func reads(_ text: String, _ canonical: String) throws {
        let range = try #require(AddressRange(text))
        #expect(range.description == canonical)
        #expect(AddressRange(canonical) == range)
    }

    @Test(arguments: [
        "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/+1",
        "10.0.0.0/8/8", "10.0.0.0/ 8", "10.0.0/8", "10.0.0.0/255.0.0.0", "::/129", "[::]/0",
        "[::1]",
        "::1%lo", "example.com", "10.0.0.0/٣", "10.0.0.0/0x8", "10.0.0.0/1000", "*", "10.*",
    ])
    func refuses(_ text: String) {
        #expect(AddressRange(text) == nil)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.255.255", true), ("10.0.0.0/8", "11.0.0.0", false),
        ("10.0.0.0/8", "::ffff:10.0.0.1", true), ("10.0.0.0/8", "::10.0.0.1", false),
        ("0.0.0.0/0", "255.0.0.1", true), ("0.0.0.0/0", "::1", false), ("::/0", "::1", true),
        // Every address there is, IPv4 among them.
        ("::/0", "10.0.0.1", true), ("2001:db8::/33", "2001:db8:7fff::1", true),
        ("2001:db8::/33", "2001:db8:8000::1", false), ("::1", "::1", true), ("::1", "::2", false),
        ("2001:db8:0:1:8000::/65", "2001:db8:0:1:ffff::", true),
        ("2001:db8:0:1:8000::/65", "2001:db8:0:1:7fff::", false),
    ])
    func contains(_ range: String, _ host: String, _ isInside: Bool) throws {
        let range = try #require(AddressRange(range))
        #expect(range.contains(try #require(SocketAddress.Host(host))) == isInside)
    }
}
