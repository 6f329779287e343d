// What a least rate makes of a client, by the numbers alone.

import Testing

@testable import DataPlane

@Suite struct ClientPaceTests {
    private static let wait: Int64 = 10_000

    private func pace(_ minRate: Int64) -> ClientPace {
        var pace = ClientPace()
        pace.minRate = minRate
        pace.update(at: 0, moved: 0, charges: true)
        return pace
    }

    /// Patience goes with the time and comes back with bytes, never beyond the whole wait.
    @Test func timeAndBytes() {
        var pace = pace(500)
        pace.update(at: 4_000, moved: 500, charges: true)
        #expect(pace.patience(of: Self.wait) == 7_000)
        pace.update(at: 4_000, moved: 1 << 30, charges: true)
        #expect(pace.patience(of: Self.wait) == 10_000)
        for second: Int64 in 5...20 { pace.update(at: second * 1_000, moved: 1, charges: true) }
        #expect(pace.patience(of: Self.wait) == 1 && pace.isSlow(for: Self.wait))
    }

    /// Many small pieces count as much as a few large ones.
    @Test func smallPieces() {
        var pace = pace(1 << 20)
        // 1 KB a millisecond is a little below the rate, 1,100 bytes are above it.
        for time: Int64 in 1...10_000 { pace.update(at: time, moved: 1_100, charges: true) }
        #expect(pace.patience(of: Self.wait) == 10_000)
    }

    /// Nobody pays for the time of others, nor where there is no least rate.
    @Test func whoPays() {
        var pace = pace(500)
        pace.update(at: 1_000, moved: 0, charges: false)
        pace.update(at: 60_000, moved: 0, charges: true)
        #expect(pace.patience(of: Self.wait) == 9_000)
        var free = self.pace(0)
        free.update(at: 1_000_000, moved: 0, charges: true)
        #expect(free.patience(of: Self.wait) == 10_000 && !free.isSlow(for: Self.wait))
    }
}
