// Where connections of a TCP frontend are handed over to an HTTP frontend.

import Model
import SharedState

@testable import DataPlane

/// A TCP frontend `f` in front of an HTTP one, `web`: `b0` says `T:` and what it was sent, `b1` echoes
/// requests.
struct Door {
    let harness: EngineHarness
    let tcp: EngineOrigin
    let http: EngineOrigin

    init(
        _ routes: [Route] = Door.routes,
        _ change: (inout EngineHarness.Options, inout Frontend) -> Void = { _, _ in }
    ) throws {
        var options = EngineHarness.Options()
        options.mode = .tcp
        options.separatesBackends = true
        options.routes = routes
        options.timeouts.inspect = .seconds(10)
        options.log = true
        var web = Frontend(
            name: "web", mode: .http, bind: [],
            routes: [Route(id: "page", action: .backend("b1"))])
        change(&options, &web)
        options.otherFrontend = web
        tcp = try EngineOrigin { connection in
            connection.send("T:")
            connection.send(connection.takeAll())
        }
        http = try EngineOrigin.echo()
        harness = try EngineHarness(origins: [tcp.port, http.port], options)
    }

    static func route(
        _ id: String, _ action: RouteAction?, _ change: (inout RouteMatch) -> Void = { _ in }
    ) -> Route {
        var match = RouteMatch()
        change(&match)
        return Route(id: id, match: match, action: action)
    }

    static let web = route("web", .frontend("web")) { $0.speaksHTTP = true }
    static let rest = route("rest", .backend("b0"))
    static let routes = [
        route("tls", .backend("b0")) { $0.serverNames = [.exact("a.example")] }, web, rest,
    ]

    /// Nobody is counted anywhere any more.
    var isEmpty: Bool {
        Wait.until(5) {
            harness.runtime.processGauge.current == 0
                && harness.runtime.frontendGauges.allSatisfy { $0.current == 0 }
                && harness.worker[.clientConnections] == 0
                && harness.worker[.exchangesInFlight] == 0
        }
    }
}

extension EngineSocket {
    /// Whether it ends within the time, in whatever way.
    var isRefused: Bool {
        _ = takeAll(within: 5)
        return wasReset || endsSilently()
    }
}
