// One of two servers fails at once, and nobody takes it out: the policy that prefers quick servers
// must not take its failures for quickness.

import Glibc
import Model
import SharedState
import Syscalls
import Testing

@testable import DataPlane

@Suite struct EngineFailingServerTests {
    /// Of `requests` that come one after the other: by turns it would be half of them.
    private static let requests = 200
    private static let mostForTheFailing = 12

    private static func options(_ mode: ProxyMode = .http) -> EngineHarness.Options {
        var options = EngineHarness.Options()
        options.mode = mode
        options.balance = BalancePolicy(.peakEWMA)
        return options
    }

    private func ask(_ harness: EngineHarness, _ count: Int = requests) throws {
        for _ in 0..<count { _ = try harness.ask() }
    }

    @Test(arguments: [MoodyOrigin.Mode.failing, .cutting]) func fromTheStart(
        mode: MoodyOrigin.Mode
    ) throws {
        let origins = try [MoodyOrigin(mode), MoodyOrigin()]
        let harness = try EngineHarness(origins: origins.map(\.port), Self.options())
        try ask(harness)
        #expect(origins[0].requestCount <= Self.mostForTheFailing)
        #expect(origins[1].requestCount >= Self.requests - Self.mostForTheFailing)
    }

    /// It has had its share while it was well, and has it again when it is well again.
    @Test func wellThenFailingThenWell() throws {
        let origins = try [MoodyOrigin(), MoodyOrigin()]
        let harness = try EngineHarness(origins: origins.map(\.port), Self.options())
        try ask(harness)
        #expect(origins.allSatisfy { $0.requestCount > 10 })
        origins[0].set(.failing)
        let before = origins[0].requestCount
        try ask(harness)
        #expect(origins[0].requestCount - before <= Self.mostForTheFailing)
        origins[0].set(.well)
        let after = origins[0].requestCount
        #expect(
            Wait.until(60) {
                _ = try? harness.ask()
                return origins[0].requestCount >= after + 30
            })
    }

    /// Clients that are there together: neither is it of use when the other one has much to do.
    @Test func underACrowd() throws {
        let bad = try MoodyOrigin(.failing)
        let good = try CountingOrigin(work: 2_000)
        let harness = try EngineHarness(origins: [bad.port, good.port], Self.options())
        try Crowd.run(clients: 20, requests: 30, at: harness.port) { _ in }
        #expect(bad.requestCount <= 60, "of 600, \(bad.requestCount)")
    }

    @Test(arguments: [ProxyMode.http, .tcp]) func refusing(mode: ProxyMode) throws {
        let good = try MoodyOrigin()
        let gone = try EngineOrigin { _ in }
        gone.stop()
        usleepTenth()
        let harness = try EngineHarness(origins: [gone.port, good.port], Self.options(mode))
        for _ in 0..<Self.requests { #expect(try harness.ask() == 200) }
        #expect(
            harness.traffic(EngineHarness.server(0))[.failures]
                <= UInt64(Self.mostForTheFailing))
    }

    /// A server that lets SYNs fall costs its clients the time-out.
    @Test func silentToConnections() throws {
        let listener = try TCPSocket.bind(.loopback(port: 0))
        try TCPSocket.listen(listener.rawValue, backlog: 0)
        let port = try TCPSocket.localAddress(listener.rawValue).port
        let held = EngineSocket(owning: listener.take())
        // Nobody accepts: behind these nobody gets in.
        let filling = try (0..<4).map { _ in try EngineSocket.connect(port: port) }
        usleepTenth()
        let good = try MoodyOrigin()
        var options = Self.options()
        options.timeouts.connect = .milliseconds(100)
        let harness = try EngineHarness(origins: [port, good.port], options)
        for _ in 0..<60 { #expect(try harness.ask() == 200) }
        let failures = harness.traffic(EngineHarness.server(0))[.failures]
        #expect((1...12).contains(failures))
        filling.forEach { $0.close() }
        held.close()
    }
}
