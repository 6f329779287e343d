// The parts of the engine that are values: wheel, balancing, buffers, address text.

import Syscalls
import Testing

@testable import DataPlane

@Suite struct EnginePartsTests {
    struct Entry: ~Copyable, SlabEntry, TimerEntry {
        var timer = TimerLinks<Entry>()
        var expected = Int64.max
        var number = 0
        init() {}
    }

    /// Against a plain list: never early, at most one tick late, none twice, none forgotten.
    @Test(arguments: 0..<8)
    func timerWheel(seed: UInt64) {
        var random = SmallRandom(seed: seed)
        var slab = Slab<Entry>()
        var now = random.next(below: 1 << 40)
        var wheel = TimerWheel<Entry>(now: now)
        let entries = (0..<200).map { _ in slab.take() }
        for _ in 0..<1_500 {
            let entry = entries[Int(random.next(below: 200))]
            switch random.next(below: 10) {
            case 0:
                wheel.cancel(entry)
                entry[].expected = .max
            default:
                // Near ones, and some far beyond the wheel's horizon.
                let span: Int64 = random.next(below: 8) == 0 ? 100_000 : 3_000
                entry[].expected = now + random.next(below: span)
                wheel.arm(entry, at: entry[].expected)
            }
            let wait = wheel.delay(now: now, limit: 400)
            let soonest = entries.map { $0[].expected }.min() ?? .max
            if soonest < .max {
                #expect(now + wait <= soonest + TimerWheel<Entry>.tickMilliseconds)
            }
            now += random.next(below: 40)
            while let expired = wheel.nextExpired(now: now) {
                #expect(expired[].expected <= now)
                expired[].expected = .max
            }
            let oldest = now - TimerWheel<Entry>.tickMilliseconds - 1
            #expect(!entries.contains { $0[].expected <= oldest })
        }
    }

    @Test(arguments: [[1], [1, 1, 1], [5, 1, 1], [100, 100], [3, 0, 2], [256, 1]])
    func weightedRoundRobin(weights: [Int]) {
        for offset in 0..<7 {
            var policy = WeightedRoundRobin(weights: weights, offset: offset)
            var counts = weights.map { _ in 0 }
            for _ in 0..<(weights.reduce(0, +) * 3) {
                guard let pick = policy.next(avoiding: nil) else { break }
                counts[pick] += 1
            }
            if Set(weights).count == 1 {
                #expect(counts.allSatisfy { $0 == weights[0] * 3 })
            } else {
                #expect(counts == weights.map { $0 * 3 })
            }
        }
    }

    /// A heavy server's turns are spread: 5, 1, 1 never gives five in a row.
    @Test func smoothness() {
        var policy = WeightedRoundRobin(weights: [5, 1, 1], offset: 0)
        let picks = (0..<7).compactMap { _ in policy.next(avoiding: nil) }
        #expect(picks == [0, 0, 1, 0, 2, 0, 0])
    }

    @Test func balancingAvoids() {
        var policy = WeightedRoundRobin(weights: [1, 1], offset: 0)
        for _ in 0..<6 { #expect(policy.next(avoiding: 0) == 1) }
        var uneven = WeightedRoundRobin(weights: [9, 1], offset: 0)
        for _ in 0..<6 { #expect(uneven.next(avoiding: 0) == 1) }
        var alone = WeightedRoundRobin(weights: [1], offset: 3)
        #expect(alone.next(avoiding: 0) == 0)
        var none = WeightedRoundRobin(weights: [0, 0], offset: 3)
        #expect(none.next(avoiding: nil) == nil)
    }

    @Test func bufferPrefix() {
        var pool = BufferPool()
        var buffer = Buffer()
        var succeeded: [Bool] = []
        var texts: [String] = []
        succeeded.append(pool.fill(&buffer, startingAt: 10))
        succeeded.append(buffer.append(Bytes("headbody")))
        succeeded.append(buffer.replacePrefix(4, with: Bytes("a longer head:")))
        texts.append(Self.text(buffer.bytes))
        // Beyond the headroom the whole moves to the end.
        succeeded.append(buffer.replacePrefix(14, with: Bytes("an even much longer head:")))
        texts.append(Self.text(buffer.bytes))
        succeeded.append(buffer.replacePrefix(25, with: .empty))
        texts.append(Self.text(buffer.bytes))
        buffer.consume(2)
        buffer.move(to: 0)
        texts.append(Self.text(buffer.bytes))
        succeeded.append(pool.enlarge(&buffer, toHold: BufferSize.large.bytes))
        texts.append(Self.text(buffer.bytes))
        let capacity = buffer.capacity
        pool.empty(&buffer)
        let hasMemory = buffer.hasMemory
        #expect(succeeded.allSatisfy { $0 })
        #expect(
            texts == ["a longer head:body", "an even much longer head:body", "body", "dy", "dy"])
        #expect(capacity == 65_536)
        #expect(!hasMemory)
    }

    private static func text(_ bytes: Bytes) -> String {
        String(decoding: (0..<bytes.count).map { bytes[$0] }, as: UTF8.self)
    }

    @Test(arguments: [
        (RawSocketAddress.Host.ipv4(0x7F00_0001), "127.0.0.1"),
        (.ipv4(.max), "255.255.255.255"),
        (.ipv6(high: 0, low: 0), "::"),
        (.ipv6(high: 0, low: 1), "::1"),
        (.ipv6(high: 0x2001_0DB8_0000_0000, low: 0), "2001:db8::"),
        (.ipv6(high: 0x2001_0DB8_0000_0001, low: 0x0000_0000_0000_0001), "2001:db8:0:1::1"),
        (.ipv6(high: 0x2001_0DB8_0000_0001, low: 0x0001_0001_0001_0001), "2001:db8:0:1:1:1:1:1"),
        (.ipv6(high: 0, low: 0x0000_FFFF_0102_0304), "1.2.3.4"),
        (
            .ipv6(high: 0xFE80_0000_0000_0000, low: 0x0A00_27FF_FE4E_66A1),
            "fe80::a00:27ff:fe4e:66a1"
        ),
    ])
    func addressText(host: RawSocketAddress.Host, text: String) {
        let scratch = ByteScratch(capacity: 64)
        var writer = scratch.writer()
        AddressText.write(host, to: &writer)
        #expect((0..<writer.count).map { writer.written[$0] } == Array(text.utf8))
    }

    @Test func everyOctetIsWrittenInDecimal() {
        for octet in 0...255 {
            let scratch = ByteScratch(capacity: 16)
            var writer = scratch.writer()
            AddressText.write(.ipv4(UInt32(octet) << 24 | UInt32(octet)), to: &writer)
            #expect(Self.text(writer.written) == "\(octet).0.0.\(octet)")
        }
    }

    /// Every byte against every byte of a lower-case text, in each place of short and long ones.
    @Test func caseIsIgnoredOfLettersOnly() {
        let lowers = (0...127).map(UInt8.init).filter { !(0x41...0x5A).contains($0) }
        for (length, place) in [(1, 0), (7, 6), (8, 0), (8, 7), (9, 0), (9, 4), (17, 8), (17, 16)] {
            var given = [UInt8](repeating: UInt8(ascii: "X"), count: length)
            var wanted = [UInt8](repeating: UInt8(ascii: "x"), count: length)
            for lower in lowers {
                wanted[place] = lower
                for byte in UInt8.min...UInt8.max {
                    given[place] = byte
                    let folded = (0x41...0x5A).contains(byte) ? byte + 0x20 : byte
                    let isEqual = given.span.withBytes(length) { given in
                        wanted.span.withBytes(length) { given.equalsIgnoringCase($0) }
                    }
                    if isEqual != (folded == lower) {
                        Issue.record("\(byte) and \(lower) in place \(place) of \(length)")
                    }
                }
            }
        }
    }
}
