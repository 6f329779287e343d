// Addresses in a server's record: whole or not at all, whoever reads and whenever the master dies.

import SharedState
import Synchronization
import Syscalls
import Testing

@Suite struct PublishedAddressTests {
    private static let addresses: [PublishedAddress] = [
        .init(RawSocketAddress(host: .ipv4(0x0A00_000B), port: 8080), tag: 0),
        .init(RawSocketAddress(host: .ipv6(high: .max, low: 7), port: 65_535), tag: 0xFF_FFFF_FFFF),
        .init(RawSocketAddress(host: .ipv4(.max), port: 1), tag: 1),
    ]

    private func record() throws -> (record: ServerRecord, changes: ServerChanges) {
        let region = try SharedRegion.create().region
        return (try #require(ServerRecord(region, number: 3)), ServerChanges(region))
    }

    @Test func theLastOneIsRead() throws {
        let (record, changes) = try record()
        #expect(record.address == nil)
        for address in Self.addresses + Self.addresses.reversed() {
            let before = changes.count
            record.publish(address)
            #expect(record.address == address && changes.count > before)
        }
        record.publish(nil)
        #expect(record.address == nil)
        record.publish(Self.addresses[0])
        record.clear()
        #expect(record.address == nil)
        // Nothing else of the record is touched.
        record.publish(Self.addresses[1])
        record.publish(Self.addresses[1])
        #expect(ServerWord.allCases.allSatisfy { record[$0] == 0 })
    }

    private final class Reading: Sendable {
        let isOver = Atomic<Bool>(false)
        let wrong = Atomic<Int>(0)
        let readers = Atomic<Int>(3)
    }

    /// Readers see one of the two, never a part of each; or none, while changes follow each other
    /// faster than they can look.
    @Test func neverHalf() throws {
        let (record, _) = try record()
        let (one, other) = (Self.addresses[0], Self.addresses[1])
        record.publish(one)
        let reading = Reading()
        for _ in 0..<3 {
            try Thread.start(name: "reader") {
                while !reading.isOver.load(ordering: .relaxed) {
                    if let found = record.address, found != one, found != other {
                        reading.wrong.add(1, ordering: .relaxed)
                    }
                }
                reading.readers.subtract(1, ordering: .releasing)
            }
        }
        for turn in 0..<100_000 { record.publish(turn & 1 == 0 ? other : one) }
        reading.isOver.store(true, ordering: .relaxed)
        while reading.readers.load(ordering: .acquiring) > 0 {}
        #expect(reading.wrong.load(ordering: .relaxed) == 0)
        #expect(record.address == one)
    }
}
