// /v1/status: desired and applied revision, the serving generation, and conditions in the shape
// that Kubernetes made known.

import JSON
import Master
import Supervisor

struct StatusResource: Sendable {
    let port: any ControlPort

    var routes: [Route] {
        [
            Route(method: .get, path: "/v1/status", summary: "Desired and applied state") { _ in
                try .resource(Self.json(port.snapshot()))
            }
        ]
    }

    static func json(_ snapshot: MasterSnapshot) -> JSONValue {
        [
            "instance_id": .string(snapshot.instanceID),
            "version": .string(snapshot.version),
            "desired_revision": .optional(snapshot.desiredRevision),
            "applied_revision": .optional(snapshot.appliedRevision),
            "serving_generation": .optional(snapshot.serving),
            "max_reloads": .optional(snapshot.maxReloads),
            "generations": [
                "starting": count(snapshot, .starting), "serving": count(snapshot, .serving),
                "leaving": count(snapshot, .leaving),
            ],
            "reloads": [
                "succeeded": .number(snapshot.counters.reloadsSucceeded),
                "failed": .number(snapshot.counters.reloadsFailed),
                "last": lastReload(snapshot),
            ],
            "conditions": .array(Condition.all(of: snapshot).map(\.json)),
        ]
    }

    private static func count(
        _ snapshot: MasterSnapshot, _ phase: GenerationRecord.Phase
    ) -> JSONValue {
        .number(snapshot.generations.count { $0.phase == phase })
    }

    private static func lastReload(_ snapshot: MasterSnapshot) -> JSONValue {
        guard let last = snapshot.reloads.first(where: { $0.status.isTerminal }) else {
            return .null
        }
        return [
            "id": .string(last.id), "status": .string(last.status.rawValue),
            "finished_at": .optional(last.finishedAt),
        ]
    }
}
