// /healthz and /readyz: for load balancers, orchestrators and watchdogs. Answered from the last
// published snapshot, so a stuck master is seen and not waited for.

import Clock
import JSON
import Master
import Supervisor

struct HealthResource: Sendable {
    let port: any ControlPort

    /// The master's loop turns at least every second, idle or not.
    static let tickAgeMax = Duration.seconds(2)

    private struct Check {
        var name: String
        var passed: Bool
        var detail: String

        var json: JSONValue {
            ["name": .string(name), "ok": .bool(passed), "detail": .string(detail)]
        }
    }

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/healthz", summary: "Whether the master makes progress",
                query: ["verbose"], access: .anyone
            ) { request in
                try Self.answer([tickCheck()], else: .masterStuck, request)
            },
            Route(
                method: .get, path: "/readyz", summary: "Whether exactly one generation serves",
                query: ["verbose"], access: .anyone
            ) { request in
                let stops = port.snapshot().shuttingDown
                return try Self.answer(
                    [servingCheck(), shutdownCheck()], else: stops ? .shuttingDown : .notReady,
                    request)
            },
        ]
    }

    private func tickCheck() -> Check {
        let age = Instant.now() - port.snapshot().loopTick
        return Check(
            name: "master-loop", passed: age < Self.tickAgeMax,
            detail: "last turn \(max(0, age.wholeMilliseconds)) ms ago")
    }

    /// A failed reload does not unready: the generation before it serves on.
    private func servingCheck() -> Check {
        let serving = port.snapshot().generations.filter { $0.phase == .serving }
        let names = serving.map { "generation \($0.generation)" }.joined(separator: ", ")
        return Check(
            name: "serving", passed: serving.count == 1,
            detail: serving.isEmpty ? "no generation serves" : "\(names) serves")
    }

    private func shutdownCheck() -> Check {
        let stops = port.snapshot().shuttingDown
        return Check(
            name: "not-shutting-down", passed: !stops,
            detail: stops ? "the master is shutting down" : "the master stays")
    }

    private static func answer(
        _ checks: [Check], else code: ProblemCode, _ request: RouteRequest
    ) throws -> Answer {
        let verbose = try request.query.flag("verbose") ?? false
        let list = JSONValue.array(checks.map(\.json))
        if let failed = checks.first(where: { !$0.passed }) {
            let problem = Problem(code, failed.detail)
            throw verbose ? problem.adding("checks", list) : problem
        }
        return try .resource(verbose ? ["status": "ok", "checks": list] : ["status": "ok"])
    }
}
