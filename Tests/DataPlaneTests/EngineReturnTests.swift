// Servers that come back, from maintenance or because the time is over for which they were out: what
// is believed of their health, and how much they get at first.

import Clock
import Glibc
import Model
import SharedState
import Testing

@testable import DataPlane

@Suite struct EngineReturnTests {
    private func set(_ harness: EngineHarness, _ state: ServerAdminState) throws {
        try #require(harness.serverRecord(0)).set(.adminState, UInt64(state.rawValue))
        harness.attend()
        // All loops have seen it.
        usleepTenth()
    }

    /// The regular checks are a minute away.
    private static func checked() -> EngineHarness.Options {
        var options = EngineHarness.Options()
        options.check = .quick()
        options.check?.interval = .seconds(60)
        options.check?.fastInterval = .seconds(60)
        return options
    }

    /// It broke in maintenance: the first check takes it down, and comes at once.
    @Test(arguments: [1, 3]) func brokenMeanwhile(loopCount: Int) throws {
        let origins = try [MoodyOrigin(), MoodyOrigin()]
        var options = Self.checked()
        options.loopCount = loopCount
        let harness = try EngineHarness(origins: origins.map(\.port), options)
        #expect(harness.health(0, becomes: .up) && harness.health(1, becomes: .up))
        try set(harness, .maintenance)
        origins[0].setHealthy(false)
        origins[0].set(.failing)
        try set(harness, .ready)
        #expect(harness.health(0, becomes: .down))
        #expect(harness.serverRecord(0)?[.checksFailed] == 1)
        usleepTenth()
        let before = origins[0].requestCount
        for _ in 0..<10 { #expect(try harness.ask() == 200) }
        #expect(origins[0].requestCount == before)
    }

    /// It was repaired in maintenance: nobody waits for `rise` checks.
    @Test func repairedMeanwhile() throws {
        let origin = try MoodyOrigin(isHealthy: false)
        var options = Self.checked()
        options.check?.rise = 50
        let harness = try EngineHarness(origins: [origin.port], options)
        #expect(harness.health(becomes: .down))
        try set(harness, .maintenance)
        origin.setHealthy(true)
        try set(harness, .ready)
        #expect(try harness.ask() == 200)
        #expect(harness.health(becomes: .up))
    }

    /// As after the start, `initial_state` says what it does until the check has ended. One that
    /// was under way before says nothing any more.
    @Test func initiallyDown() throws {
        let origin = try MoodyOrigin()
        var options = Self.checked()
        options.check?.initialState = .down
        options.check?.timeout = .seconds(30)
        let harness = try EngineHarness(origins: [origin.port], options)
        #expect(harness.health(becomes: .up))
        try set(harness, .maintenance)
        origin.setSilent(true)
        let before = origin.healthCount
        try set(harness, .ready)
        #expect(Wait.until(5) { origin.healthCount == before + 1 })
        #expect(harness.health() == .unchecked)
        #expect(try harness.ask() == 503)
        try set(harness, .maintenance)
        origin.setSilent(false)
        try set(harness, .ready)
        #expect(harness.health(becomes: .up))
        #expect(try harness.ask() == 200)
    }

    /// Of a hundred requests.
    private func share(_ harness: EngineHarness, _ origin: MoodyOrigin) throws -> Int {
        let before = origin.requestCount
        for _ in 0..<100 { #expect(try harness.ask() == 200) }
        return origin.requestCount - before
    }

    /// A tenth of its weight at first, also of a server that nobody checks.
    @Test(arguments: [1, 3]) func slowStartBehindMaintenance(loopCount: Int) throws {
        let origins = try [MoodyOrigin(), MoodyOrigin()]
        var options = EngineHarness.Options()
        options.loopCount = loopCount
        options.slowStart = .seconds(60)
        let harness = try EngineHarness(origins: origins.map(\.port), options)
        #expect((40...60).contains(try share(harness, origins[0])))
        try set(harness, .maintenance)
        #expect(try share(harness, origins[0]) == 0)
        try set(harness, .ready)
        #expect((1..<25).contains(try share(harness, origins[0])))
        // Once: drain and the like do not begin it anew.
        let cameUpAt = harness.serverRecord(0)?[.cameUpAt]
        try set(harness, .drain)
        try set(harness, .ready)
        #expect(harness.serverRecord(0)?[.cameUpAt] == cameUpAt)
    }

    @Test func slowStartBehindEjection() throws {
        let origins = try [MoodyOrigin(.failing), MoodyOrigin()]
        var options = EngineHarness.Options()
        options.slowStart = .seconds(60)
        options.ejection = Ejection()
        options.ejection?.consecutiveFailures = 2
        options.ejection?.baseTime = .milliseconds(300)
        let harness = try EngineHarness(origins: origins.map(\.port), options)
        let record = try #require(harness.serverRecord(0))
        #expect(
            Wait.until(10) {
                _ = try? harness.ask()
                return record[.ejections] == 1
            })
        origins[0].set(.well)
        #expect(Wait.until(10) { Instant.now().nanoseconds / 1_000_000 > record[.ejectedUntil] })
        #expect((1..<25).contains(try share(harness, origins[0])))
    }
}
