// /v1: what there is, for people with curl.

import JSON
import Model

struct IndexResource: Sendable {
    let version: String
    /// All the other routes.
    let others: [Route]

    var routes: [Route] {
        [Route(method: .get, path: "/v1", summary: "All routes") { _ in try answer() }]
    }

    private func answer() throws -> Answer {
        try .resource([
            "version": .string(version), "routes": .array((routes + others).map(Self.json)),
        ])
    }

    private static func json(_ route: Route) -> JSONValue {
        [
            "method": .string(route.method.rawValue), "path": .string(route.path),
            "query": .array(route.query.map { .string($0) }), "summary": .string(route.summary),
            "role": .optional(route.role?.rawValue),
        ]
    }
}
