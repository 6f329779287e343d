// How addresses are written and read.

import Model
import Testing

@Suite struct SocketAddressTextTests {
    @Test(arguments: [
        ("0.0.0.0:80", "0.0.0.0:80"), ("127.0.0.1:65535", "127.0.0.1:65535"),
        ("255.255.255.255:0", "255.255.255.255:0"), ("[::]:80", "[::]:80"),
        ("[::1]:1", "[::1]:1"), ("[1::]:1", "[1::]:1"),
        ("[2001:DB8:0:0:0:0:0:1]:443", "[2001:db8::1]:443"),
        ("[2001:db8::0:1]:443", "[2001:db8::1]:443"),
        // RFC 5952 §4.2.2: one group of zeros alone is not shortened.
        ("[2001:db8:0:1:1:1:1:1]:1", "[2001:db8:0:1:1:1:1:1]:1"),
        // §4.2.3: the longest run, the first of equal ones.
        ("[2001:0:0:1:0:0:0:1]:1", "[2001:0:0:1::1]:1"),
        ("[2001:db8:0:0:1:0:0:1]:1", "[2001:db8::1:0:0:1]:1"),
        ("[1:2:3:4:5:6:7::]:1", "[1:2:3:4:5:6:7:0]:1"),
        ("[::ffff:192.0.2.1]:80", "[::ffff:192.0.2.1]:80"),
        ("[64:ff9b::192.0.2.33]:80", "[64:ff9b::c000:221]:80"),
        ("[1:2:3:4:5:6:1.2.3.4]:9", "[1:2:3:4:5:6:102:304]:9"),
    ])
    func reads(_ text: String, _ canonical: String) throws {
        let address = try #require(SocketAddress(text))
        #expect(address.description == canonical)
        #expect(SocketAddress(canonical) == address)
    }

    @Test(arguments: [
        "", ":", ":80", "80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:080",
        "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1:100000", "127.0.0:80", "127.0.0.0.1:80",
        "127.0.0.256:80", "127.0.0.01:80", "127..0.1:80", "0x7f.0.0.1:80", "::1:80", "[::1]",
        "[::1]80", "[::1:80", "[]:80", "[:]:80", "[:::]:80", "[1::2::3]:80", "[12345::]:80",
        "[1:2:3:4:5:6:7]:80", "[1:2:3:4:5:6:7:8:9]:80", "[1:2:3:4:5:6:7:8::]:80", "[1:]:80",
        "[:1]:80", "[g::]:80", "[::1.2.3]:80", "[::1.2.3.4:5]:80", "[fe80::1%eth0]:80",
        "[127.0.0.1]:80", "localhost:80", "*:80", " 127.0.0.1:80", "127.0.0.1:80 ",
    ])
    func refuses(_ text: String) {
        #expect(SocketAddress(text) == nil)
    }

    @Test func hosts() {
        #expect(SocketAddress.Host("::1") == .ipv6(high: 0, low: 1))
        #expect(SocketAddress.Host("127.0.0.1") == .ipv4(0x7F00_0001))
        #expect(SocketAddress.Host("[::1]") == nil)
        #expect(SocketAddress.Host("0.0.0.0")?.isWildcard == true)
        #expect(SocketAddress.Host("::")?.isWildcard == true)
        #expect(SocketAddress.Host("::1")?.isWildcard == false)
    }
}
