// What a generation that follows makes of what its predecessor's checks have found, and of checks
// that were under way.

import Clock
import Model
import SharedState
import Testing

@testable import DataPlane

@Suite struct EngineCheckChangeTests {
    private static func check(_ path: String, interval: Duration) -> HealthCheck {
        var probe = HTTPProbe()
        probe.path = path
        var check = HealthCheck(.http(probe))
        check.interval = interval
        check.fastInterval = .milliseconds(50)
        check.timeout = .seconds(30)
        return check
    }

    private static func options(
        _ path: String, interval: Duration = .milliseconds(100)
    ) -> EngineHarness.Options {
        var options = EngineHarness.Options()
        options.check = check(path, interval: interval)
        return options
    }

    /// Another question is asked: until it is answered the old verdict holds, whatever
    /// `initial_state` says.
    @Test(arguments: [false, true]) func theVerdictStays(isHealthy: Bool) throws {
        let origin = try MoodyOrigin(isHealthy: isHealthy)
        let first = try EngineHarness(origins: [origin.port], Self.options("/health"))
        #expect(first.health(becomes: isHealthy ? .up : .down))
        first.stop()
        origin.setSilent(true)
        var options = Self.options("/ready")
        options.check?.initialState = isHealthy ? .down : .up
        options.check?.timeout = .milliseconds(500)
        options.check?.fall = 100
        options.shared = first.place
        let second = try EngineHarness(origins: [origin.port], options)
        let answer = isHealthy ? 200 : 503
        #expect(try second.ask() == answer)
        #expect(second.health() == (isHealthy ? .up : .down))
        #expect(Wait.until(10) { origin.readyCount >= 2 })
        // The first check of the new kind has failed, or the second would not be here.
        #expect(second.health().takesTraffic == isHealthy)
        #expect(try second.ask() == answer)
        origin.setHealthy(true)
        origin.setSilent(false)
        #expect(second.health(becomes: .up))
        #expect(try second.ask() == 200)
        second.stop()
        // Nobody asks any more: nothing is known.
        options.check = nil
        let last = try EngineHarness(origins: [origin.port], options)
        #expect(last.health() == .unchecked)
        #expect(last.serverRecord(0)?[.checkDefinition] == 0)
    }

    /// A check that was begun and has no verdict: whoever began it has let go of it, or died. It is made
    /// again after the time that it may take, not an interval later.
    @Test(arguments: [false, true]) func aDroppedCheckIsMadeAgain(isRunning: Bool) throws {
        let origin = try MoodyOrigin()
        var options = Self.options("/health", interval: .seconds(60))
        let first = try EngineHarness(origins: [origin.port], options)
        #expect(first.health(becomes: .up))
        let record = try #require(first.serverRecord(0))
        #expect(Wait.until(5) { record[.lastVerdictOf] == record[.lastCheckAt] })
        first.stop()
        // As if the last one had been almost an interval ago.
        let ago = record[.lastCheckAt] - 55_000
        for word in [ServerWord.lastCheckAt, .lastVerdictOf] { record.note(word, ago) }
        func begin() { record.note(.lastCheckAt, UInt64(WallTime.now().milliseconds)) }
        if !isRunning { begin() }
        options.shared = first.place
        options.check?.timeout = .milliseconds(500)
        let second = try EngineHarness(origins: [origin.port], options)
        if isRunning { begin() }
        #expect(Wait.until(20) { origin.healthCount == 2 })
        #expect(Wait.until(5) { record[.lastVerdictOf] == record[.lastCheckAt] })
        #expect(second.health() == .up)
    }

    /// One that has a verdict is none of that.
    @Test func aCheckThatEndedCounts() throws {
        let origin = try MoodyOrigin()
        var options = Self.options("/health", interval: .seconds(60))
        options.check?.timeout = .milliseconds(500)
        let first = try EngineHarness(origins: [origin.port], options)
        #expect(first.health(becomes: .up))
        first.stop()
        options.shared = first.place
        let second = try EngineHarness(origins: [origin.port], options)
        #expect(!Wait.until(1) { origin.healthCount > 1 })
        #expect(second.health() == .up)
    }

    /// Both generations serve for a while: what the old one asks does not put off what the new one
    /// has to ask.
    @Test func theOldQuestionDoesNotPutOffTheNewOne() throws {
        let origin = try MoodyOrigin()
        let first = try EngineHarness(origins: [origin.port], Self.options("/health"))
        #expect(first.health(becomes: .up))
        var options = Self.options("/ready", interval: .seconds(60))
        options.shared = first.place
        let second = try EngineHarness(origins: [origin.port], options)
        #expect(Wait.until(10) { origin.readyCount == 1 })
        #expect(second.health() == .up)
        #expect(Wait.until(10) { origin.healthCount > 3 })
    }
}
