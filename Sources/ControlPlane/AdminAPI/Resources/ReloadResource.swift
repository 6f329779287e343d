// /v1/reloads: a reload is a durable operation with an id, steps and a typed outcome, which a
// caller may wait for.

import Clock
import JSON
import Master
import Supervisor

struct ReloadResource: Sendable {
    let port: any ControlPort

    static let waitMax = Duration.seconds(300)
    private static let reasonCountMax = 500

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/v1/reloads", summary: "All reloads, newest first",
                query: ["status"] + Page.parameters, answer: list),
            Route(
                method: .post, path: "/v1/reloads", summary: "Reload the configuration",
                query: ["wait"], answer: create),
            Route(
                method: .get, path: "/v1/reloads/{id}", summary: "One reload", query: ["wait"]
            ) { request in
                let wait = try Self.wait(request)
                var record = try find(request)
                if let wait { record = await finished(record, within: wait.duration) }
                return try .resource(record.json, fields: wait?.fields ?? [])
            },
            Route(
                method: .delete, path: "/v1/reloads/{id}",
                summary: "Cancel a reload that is queued or has not reached SWITCH", answer: cancel),
        ]
    }

    private func list(_ request: RouteRequest) throws -> Answer {
        var reloads = port.snapshot().reloads
        if let status = try request.query.choice("status", as: ReloadRecord.Status.self) {
            reloads = reloads.filter { $0.status == status }
        }
        return try .resource(
            Page.json(of: reloads, query: request.query, key: { $0.id }, item: { $0.json }))
    }

    private func create(_ request: RouteRequest) async throws -> Answer {
        let wait = try Self.wait(request)
        var body = try RequestObject(request.body)
        body.allow(["mode", "reason"], later: ["if_changed", "on_busy"])
        let mode = body.choice("mode", default: ReloadRecord.Mode.soft)
        let reason = body.text("reason", countMax: Self.reasonCountMax)
        try body.finish()

        let trigger = ReloadRecord.Trigger(
            source: .api, principal: request.principal, reason: reason)
        var record: ReloadRecord
        do {
            record = try await port.requestReload(mode: mode, trigger: trigger)
        } catch MasterError.stopped {
            throw Problem(.shuttingDown, "the master is shutting down")
        }
        if let wait { record = await finished(record, within: wait.duration) }
        guard wait != nil, record.status.isTerminal else {
            let location = Answer.Field(name: "Location", value: "/v1/reloads/\(record.id)")
            return try .resource(
                record.json, status: 202, fields: [location] + (wait?.fields ?? []))
        }
        guard record.status == .succeeded else {
            throw record.problem(in: port.snapshot())
        }
        return try .resource(record.json, fields: wait?.fields ?? [])
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

    /// The record when it is final, or as it is when the time is over.
    private func finished(_ started: ReloadRecord, within wait: Duration) async -> ReloadRecord {
        let deadline = Instant.now() + wait
        var record = started
        var snapshot = port.snapshot()
        while true {
            record = snapshot.reloads.first { $0.id == started.id } ?? record
            let left = deadline - Instant.now()
            if record.status.isTerminal || left <= .zero { return record }
            let sequence = snapshot.sequence
            snapshot = await port.waitForChange(after: sequence, until: left)
            // Nothing new: the time is over, or there will never be anything new.
            if snapshot.sequence == sequence { return record }
        }
    }

    private struct Wait {
        var duration: Duration
        var fields: [Answer.Field]
    }

    /// `?wait=30s`, or `Prefer: wait=30` (RFC 7240 §4.3: seconds; what cannot be honoured is
    /// ignored, so a longer preference is cut and not refused).
    private static func wait(_ request: RouteRequest) throws(Problem) -> Wait? {
        if let duration = try request.query.duration("wait", atMost: waitMax) {
            return Wait(duration: duration, fields: [])
        }
        for preference in (request.preference ?? "").split(whereSeparator: { ",;".contains($0) }) {
            let pieces = preference.split(separator: "=").map {
                String($0.filter { !" \t\"".contains($0) })
            }
            guard pieces.count == 2, pieces[0].lowercased() == "wait",
                let seconds = Int(pieces[1]), seconds >= 0
            else { continue }
            let granted = min(seconds, Int(waitMax.components.seconds))
            let applied = Answer.Field(name: "Preference-Applied", value: "wait=\(granted)")
            return Wait(duration: .seconds(granted), fields: [applied])
        }
        return nil
    }
}
