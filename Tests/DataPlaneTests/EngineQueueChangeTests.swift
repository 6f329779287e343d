// Limits and servers that change while exchanges wait, and several workers that share one limit.

import Model
import SharedState
import Testing

@testable import DataPlane

@Suite struct EngineQueueChangeTests {
    private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    private static func options(
        limit: Int, loops: Int = 1, shared: SharedPlace? = nil
    ) -> EngineHarness.Options {
        var options = EngineHarness.Options()
        options.limit = limit
        options.loopCount = loops
        options.timeouts.queue = .seconds(30)
        options.shared = shared
        return options
    }

    private func clients(_ count: Int, at harness: EngineHarness) throws -> [EngineSocket] {
        try (0..<count).map { _ in
            let client = try harness.connect()
            client.send(Self.get)
            return client
        }
    }

    private func set(
        _ harness: EngineHarness, _ server: Int, _ word: ServerWord, _ value: UInt64
    ) throws {
        try #require(harness.serverRecord(server)).set(word, value)
        harness.attend()
    }

    /// A higher limit serves at once; a lower one ends nobody, and adds nobody.
    @Test(arguments: [1, 3]) func limits(loops: Int) throws {
        let origin = try CountingOrigin(work: nil)
        let place = try SharedPlace()
        let harness = try EngineHarness(
            origins: [origin.port], Self.options(limit: 1, loops: loops, shared: place))
        let clients = try clients(10, at: harness)
        #expect(Wait.until(5) { origin.present == 1 && harness.queueLength == 9 })
        try place.provide(4, number: EngineHarness.server(0))
        try set(harness, 0, .maxConnectionsOverride, 5)
        #expect(Wait.until(5) { origin.present == 4 && harness.queueLength == 6 })
        try set(harness, 0, .maxConnectionsOverride, 3)
        // The loops have seen it once all of them have passed through a round.
        usleepTenth()
        origin.letGo(2)
        usleepTenth()
        #expect(origin.present <= 3)
        origin.letGo(2)
        #expect(Wait.until(5) { origin.order.count == 6 })
        #expect(origin.present == 2)
        origin.letGo(6)
        for client in clients { #expect(client.takeMessage()?.status == 200) }
        #expect(Wait.until(5) { harness.heldPermits(0) == 0 })
        #expect(origin.most == 4)
    }

    /// No limit any more: all that wait go.
    @Test func theLimitIsTakenAway() throws {
        let origin = try CountingOrigin(work: nil)
        let harness = try EngineHarness(origins: [origin.port], Self.options(limit: 1, loops: 2))
        let clients = try clients(6, at: harness)
        #expect(Wait.until(5) { origin.present == 1 && harness.queueLength == 5 })
        try set(harness, 0, .maxConnectionsOverride, 1)
        #expect(Wait.until(5) { origin.present == 6 && harness.queueLength == 0 })
        origin.letGo(6)
        for client in clients { #expect(client.takeMessage()?.status == 200) }
        #expect(Wait.until(5) { harness.heldPermits(0) == 0 })
    }

    /// The last server that would take them goes: nobody waits for nothing. When it comes back it
    /// gets no more than it may.
    @Test(arguments: [1, 3]) func theLastServerGoes(loops: Int) throws {
        let origin = try CountingOrigin(work: nil)
        let harness = try EngineHarness(
            origins: [origin.port], Self.options(limit: 2, loops: loops))
        let first = try clients(6, at: harness)
        #expect(Wait.until(5) { origin.present == 2 && harness.queueLength == 4 })
        try set(harness, 0, .adminState, UInt64(ServerAdminState.drain.rawValue))
        #expect(Wait.until(5) { harness.queueLength == 0 })
        origin.letGo(2)
        let statuses = first.compactMap { $0.takeMessage()?.status }
        #expect(statuses.count { $0 == 503 } == 4 && statuses.count { $0 == 200 } == 2)
        try set(harness, 0, .adminState, UInt64(ServerAdminState.ready.rawValue))
        let second = try clients(6, at: harness)
        #expect(Wait.until(5) { origin.present == 2 && harness.queueLength == 4 })
        origin.letGo(6)
        for client in second { #expect(client.takeMessage()?.status == 200) }
        #expect(origin.most == 2)
        #expect(Wait.until(5) { harness.heldPermits(0) == 0 })
    }

    /// One of two servers goes and comes back under a crowd, ten times a second and more.
    @Test func flapping() throws {
        let origins = try [CountingOrigin(work: 300), CountingOrigin(work: 300)]
        let harness = try EngineHarness(
            origins: origins.map(\.port), Self.options(limit: 2, loops: 3))
        let record = try #require(harness.serverRecord(0))
        try Crowd.run(
            clients: 16, requests: 60, at: harness.port,
            meanwhile: { round in
                record.set(.adminState, UInt64(round % 3))
                harness.attend()
            }
        ) { #expect($0 == 200) }
        #expect(origins.allSatisfy { $0.most <= 2 })
        #expect(Wait.until(5) { harness.heldPermits(0) + harness.heldPermits(1) == 0 })
        #expect(harness.queueLength == 0)
    }

    /// Two workers, one limit, as while a reload lasts: turns go back and forth between them.
    @Test(arguments: [1, 4]) func twoWorkers(limit: Int) throws {
        let origin = try CountingOrigin(work: 300)
        let place = try SharedPlace()
        let workers = try (0..<2).map { _ in
            try EngineHarness(
                origins: [origin.port], Self.options(limit: limit, loops: 2, shared: place))
        }
        try Crowd.run(
            clients: 24, requests: 30, at: workers.map(\.port)
        ) { #expect($0 == 200) }
        #expect(origin.most <= limit)
        #expect(Wait.until(5) { place.heldCount(EngineHarness.server(0)) == 0 })
        #expect(workers.allSatisfy { $0.queueLength == 0 })
    }

    /// Somebody waits here for what is held there: it comes over when it is given back, and what a
    /// dead worker held comes when the master takes it back.
    @Test(arguments: [false, true]) func fromOneWorkerToAnother(dies: Bool) throws {
        let origin = try CountingOrigin(work: nil)
        let place = try SharedPlace()
        let other = try place.addWorker(loopCount: 1)
        let harness = try EngineHarness(
            origins: [origin.port], Self.options(limit: 1, shared: place))
        let number = EngineHarness.server(0)
        let record = try #require(ServerRecord(place.region, number: number))
        let permits = ServerPermits(place.region, record)
        let holder = try #require(WorkerBell(place.region, slot: other)?.holder)
        #expect(permits.take(holder, below: 1, hint: 0) == 0)
        let client = try clients(1, at: harness)[0]
        #expect(Wait.until(5) { harness.queueLength == 1 })
        #expect(record.hasWaiting)
        if dies {
            place.removeWorker(other)
        } else {
            let own = try #require(record.nextWaiting(after: other))
            let bell = try #require(WorkerBell(place.region, slot: own))
            permits.handOver(0, to: try #require(bell.holder).asGranted)
            bell.ring(number: number)
        }
        #expect(Wait.until(5) { origin.present == 1 })
        origin.letGo(1)
        #expect(client.takeMessage()?.status == 200)
        #expect(Wait.until(5) { permits.heldCount == 0 })
    }
}
