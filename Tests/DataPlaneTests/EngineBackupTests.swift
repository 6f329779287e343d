// Backups: when they serve, that they stop, and what becomes of those who are with them.

import Model
import SharedState
import Testing

@testable import DataPlane

@Suite struct EngineBackupTests {
    private struct Scene {
        let primary: MoodyOrigin
        let backups: [MoodyOrigin]
        let harness: EngineHarness

        init(
            _ mode: ProxyMode, loopCount: Int, endsSessions: Bool, backups count: Int = 1,
            used: Backend.Backups = .all, limit: Int? = nil
        ) throws {
            primary = try MoodyOrigin()
            backups = try (0..<count).map { _ in try MoodyOrigin() }
            var options = EngineHarness.Options()
            options.mode = mode
            options.loopCount = loopCount
            options.log = true
            options.check = .quick()
            options.check?.onMarkedUp = endsSessions ? .endBackupSessions : .keepSessions
            options.backups = Set(1...count)
            options.usedBackups = used
            options.limit = limit
            harness = try EngineHarness(
                origins: [primary.port] + backups.map(\.port), options)
            for place in 0...count { #expect(harness.health(place, becomes: .up)) }
        }

        /// Health checks say so, and all loops know.
        func setPrimary(_ isWell: Bool) {
            primary.setHealthy(isWell)
            #expect(harness.health(0, becomes: isWell ? .up : .down))
            usleepTenth()
        }

        func ask(_ count: Int) throws {
            for _ in 0..<count { #expect(try harness.ask() == 200) }
        }
    }

    @Test(arguments: [ProxyMode.http, .tcp], [1, 3]) func onlyWhileNoOtherCan(
        mode: ProxyMode, loopCount: Int
    ) throws {
        let scene = try Scene(mode, loopCount: loopCount, endsSessions: false, backups: 2)
        try scene.ask(12)
        #expect(scene.primary.requestCount == 12)
        scene.setPrimary(false)
        try scene.ask(12)
        #expect(scene.primary.requestCount == 12)
        // All backups at once.
        #expect(scene.backups.allSatisfy { $0.requestCount > 0 })
        scene.setPrimary(true)
        try scene.ask(12)
        #expect(scene.primary.requestCount == 24)
        #expect(scene.backups.reduce(0) { $0 + $1.requestCount } == 12)
    }

    /// One backup after the other, in their order; also for those who wait in line.
    @Test(arguments: [nil, 1]) func oneAfterTheOther(limit: Int?) throws {
        let scene = try Scene(
            .http, loopCount: 1, endsSessions: false, backups: 3, used: .first, limit: limit)
        func ask(expecting counts: [Int]) throws {
            try scene.ask(4)
            #expect(([scene.primary] + scene.backups).map(\.requestCount) == counts)
        }
        func setBackup(_ place: Int, _ isWell: Bool) {
            scene.backups[place - 1].setHealthy(isWell)
            #expect(scene.harness.health(place, becomes: isWell ? .up : .down))
            usleepTenth()
        }
        try ask(expecting: [4, 0, 0, 0])
        scene.setPrimary(false)
        try ask(expecting: [4, 4, 0, 0])
        if limit != nil {
            // With the one place taken, nobody goes to the next.
            let clients = try (0..<3).map { _ in try scene.harness.connect() }
            for client in clients { client.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n") }
            #expect(Wait.until(10) { scene.harness.queueLength == 2 })
            #expect(Wait.until(10) { scene.backups[0].requestCount == 5 })
            #expect(scene.backups.map(\.requestCount) == [5, 0, 0])
            for client in clients { client.close(reset: true) }
            #expect(Wait.until(10) { scene.harness.heldPermits(1) == 0 })
            return
        }
        setBackup(1, false)
        try ask(expecting: [4, 4, 4, 0])
        setBackup(2, false)
        try ask(expecting: [4, 4, 4, 4])
        setBackup(1, true)
        try ask(expecting: [4, 8, 4, 4])
        scene.setPrimary(true)
        try ask(expecting: [8, 8, 4, 4])
    }

    /// Maintenance and weight 0 make room for a backup as well; a backup in maintenance serves nobody.
    @Test func byTheOperator() throws {
        let scene = try Scene(.http, loopCount: 1, endsSessions: false)
        let primary = try #require(scene.harness.serverRecord(0))
        let backup = try #require(scene.harness.serverRecord(1))
        func change(_ record: ServerRecord, _ word: ServerWord, _ value: UInt64) {
            record.set(word, value)
            scene.harness.attend()
            usleepTenth()
        }
        for state in [ServerAdminState.maintenance, .drain] {
            change(primary, .adminState, UInt64(state.rawValue))
            try scene.ask(3)
        }
        change(primary, .adminState, 0)
        change(primary, .weightOverride, 1)
        try scene.ask(3)
        #expect(scene.backups[0].requestCount == 9 && scene.primary.requestCount == 0)
        change(backup, .adminState, UInt64(ServerAdminState.maintenance.rawValue))
        #expect(try scene.harness.ask() == 503)
        change(primary, .weightOverride, 0)
        try scene.ask(3)
        #expect(scene.primary.requestCount == 3)
    }

    /// Who waits for an answer of the backup gets 503 at once; who is in a tunnel is cut.
    @Test(arguments: [ProxyMode.http, .tcp], [1, 3]) func sessionsEnd(
        mode: ProxyMode, loopCount: Int
    ) throws {
        let scene = try Scene(mode, loopCount: loopCount, endsSessions: true)
        scene.setPrimary(false)
        let clients = try (0..<6).map { _ in try scene.harness.connect() }
        for client in clients { client.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n") }
        #expect(Wait.until(10) { scene.backups[0].requestCount == 6 })
        scene.setPrimary(true)
        for client in clients {
            if mode == .http {
                #expect(client.takeHead(within: 5)?.status == 503)
            } else {
                #expect(client.endsSilently(within: 5))
            }
        }
        #expect(scene.harness.connections(of: 1) { $0.inUse == 0 })
        try scene.ask(3)
        #expect(scene.primary.requestCount == 3)
        scene.harness.stop()
        let state = mode == .http ? "\"state\":\"UH\"" : "\"state\":\"UD\""
        let lines = scene.harness.logLines(9).filter { $0.contains("backup-over") }
        #expect(lines.count == 6 && lines.allSatisfy { $0.contains(state) }, "\(lines)")
    }

    /// Without the option they stay as long as they like.
    @Test(arguments: [ProxyMode.http, .tcp]) func sessionsStay(mode: ProxyMode) throws {
        let scene = try Scene(mode, loopCount: 1, endsSessions: false)
        scene.setPrimary(false)
        let client = try scene.harness.connect()
        client.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(Wait.until(10) { scene.backups[0].requestCount == 1 })
        scene.setPrimary(true)
        #expect(client.staysSilent(for: 0.3))
        #expect(scene.harness.connections(of: 1).inUse == 1)
    }

    /// A backup that comes up ends nobody's session.
    @Test func aBackupThatComesUp() throws {
        let scene = try Scene(.http, loopCount: 1, endsSessions: true, backups: 2)
        scene.setPrimary(false)
        scene.backups[1].setHealthy(false)
        #expect(scene.harness.health(2, becomes: .down))
        usleepTenth()
        let client = try scene.harness.connect()
        client.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(Wait.until(10) { scene.backups[0].requestCount == 1 })
        scene.backups[1].setHealthy(true)
        #expect(scene.harness.health(2, becomes: .up))
        #expect(client.staysSilent(for: 0.3))
    }
}
