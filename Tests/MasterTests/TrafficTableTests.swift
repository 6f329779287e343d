import Model
import SharedState
import Store
import Testing

@testable import Master

/// Which record belongs to which name, over generations.
@Suite struct TrafficTableTests {
    private let region: SharedRegion

    init() throws {
        region = try SharedRegion.create().region
    }

    private func configuration(_ servers: [String]) -> Configuration {
        let address = SocketAddress(host: .ipv4(0x7F00_0001), port: 80)
        return Configuration(
            frontends: [Frontend(name: "web", mode: .http, bind: [address], routes: [])],
            backends: [
                Backend(
                    name: "api", mode: .http,
                    servers: servers.map { Server(name: $0, address: address) })
            ])
    }

    private func total(_ table: TrafficTable, _ name: TrafficName) -> UInt64? {
        table.totals().first { $0.name == name }?.totals[.requests]
    }

    private func add(_ number: Int, _ amount: UInt64) throws {
        let record = try #require(TrafficRecord(region, number: number))
        record.add(amount, toWord: TrafficCounter.requests.rawValue)
    }

    @Test func aNameKeepsItsTotals() throws {
        let table = TrafficTable(region)
        let first = table.numbers(for: configuration(["a", "b"]), generation: 1)
        #expect(Set(first.frontends + first.backends + first.servers[0]).count == 4)
        #expect(!(first.frontends + first.backends + first.servers[0]).contains(0))
        try add(first.servers[0][1], 7)

        // Without b, and with it again: the total goes on, and is not shown in between.
        let second = table.numbers(for: configuration(["a"]), generation: 2)
        #expect(second.servers == [[first.servers[0][0]]])
        table.forget(generation: 1)
        #expect(total(table, .server(backend: "api", name: "b")) == nil)
        let third = table.numbers(for: configuration(["b", "a"]), generation: 3)
        #expect(third.servers == [first.servers[0].reversed()])
        #expect(total(table, .server(backend: "api", name: "b")) == 7)
    }

    /// Those of the generation that is asked for, until it is forgotten and another one is there.
    @Test func frontendsOfAGeneration() throws {
        let table = TrafficTable(region)
        var limited = configuration(["a"])
        limited.frontends[0].maxConnections = 7
        limited.frontends[0].bind[0].portCount = 3
        _ = table.numbers(for: limited, generation: 1)
        let expected = FrontendView(
            name: "web", mode: "http", addresses: ["127.0.0.1:80-82"], maxConnections: 7)
        #expect(table.frontends(of: 1) == [expected])
        #expect(table.frontends(of: 2) == [])
        _ = table.numbers(for: configuration(["a"]), generation: 2)
        table.forget(generation: 1)
        #expect(table.frontends(of: 1) == [])
        #expect(table.frontends(of: 2).map(\.maxConnections) == [nil])
        table.forget(generation: 2)
        #expect(table.frontends(of: 2) == [])
    }

    @Test func withoutRoomServersAreNotCounted() throws {
        // Number 0, frontend, backend, and two servers.
        let table = TrafficTable(region, capacity: 5)
        let first = table.numbers(for: configuration(["a", "b", "c"]), generation: 1)
        #expect(first.servers[0].last == 0)
        #expect(total(table, .server(backend: "api", name: "c")) == nil)
        #expect(table.totals().count == 4)
        try add(first.servers[0][0], 3)

        // Names of live generations are never taken away.
        let second = table.numbers(for: configuration(["d"]), generation: 2)
        #expect(second.servers == [[0]])
        table.forget(generation: 1)
        table.forget(generation: 2)

        // What nobody has makes room, and begins at zero.
        let third = table.numbers(for: configuration(["d", "e"]), generation: 3)
        #expect(!third.servers[0].contains(0))
        #expect(total(table, .server(backend: "api", name: "d")) == 0)
        #expect(total(table, .server(backend: "api", name: "e")) == 0)
    }

    /// Before the first worker could look.
    @Test func whatAnEarlierLifeWasToldHolds() throws {
        var limited = ServerOverride(backend: "api", server: "a")
        limited.adminState = .maintenance
        limited.weight = .init(value: 0, configured: 100)
        limited.maxConnections = .init(value: 3, configured: nil)
        var gone = ServerOverride(backend: "api", server: "gone")
        gone.adminState = .drain
        let table = TrafficTable(region, overrides: [limited, gone])
        let number = table.numbers(for: configuration(["b", "a"]), generation: 7).servers[0][1]
        let record = try #require(ServerRecord(region, number: number))
        #expect(record.adminState == .maintenance && record.weightOverride == 0)
        #expect(record.maxConnectionsOverride == 3)
        let name = TrafficName.server(backend: "api", name: "a")
        #expect(table.totals().first { $0.name == name }?.permitsInUse == 0, "it has permits")
        let dropped = table.dropOverrides(serving: 7)
        #expect(
            dropped
                == [DroppedOverride(backend: "api", server: "gone", fields: ["admin_state"])])
        #expect(table.override(backend: "api", server: "a") == limited)
    }

    /// More than all permits there are: the rest holds.
    @Test func aLimitWithoutRoomIsDropped() throws {
        var large = ServerOverride(backend: "api", server: "a")
        large.adminState = .drain
        large.maxConnections = .init(value: 1 << 30, configured: nil)
        let table = TrafficTable(region, overrides: [large])
        let number = table.numbers(for: configuration(["a"]), generation: 1).servers[0][0]
        let record = try #require(ServerRecord(region, number: number))
        #expect(record.adminState == .drain && record.maxConnectionsOverride == nil)
        #expect(table.dropOverrides(serving: 1).map(\.fields) == [["max_connections"]])
        #expect(table.dropOverrides(serving: 1) == [])
    }

    /// A generation that serves since then may have another configuration.
    @Test func aPlanIsOfOneGeneration() throws {
        let table = TrafficTable(region)
        _ = table.numbers(for: configuration(["a"]), generation: 1)
        _ = table.dropOverrides(serving: 1)
        var wish = ServerWish(backend: "api", server: "a", principal: "test")
        wish.adminState = .maintenance
        let plan = try table.plan(wish).get()
        _ = table.numbers(for: configuration(["a"]), generation: 2)
        _ = table.dropOverrides(serving: 2)
        #expect(!table.carryOut(plan))
        #expect(table.override(backend: "api", server: "a").isEmpty)
        #expect(table.carryOut(try table.plan(wish).get()))
        #expect(table.override(backend: "api", server: "a").adminState == .maintenance)
    }

    /// Only what the configuration before wanted to end, and only in generations before.
    @Test(arguments: [Backend.OnRemoved.keepSessions, .endSessions])
    func removedServers(_ onRemoved: Backend.OnRemoved) throws {
        let table = TrafficTable(region)
        func begin(_ servers: [String]?, generation: Int) -> [[Int]] {
            var configuration = configuration(servers ?? [])
            if servers == nil { configuration.backends = [] }
            for place in configuration.backends.indices {
                configuration.backends[place].onRemoved = onRemoved
            }
            return table.numbers(for: configuration, generation: generation).servers
        }
        func names(_ removed: [RemovedServer]) -> [String] { removed.map(\.name) }
        let numbers = begin(["a", "b", "c"], generation: 1)[0]
        #expect(table.retireServers(serving: 1) == [])
        let records = try numbers.map { try #require(ServerRecord(region, number: $0)) }
        // Prepared, and failed: nothing has happened.
        _ = begin(["b"], generation: 2)
        table.forget(generation: 2)
        #expect(records.allSatisfy { $0[.epoch] == 0 })
        let ends = onRemoved == .endSessions
        _ = begin(["a", "b"], generation: 3)
        #expect(names(table.retireServers(serving: 3)) == (ends ? ["c"] : []))
        #expect(records.map { $0[.epoch] } == [0, 0, ends ? 1 : 0])
        #expect(records[2][.retiredBefore] == (ends ? 3 : 0))
        // The worker of the generation that has it still is not asked twice.
        #expect(table.retireServers(serving: 3) == [])
        _ = begin(["a", "b", "c"], generation: 4)
        #expect(table.retireServers(serving: 4) == [])
        // The backend goes.
        _ = begin(nil, generation: 5)
        #expect(names(table.retireServers(serving: 5)) == (ends ? ["a", "b", "c"] : []))
        #expect(records.map { $0[.epoch] } == (ends ? [1, 1, 2] : [0, 0, 0]))
        if ends { #expect(records.allSatisfy { $0.epochReason == .removed }) }
    }

    @Test func aTotalNeverFalls() throws {
        let table = TrafficTable(region)
        let numbers = table.numbers(for: configuration([]), generation: 1)
        try add(numbers.frontends[0], 10)
        #expect(total(table, .frontend("web")) == 10)
        // A worker that lies.
        try add(numbers.frontends[0], .max - 4)
        #expect(total(table, .frontend("web")) == 10)
    }
}
