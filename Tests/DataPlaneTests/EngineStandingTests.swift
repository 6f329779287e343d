// Servers that an operator takes out, weighs anew and brings back, while a loop serves.

import SharedState
import Synchronization
import Testing

@testable import DataPlane

@Suite struct EngineStandingTests {
    /// Idle connections of a server in maintenance are closed, and no request reaches it.
    @Test(arguments: [1, 2]) func maintenance(loopCount: Int) throws {
        let origins = try [EngineOrigin.echo(), EngineOrigin.echo()]
        var options = EngineHarness.Options()
        options.loopCount = loopCount
        let harness = try EngineHarness(origins: origins.map(\.port), options)
        let client = try harness.connect()
        func ask(_ count: Int) {
            for _ in 0..<count {
                client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(client.takeMessage()?.status == 200)
            }
        }
        ask(4)
        #expect(harness.gauge(.upstreamIdle, becomes: 2))
        let record = try #require(harness.serverRecord(0))
        record.set(.adminState, UInt64(ServerAdminState.maintenance.rawValue))
        harness.attend()
        #expect(harness.gauge(.upstreamIdle, becomes: 1))
        let before = origins[0].connectionCount
        ask(6)
        #expect(origins[0].connectionCount == before)
        record.set(.adminState, UInt64(ServerAdminState.ready.rawValue))
        harness.attend()
        ask(4)
        #expect(origins[0].connectionCount == before + 1)
    }

    @Test func noServerIsLeft() throws {
        let origin = try EngineOrigin.echo()
        let harness = try EngineHarness(origins: [origin.port])
        let record = try #require(harness.serverRecord(0))
        record.set(.weightOverride, 1)
        let client = try harness.connect()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.takeMessage()?.status == 503)
        record.set(.weightOverride, 0)
        let second = try harness.connect()
        second.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(second.takeMessage()?.status == 200)
    }
}
