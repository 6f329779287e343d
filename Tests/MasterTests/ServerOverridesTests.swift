// What an operator wants of a server against what configurations say.

import Model
import SharedState
import Store
import Testing

@testable import Master

struct ServerOverridesTests {
    private let record: ServerRecord
    private let server = Server(
        name: "s", address: SocketAddress(host: .ipv4(1), port: 1), weight: 100,
        maxConnections: 10)

    init() throws {
        record = try #require(ServerRecord(SharedRegion.create().region, number: 1))
    }

    private func wish(_ change: (inout ServerWish) -> Void) -> ServerWish {
        var wish = ServerWish(backend: "b", server: "s", principal: "test")
        change(&wish)
        return wish
    }

    private func backends(weight: Int = 100, limit: Int? = 10) -> [Backend] {
        var server = server
        server.weight = weight
        server.maxConnections = limit
        return [Backend(name: "b", mode: .http, servers: [server])]
    }

    /// As the master does.
    private func apply(
        _ wish: ServerWish, to overrides: inout ServerOverrides, configured server: Server
    ) {
        let override = overrides.override(after: wish, configured: server)
        overrides.hold(override)
        ServerOverrides.write(override, to: record)
    }

    @Test func whatIsWantedStays() {
        var overrides = ServerOverrides()
        apply(
            wish { ($0.adminState, $0.weight, $0.maxConnections) = (.drain, .value(0), .value(7)) },
            to: &overrides, configured: server)
        #expect(record.adminState == .drain && record.weightOverride == 0)
        #expect(record.maxConnectionsOverride == 7)
        #expect(overrides.drop(for: backends()) { _ in record } == [])
        #expect(record.weightOverride == 0)
        apply(
            wish { ($0.adminState, $0.weight) = (.ready, .configured) }, to: &overrides,
            configured: server)
        #expect(record.adminState == .ready && record.weightOverride == nil)
        #expect(record.maxConnectionsOverride == 7)
    }

    /// Each field by itself.
    @Test func aNewConfigurationWins() {
        var overrides = ServerOverrides()
        apply(
            wish { ($0.adminState, $0.weight, $0.maxConnections) = (.drain, .value(5), .value(7)) },
            to: &overrides, configured: server)
        let first = overrides.drop(for: backends(weight: 50)) { _ in record }
        #expect(first == [DroppedOverride(backend: "b", server: "s", fields: ["weight"])])
        #expect(record.weightOverride == nil && record.maxConnectionsOverride == 7)
        #expect(record.adminState == .drain)
        let second = overrides.drop(for: backends(weight: 50, limit: nil)) { _ in record }
        #expect(second.map(\.fields) == [["max_connections"]])
        let third = overrides.drop(for: []) { _ in record }
        #expect(third.map(\.fields) == [["admin_state"]])
        #expect(record.adminState == .ready)
        #expect(overrides.drop(for: []) { _ in record } == [])
    }

    /// A later wish counts from the configuration of its time, each field from its own.
    @Test func theBaseMoves() {
        var overrides = ServerOverrides()
        apply(
            wish { ($0.weight, $0.maxConnections) = (.value(5), .value(7)) }, to: &overrides,
            configured: server)
        var newer = server
        newer.weight = 50
        apply(wish { $0.weight = .value(6) }, to: &overrides, configured: newer)
        #expect(overrides.drop(for: backends(weight: 50)) { _ in record } == [])
        #expect(record.weightOverride == 6 && record.maxConnectionsOverride == 7)
    }

    /// What can be nowhere is told, and held no longer.
    @Test func withoutARecordNothingIsHeld() {
        var remembered = ServerOverride(backend: "b", server: "s")
        remembered.adminState = .maintenance
        remembered.weight = .init(value: 5, configured: 100)
        var overrides = ServerOverrides([remembered])
        let dropped = overrides.drop(for: backends()) { _ in nil }
        #expect(dropped.map(\.fields) == [["admin_state", "weight"]])
        #expect(overrides.override(backend: "b", server: "s").isEmpty)
    }
}
