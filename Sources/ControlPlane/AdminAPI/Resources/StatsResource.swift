// /v1/stats: totals over live and retired generations, and what the live ones do now.

import JSON
import Master
import Supervisor

struct StatsResource: Sendable {
    let port: any ControlPort

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/v1/stats", summary: "Totals over all generations"
            ) { _ in try .resource(Self.json(port.snapshot())) }
        ]
    }

    static func json(_ snapshot: MasterSnapshot) -> JSONValue {
        let totals = snapshot.totals.sorted { $0.key < $1.key }.map {
            JSONObject.Member(name: CounterName.snakeCase($0.key), value: .number($0.value))
        }
        let workers = snapshot.workers.values
        let sum = { (path: KeyPath<WorkerGauges, Int>) -> JSONValue in
            .number(workers.reduce(0) { $0 &+ $1[keyPath: path] })
        }
        return [
            "instance_id": .string(snapshot.instanceID),
            "since": .time(snapshot.startedAt),
            "taken_at": .time(snapshot.takenAt.wall),
            "totals": .object(JSONObject(totals)),
            "now": [
                "client_connections": sum(\.clientConnections), "exchanges": sum(\.exchanges),
                "tunnels": sum(\.tunnels),
            ],
        ]
    }
}
