// The last lines that workers wrote to standard error, by generation and by reload; and the access
// logs, which can be opened anew.

import JSON
import Master
import Supervisor

struct LogResource: Sendable {
    let port: any ControlPort

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/v1/generations/{n}/logs",
                summary: "The last lines that a generation's workers wrote"
            ) { request in
                let record = try GenerationResource.find(request, in: port.snapshot())
                return try Self.answer(
                    "generation", .number(record.generation),
                    port.logTail(generation: record.generation))
            },
            Route(
                method: .get, path: "/v1/reloads/{id}/logs",
                summary: "The last lines that the workers of a reload wrote"
            ) { request in
                let record = try ReloadResource(port: port).find(request)
                // A failed reload keeps what its workers said in its record.
                let lines =
                    record.logTail.isEmpty
                    ? record.toGeneration.map(port.logTail) ?? [] : record.logTail
                return try Self.answer("reload", .string(record.id), lines)
            },
            Route(
                method: .post, path: "/v1/logs/reopen",
                summary: "Open the access logs anew, after they were renamed", answer: reopen),
        ]
    }

    private func reopen(_ request: RouteRequest) async throws -> Answer {
        var body = try RequestObject(request.body)
        body.allow([])
        try body.finish()
        do {
            let result = try await port.reopenLogs()
            return try .resource([
                "destinations": .array(result.destinations.map { .string($0) }),
                "workers": .number(result.workers),
            ])
        } catch MasterError.logFailed(let detail) {
            throw Problem(.accessLogFailed, detail)
        } catch MasterError.stopped {
            throw Problem(.shuttingDown, "the master is stopping")
        }
    }

    private static func answer(
        _ name: String, _ value: JSONValue, _ lines: [String]
    ) throws -> Answer {
        var object = JSONObject()
        object[name] = value
        object["items"] = .array(lines.map { .string($0) })
        object["next_cursor"] = .null
        return try .resource(.object(object))
    }
}
