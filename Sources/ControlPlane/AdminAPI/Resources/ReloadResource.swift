// /v1/reloads: a reload is a durable operation with an id, steps and a typed outcome, which a
// caller may wait for.

import JSON
import Master
import Supervisor

struct ReloadResource: Sendable {
    let port: any ControlPort
    let inFlight: RequestsInFlight

    init(port: any ControlPort, inFlight: RequestsInFlight = RequestsInFlight()) {
        self.port = port
        self.inFlight = inFlight
    }

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/v1/reloads", summary: "All reloads, newest first",
                query: ["status"] + Page.parameters + LongPoll.parameters, answer: list),
            Route(
                method: .post, path: "/v1/reloads", summary: "Reload the configuration",
                query: ReloadRequest.query,
                answer: ReloadCreation(port: port, inFlight: inFlight).answer),
            Route(
                method: .get, path: "/v1/reloads/{id}", summary: "One reload",
                query: ReloadRequest.query
            ) { request in
                let wait = try ReloadWait(request)
                var record = try find(request)
                if let wait {
                    (record, _) = await ReloadWaiting(port: port).end(of: record, wait)
                }
                return try .resource(record.json, fields: wait?.fields ?? [])
            },
            Route(
                method: .delete, path: "/v1/reloads/{id}",
                summary: "Cancel a reload that is queued or has not reached SWITCH", answer: cancel),
        ]
    }

    private func list(_ request: RouteRequest) async throws -> Answer {
        let snapshot = try await LongPoll(port: port) { $0.collections.reloads }.snapshot(request)
        var reloads = snapshot.reloads
        if let status = try request.query.choice("status", as: ReloadRecord.Status.self) {
            reloads = reloads.filter { $0.status == status }
        }
        return try .resource(
            Page.json(
                of: reloads, sequence: snapshot.collections.reloads, query: request.query,
                key: { $0.id }, item: { $0.json }))
    }

    private func cancel(_ request: RouteRequest) async throws -> Answer {
        var body = try RequestObject(request.body)
        body.allow([])
        try body.finish()
        let before = port.snapshot()
        let record = try find(request)
        if record.status.isTerminal {
            throw Problem(.reloadFinished, "reload \(record.id) is \(record.status.rawValue)")
        }
        if record.steps.contains(where: { $0.name == .switchListeners }) {
            throw Problem(.reloadSwitching, "reload \(record.id) is past the point of return")
        }
        await port.cancelReload(id: record.id)
        // The answer shows the outcome if the master was quick.
        _ = await port.waitForChange(after: before.sequence, until: .milliseconds(200))
        return try .resource(find(request).json, status: 202)
    }

    func find(_ request: RouteRequest) throws(Problem) -> ReloadRecord {
        let id = request.parameters["id"] ?? ""
        guard let record = port.snapshot().reloads.first(where: { $0.id == id }) else {
            throw Problem(.notFound, "no such reload; the last ones are kept: GET /v1/reloads")
        }
        return record
    }
}
