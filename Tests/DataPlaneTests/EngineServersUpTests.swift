// Routes that ask how many servers of a backend take traffic.

import Model
import SharedState
import Testing

@testable import DataPlane

@Suite struct EngineServersUpTests {
    private static func route(_ id: String, least: Int, status: Int) -> Route {
        var match = RouteMatch()
        match.serversUp = [BackendLeast(backend: "b", least: least)]
        return Route(
            id: id, match: match,
            action: .respond(LocalResponse(status: status, body: Template(parts: []))))
    }

    /// The first request on has the count as it is, and every change is seen by all loops.
    @Test(arguments: [1, 3]) func theRouteFollowsTheServers(loopCount: Int) throws {
        var options = EngineHarness.Options()
        options.loopCount = loopCount
        options.routes = [
            Self.route("all", least: 2, status: 202), Self.route("one", least: 1, status: 203),
            Route(
                id: "none",
                action: .respond(LocalResponse(status: 200, body: Template(parts: [])))),
        ]
        let harness = try EngineHarness(origins: [1, 2], options)
        #expect(try harness.ask() == 202)
        let servers = try [0, 1].map { try #require(harness.serverRecord($0)) }
        func expect(_ status: Int, after change: () -> Void) {
            change()
            harness.attend()
            // Six connections in a row: each loop has its turn.
            let isSeen = Wait.until(10) {
                (0..<6).allSatisfy { _ in (try? harness.ask()) == status }
            }
            #expect(isSeen, "\(status)")
        }
        let maintenance = UInt64(ServerAdminState.maintenance.rawValue)
        expect(203) { servers[0].set(.adminState, maintenance) }
        expect(200) { servers[1].set(.adminState, maintenance) }
        expect(203) { servers[0].set(.adminState, 0) }
        expect(202) { servers[1].set(.adminState, 0) }
    }
}
