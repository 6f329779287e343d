// Routes that ask whether a backend's limits allow more exchanges just now.

import Model
import SharedState
import Testing

@testable import DataPlane

@Suite struct EngineConnectionsFreeTests {
    /// To the backend while so many are free, and a word of our own after that.
    private static func options(limit: Int?, least: Int) -> EngineHarness.Options {
        var options = EngineHarness.Options()
        options.limit = limit
        var match = RouteMatch()
        match.connectionsFree = [BackendLeast(backend: "b", least: least)]
        options.routes = [
            Route(id: "b", match: match, action: .backend("b")),
            Route(
                id: "full",
                action: .respond(LocalResponse(status: 202, body: Template(parts: [])))),
        ]
        return options
    }

    private static let request = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"

    /// Held by exchanges of whichever loop, and free again when they are over.
    @Test(arguments: [(3, 1, 1), (3, 2, 1), (4, 3, 3), (2, 3, 1)])
    func whatIsFreeIsCounted(limit: Int, least: Int, loopCount: Int) throws {
        let origin = try CountingOrigin(work: nil)
        var options = Self.options(limit: limit, least: least)
        options.loopCount = loopCount
        let harness = try EngineHarness(origins: [origin.port], options)
        let goes = max(0, limit - least + 1)
        var clients: [EngineSocket] = []
        for number in 0..<goes {
            clients.append(try harness.connect())
            clients[number].send(Self.request)
            #expect(Wait.until(10) { origin.present == number + 1 })
        }
        for _ in 0..<4 { #expect(try harness.ask() == 202) }
        origin.letGo(goes)
        for client in clients { #expect(client.takeMessage()?.status == 200) }
        #expect(Wait.until(10) { harness.heldPermits(0) == 0 })
        guard goes > 0 else { return }
        let again = try harness.connect()
        again.send(Self.request)
        #expect(Wait.until(10) { origin.present == 1 })
        origin.letGo(1)
        #expect(again.takeMessage()?.status == 200)
    }

    /// Two servers have twice as many, but only those that take traffic.
    @Test func serversThatAreThere() throws {
        let harness = try EngineHarness(
            origins: [1, 2], Self.options(limit: 2, least: 3))
        // Nobody listens there.
        #expect(try harness.ask() == 503)
        let server = try #require(harness.serverRecord(0))
        func expect(_ status: Int, after state: ServerAdminState) {
            server.set(.adminState, UInt64(state.rawValue))
            harness.attend()
            #expect(Wait.until(10) { (try? harness.ask()) == status }, "\(status)")
        }
        expect(202, after: .maintenance)
        expect(503, after: .ready)
    }

    /// An operator's word goes before the configuration's; 0 is no limit.
    @Test func theOperatorsLimit() throws {
        let harness = try EngineHarness(origins: [1], Self.options(limit: 2, least: 3))
        let server = try #require(harness.serverRecord(0))
        func expect(_ status: Int, after limit: UInt64?) {
            if let limit { server.set(.maxConnectionsOverride, limit &+ 1) }
            harness.attend()
            #expect(Wait.until(10) { (try? harness.ask()) == status }, "\(status)")
        }
        expect(202, after: nil)
        expect(503, after: 0)
        expect(202, after: 1)
    }

    /// Within a condition, and turned round. A backup's count while it takes traffic.
    @Test func conditionsAndBackups() throws {
        var options = Self.options(limit: 2, least: 3)
        var match = RouteMatch()
        match.connectionsFree = [BackendLeast(backend: "b", least: 1)]
        options.conditions = [Condition(name: "free", match: match)]
        match = RouteMatch()
        match.none = ["free"]
        options.routes?[1].match = match
        options.backups = [1]
        let harness = try EngineHarness(origins: [1, 2], options)
        // Two are free, so neither route takes it.
        #expect(try harness.ask() == 404)
        for (place, status) in [(0, 404), (1, 202)] {
            let server = try #require(harness.serverRecord(place))
            server.set(.adminState, UInt64(ServerAdminState.maintenance.rawValue))
            harness.attend()
            #expect(Wait.until(10) { (try? harness.ask()) == status }, "\(place)")
        }
    }

    /// Without a limit there is room for any number; without a server for nobody.
    @Test func noLimit() throws {
        let harness = try EngineHarness(
            origins: [1], Self.options(limit: nil, least: BackendLeast.connectionsMax))
        #expect(try harness.ask() == 503)
        let server = try #require(harness.serverRecord(0))
        server.set(.adminState, UInt64(ServerAdminState.maintenance.rawValue))
        harness.attend()
        #expect(Wait.until(10) { (try? harness.ask()) == 202 })
    }
}
