// LogConnectionState: when a log's receiver is called on. No socket, no clock.

import Clock
import Testing

@testable import DataPlane

@Suite struct LogConnectionStateTests {
    private typealias State = LogConnectionState
    private let start = Instant(nanoseconds: 1_000_000_000)

    @Test func theFirstRecordConnectsAtOnce() {
        let state = State()
        #expect(state.wants(start) == .connect)
        #expect(!state.isThere && !state.isConnecting)
    }

    @Test func anAttemptEndsInTime() {
        var state = State()
        state.didBegin(start)
        let limit = start + State.connectTimeout
        #expect(state.isConnecting && !state.isThere && state.changesAt == limit)
        #expect(state.wants(limit - .nanoseconds(1)) == .nothing)
        #expect(state.wants(limit) == .giveUp)
        state.didFail(limit, random: 0)
        #expect(!state.isConnecting && state.wants(limit) == .nothing)
    }

    @Test func whileItIsThereNothingIsToBeDone() {
        var state = State()
        state.didBegin(start)
        state.didConnect(start)
        #expect(state.isThere && !state.isConnecting && state.changesAt == nil)
        #expect(state.wants(start + .seconds(1_000_000)) == .nothing)
    }

    /// From half of it to all of it, whatever the random number is; doubled each time, up to a limit.
    @Test(arguments: [0, 1, 99_999_999, 100_000_000, UInt64.max])
    func pausesGrowAndEnd(random: UInt64) throws {
        var state = State()
        var now = start
        var pause = State.shortestPause
        for _ in 0..<10 {
            #expect(state.wants(now) == .connect)
            state.didBegin(now)
            state.didFail(now, random: random)
            let until = try #require(state.changesAt)
            #expect(until >= now + pause / 2 && until < now + pause)
            #expect(state.wants(until - .nanoseconds(1)) == .nothing)
            now = until
            pause = min(pause * 2, State.longestPause)
        }
        #expect(pause == State.longestPause)
    }

    /// A receiver that takes connections and ends them is called on less and less often; one that
    /// stayed for a while is called on soon.
    @Test func onlyAConnectionThatHeldShortensThePause() throws {
        var state = State()
        var now = start
        for _ in 0..<4 {
            state.didBegin(now)
            state.didConnect(now)
            state.didFail(now + .milliseconds(1), random: 0)
            now = try #require(state.changesAt)
        }
        state.didBegin(now)
        state.didConnect(now)
        // The next pause is 3.2 s.
        var long = state
        state.didFail(now + .milliseconds(3_200), random: 0)
        #expect(state.changesAt == now + .milliseconds(3_200 + 1_600))
        long.didFail(now + .milliseconds(3_201), random: 0)
        #expect(long.changesAt == now + .milliseconds(3_201 + 100))
    }

    @Test func whatIsOverCannotFailAgain() {
        var state = State()
        state.didFail(start, random: 0)
        #expect(state.wants(start) == .connect)
        state.didBegin(start)
        state.didFail(start, random: 0)
        let until = state.changesAt
        state.didFail(start + .seconds(1), random: 7)
        #expect(state.changesAt == until)
    }
}
