// Servers that an operator takes out, weighs anew and brings back, while a loop serves.

import Model
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

    /// Q9: whoever came up a while ago has not come up anew because a new generation begins.
    @Test func aReloadDoesNotBeginTheRampAgain() throws {
        let origins = try [CheckedOrigin(.sick), CheckedOrigin(.well)]
        var options = EngineHarness.Options()
        options.check = .quick()
        options.slowStart = .seconds(60)
        let first = try EngineHarness(origins: origins.map(\.port), options)
        #expect(first.health(0, becomes: .down) && first.health(1, becomes: .up))
        origins[0].set(.well)
        #expect(first.health(0, becomes: .up))
        let record = try #require(first.serverRecord(0))
        #expect(record[.cameUpAt] > 0)
        func share(_ harness: EngineHarness) throws -> Int {
            let before = origins[0].requestCount
            for _ in 0..<100 { #expect(try harness.ask() == 200) }
            return origins[0].requestCount - before
        }
        // A tenth of the other's weight.
        let newcomer = try share(first)
        #expect((1..<20).contains(newcomer))
        // As if 54 of the 60 seconds were over.
        record.set(.cameUpAt, record[.cameUpAt] - 54_000)
        let cameUpAt = record[.cameUpAt]
        first.stop()
        options.shared = first.place
        let second = try EngineHarness(origins: origins.map(\.port), options)
        let checks = origins[0].checkCount
        #expect(Wait.until(10) { origins[0].checkCount > checks })
        let later = try share(second)
        #expect((40..<60).contains(later))
        #expect(record[.cameUpAt] == cameUpAt)
        print("figure: \(newcomer) of 100 requests for a newcomer, \(later) behind a reload")
    }

    /// An operator's weight, and none any more: the shares are others from then on.
    @Test(arguments: [(BalancePolicy.Kind.roundRobin, 2), (.random, 45)])
    func anotherWeight(kind: BalancePolicy.Kind, off: Int) throws {
        let origins = try [CheckedOrigin(), CheckedOrigin()]
        var options = EngineHarness.Options()
        options.balance = BalancePolicy(kind)
        let harness = try EngineHarness(origins: origins.map(\.port), options)
        let record = try #require(harness.serverRecord(0))
        let client = try harness.connect()
        // The other one has 100.
        let steps: [(Int?, Int)] = [(50, 100), (200, 200), (1, 3), (nil, 150)]
        for (weight, share) in steps {
            record.set(.weightOverride, weight.map { UInt64($0) + 1 } ?? 0)
            harness.attend()
            // A request on a connection of its own finds the loop with the new weight.
            #expect(try harness.ask() == 200)
            let before = origins[0].requestCount
            for _ in 0..<300 {
                client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(client.takeMessage()?.status == 200)
            }
            let got = origins[0].requestCount - before
            #expect(abs(got - share) <= off, "\(got) of 300 with weight \(weight ?? 100)")
        }
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
