// AddressTable: which block has an address, against a search by hand.

import Model
import Testing

@testable import DataPlane

@Suite struct AddressTableTests {
    private func table(_ blocks: [String]) -> (AddressTable, ConfigurationArena) {
        let arena = ConfigurationArena()
        let numbered = blocks.enumerated().compactMap { index, text in
            AddressRange(text).map { ($0, index) }
        }
        return (AddressTable(numbered, arena: arena), arena)
    }

    private func address(_ text: String) throws -> ClientAddress {
        ClientAddress(try #require(SocketAddress.Host(text)))
    }

    @Test(arguments: [
        ("10.0.0.0", 0), ("10.1.2.2", 0), ("10.1.2.3", 2), ("10.1.2.4", 0), ("10.1.255.255", 1),
        ("10.2.0.0", 0), ("10.255.255.255", 0), ("9.255.255.255", nil), ("11.0.0.0", nil),
        ("255.255.255.255", 3), ("0.0.0.0", nil), ("::1", nil), ("2001:db8::", 4),
        ("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 4), ("2001:db9::", nil),
        ("::ffff:10.1.2.3", 2), ("::ffff:11.0.0.0", nil),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 5),
    ])
    func theSmallestBlockDecides(_ text: String, _ number: Int?) throws {
        let (table, arena) = table([
            "10.0.0.0/8", "10.1.128.0/17", "10.1.2.3", "255.255.255.255/32", "2001:db8::/32",
            "ffff::/16",
        ])
        #expect(table.number(of: try address(text)) == number)
        withExtendedLifetime(arena) {}
    }

    @Test func everythingAndNothing() throws {
        let (all, arena) = table(["0.0.0.0/0", "::/0"])
        for text in ["0.0.0.0", "255.255.255.255", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]
        {
            #expect(all.number(of: try address(text)) != nil)
        }
        let (none, other) = table([])
        #expect(none.isEmpty)
        #expect(none.number(of: try address("10.0.0.1")) == nil)
        withExtendedLifetime((arena, other)) {}
    }

    /// A thousand random blocks in each other, and addresses at all of their ends.
    @Test func agreesWithASearchByHand() throws {
        var random = HTTP1Random(seed: 7)
        let blocks = (0..<1_000).map { _ -> String in
            let word =
                UInt32.random(in: 0..<64, using: &random) << 26
                | UInt32.random(in: 0..<4, using: &random) << 8
            return "\(SocketAddress.Host.ipv4(word))/\(Int.random(in: 0...32, using: &random))"
        }
        let parsed = try blocks.map { try #require(AddressRange($0)) }
        let (table, arena) = table(blocks)
        for block in parsed {
            guard case .ipv4(let first) = block.first else { continue }
            let size = UInt64(1) << UInt64(32 - block.prefixLength)
            for value in [UInt64(first), UInt64(first) &+ size &- 1, UInt64(first) &+ size]
            where value <= UInt64(UInt32.max) {
                let word = UInt32(value)
                let best = parsed.filter { Self.has($0, word) }.map(\.prefixLength).max()
                let found = table.number(of: ClientAddress(ipv4: word))
                #expect(found.map { parsed[$0].prefixLength } == best)
                if let found { #expect(Self.has(parsed[found], word)) }
            }
        }
        withExtendedLifetime(arena) {}
    }

    private static func has(_ block: AddressRange, _ word: UInt32) -> Bool {
        guard case .ipv4(let first) = block.first else { return false }
        return block.prefixLength == 0
            || (word ^ first) >> UInt32(32 - block.prefixLength) == 0
    }
}
