import Model
import Testing

@Suite struct ListenPlaceTests {
    struct Pair: Sendable {
        var one: String
        var other: String
        /// `*` in front of an address: it takes IPv4; a word behind it: by that interface.
        var overlaps: Bool
    }

    @Test(arguments: [
        Pair(one: "127.0.0.1:80", other: "127.0.0.1:80", overlaps: true),
        Pair(one: "127.0.0.1:80", other: "127.0.0.1:81", overlaps: false),
        Pair(one: "127.0.0.1:80", other: "127.0.0.2:80", overlaps: false),
        Pair(one: "0.0.0.0:80", other: "127.0.0.2:80", overlaps: true),
        Pair(one: "0.0.0.0:80", other: "[::]:80", overlaps: false),
        Pair(one: "[::]:80", other: "[::1]:80", overlaps: true),
        Pair(one: "*[::]:80", other: "[::]:80", overlaps: true),
        Pair(one: "*[::]:80", other: "0.0.0.0:80", overlaps: true),
        Pair(one: "*[::]:80", other: "127.0.0.1:80", overlaps: true),
        Pair(one: "*[::]:80", other: "127.0.0.1:81", overlaps: false),
        Pair(one: "0.0.0.0:80 a", other: "0.0.0.0:80 b", overlaps: false),
        Pair(one: "0.0.0.0:80 a", other: "0.0.0.0:80 a", overlaps: true),
        Pair(one: "0.0.0.0:80 a", other: "127.0.0.1:80", overlaps: true),
        Pair(one: "127.0.0.1:0", other: "127.0.0.1:0", overlaps: false),
        Pair(one: "unix:/a", other: "unix:/a", overlaps: true),
        Pair(one: "unix:/a", other: "unix:@a", overlaps: false),
        Pair(one: "unix:/a", other: "0.0.0.0:80", overlaps: false),
    ])
    func overlap(_ pair: Pair) throws {
        let (one, other) = (try place(pair.one), try place(pair.other))
        #expect(one.overlaps(other) == pair.overlaps)
        #expect(other.overlaps(one) == pair.overlaps)
    }

    @Test func anEntryHasAPlaceForEachPort() throws {
        var bind = Bind(try #require(SocketAddress("127.0.0.1:65533")))
        #expect(bind.description == "127.0.0.1:65533")
        bind.portCount = 3
        bind.interface = "eth0"
        #expect(bind.description == "127.0.0.1:65533-65535")
        #expect(
            bind.places.map(\.description)
                == [65_533, 65_534, 65_535].map { "127.0.0.1:\($0) on eth0" })
    }

    private func place(_ text: String) throws -> ListenPlace {
        if text.hasPrefix("unix:") {
            return ListenPlace(.unix(UnixAddress(name: String(text.dropFirst(5)))))
        }
        let words = text.drop { $0 == "*" }.split(separator: " ").map(String.init)
        return ListenPlace(
            .internet(try #require(SocketAddress(words[0]))), interface: words.dropFirst().first,
            takesIPv4: text.hasPrefix("*"))
    }
}
