import Clock
import JSON
import Testing

@testable import Master

@Suite struct EventRingTests {
    private static func ring(_ count: Int, capacity: Int = 8) -> EventRing {
        var ring = EventRing(firstSequence: 100, capacity: capacity)
        for number in 0..<count {
            ring.append(
                .generationInit, at: WallTime(milliseconds: 0),
                ["generation": .integer(Int64(number))])
        }
        return ring
    }

    @Test func nothingYet() {
        let ring = Self.ring(0)
        #expect(ring.lastSequence == 99)
        #expect(
            ring.events(after: 99, atMost: 10)
                == MasterEvents(events: [], position: 99, hasGap: false))
    }

    @Test func replayIsCompleteAndInOrder() {
        let ring = Self.ring(5)
        let replay = ring.events(after: 101, atMost: 10)
        #expect(replay.events.map(\.sequence) == [102, 103, 104])
        #expect(replay.position == 104)
        #expect(!replay.hasGap)
        #expect(ring.events(after: 104, atMost: 10).events.isEmpty)
    }

    @Test func aBatchIsBoundedAndGoesOn() {
        let ring = Self.ring(8)
        var position: UInt64 = 99
        var seen: [UInt64] = []
        while true {
            let batch = ring.events(after: position, atMost: 3)
            #expect(batch.events.count <= 3)
            if batch.events.isEmpty { break }
            seen += batch.events.map(\.sequence)
            position = batch.position
        }
        #expect(seen == Array(100...107))
    }

    /// Whoever is too far behind is told, and begins with the oldest that is kept.
    @Test func lostEventsAreAGap() {
        let ring = Self.ring(20)
        let late = ring.events(after: 105, atMost: 100)
        #expect(late.hasGap)
        #expect(late.events.map(\.sequence) == Array(112...119))
        #expect(!ring.events(after: 111, atMost: 100).hasGap)
        #expect(ring.events(after: 110, atMost: 100).hasGap)
    }

    @Test(arguments: [0, 98, 120, UInt64.max])
    func aPositionOfAnotherLifeIsAGap(_ position: UInt64) {
        let replay = Self.ring(3).events(after: position, atMost: 10)
        #expect(replay.hasGap)
        #expect(replay.events.map(\.sequence) == [100, 101, 102])
        #expect(replay.position == 102)
    }

    @Test func aGapCanBeEmpty() {
        let replay = Self.ring(0).events(after: 7, atMost: 10)
        #expect(replay == MasterEvents(events: [], position: 99, hasGap: true))
    }

    /// Model: the last `capacity` of all events, for every position and batch size.
    @Test func agreesWithAnArray() {
        for count in 0...12 {
            let ring = Self.ring(count, capacity: 5)
            let all = (0..<count).map { UInt64(100 + $0) }
            let kept = Array(all.suffix(5))
            for position in UInt64(95)...115 {
                for most in [1, 4, 100] {
                    let got = ring.events(after: position, atMost: most)
                    let isKnown = position == 99 ? true : all.contains(position)
                    let lost = all.contains { $0 > position && !kept.contains($0) }
                    #expect(got.hasGap == (!isKnown || lost), "\(count) \(position)")
                    let wanted = got.hasGap ? kept : kept.filter { $0 > position }
                    #expect(got.events.map(\.sequence) == Array(wanted.prefix(most)))
                }
            }
        }
    }
}
