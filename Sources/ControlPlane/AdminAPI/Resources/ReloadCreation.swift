// POST /v1/reloads: takes a reload, waits for its end if asked to, and answers. With an
// Idempotency-Key the same request is carried out once and answered alike each time.

import Clock
import JSON
import Master
import Store
import Supervisor

struct ReloadCreation: Sendable {
    let port: any ControlPort
    let inFlight: RequestsInFlight

    func answer(_ request: RouteRequest) async throws -> Answer {
        let wish = try ReloadRequest(request)
        guard let key = wish.key else {
            return try await outcome(of: take(wish), wish, request)
        }
        try inFlight.begin(key)
        // To its end, whether or not the client is still there: it may come back for the answer.
        return try await Task {
            defer { inFlight.end(key) }
            if let known = try await stored({ try await port.known(key) }) {
                return try await replay(known, key, wish, request)
            }
            let answer = try await outcome(of: take(wish), wish, request)
            await keep(answer, for: key)
            return answer
        }.value
    }

    // MARK: Taking

    private func take(_ wish: ReloadRequest) async throws -> ReloadRecord {
        do {
            return try await port.requestReload(
                mode: wish.mode, trigger: wish.trigger, options: wish.options, key: wish.key)
        } catch MasterError.stopped {
            throw Problem(.shuttingDown, "the master is shutting down")
        } catch MasterError.notRecorded {
            throw Problem(
                .storeFailed,
                "the disk of the state directory did not answer; GET /v1/reloads tells"
                    + " whether the reload happens")
        } catch MasterError.rejected(.inProgress(let id)) {
            throw Problem(.reloadInProgress, "reload \(id) is not over")
                .adding("reload", .string(id))
        } catch MasterError.rejected(.tooMany(let wait)) {
            let seconds = max(1, Int(clamping: (wait.wholeMilliseconds + 999) / 1000))
            throw Problem(
                .tooManyReloads, "above process.reload_rate; try again in \(seconds) s"
            )
            .adding("retry_after_s", .number(seconds)).adding(field: "Retry-After", "\(seconds)")
        }
    }

    // MARK: Answering

    private func outcome(
        of taken: ReloadRecord, _ wish: ReloadRequest, _ request: RouteRequest
    ) async throws -> Answer {
        var record = taken
        var snapshot = port.snapshot()
        let isRefused = record.status == .failed && record.steps.isEmpty
        if let wait = wish.wait, !isRefused {
            (record, snapshot) = await ReloadWaiting(port: port).end(of: record, wait)
        }
        if isRefused || wish.wait != nil, record.status.isTerminal, record.status != .succeeded {
            return .problem(record.problem(in: snapshot), requestID: request.requestID)
        }
        let fields = wish.wait?.fields ?? []
        if case .failed(let reason) = snapshot.unstored[record.id], wish.wait != nil {
            let problem = record.notStored(reason, in: snapshot)
            return .problem(problem, requestID: request.requestID)
        }
        if let wait = wish.wait, ReloadWaiting.isReached(wait.goal, record, in: snapshot) {
            return try .resource(record.json, fields: fields)
        }
        let location = Answer.Field(name: "Location", value: "/v1/reloads/\(record.id)")
        return try .resource(record.json, status: 202, fields: [location] + fields)
    }

    // MARK: Again

    private func replay(
        _ known: KnownIdempotencyKey, _ key: IdempotencyKey, _ wish: ReloadRequest,
        _ request: RouteRequest
    ) async throws -> Answer {
        guard known.digest == key.digest else { throw RequestsInFlight.reused }
        var answer: Answer
        if let stored = known.answer {
            answer = Answer(status: stored.status, fields: [], body: stored.body)
            let type = stored.status < 300 ? "application/json" : "application/problem+json"
            answer.fields = [
                .init(name: "Content-Type", value: type),
                .init(name: "Cache-Control", value: "no-store"),
            ]
            if stored.status == 202 {
                answer.fields.append(
                    .init(name: "Location", value: "/v1/reloads/\(known.reload)"))
            }
        } else {
            // The master died before it answered, or the answer was large: the record is left.
            guard
                let record = port.snapshot().reloads.first(where: { $0.id == known.reload })
            else {
                throw Problem(
                    .idempotencyInFlight,
                    "reload \(known.reload) of the first request is no longer kept; choose a new key"
                )
            }
            answer = try await outcome(of: record, wish, request)
            if record.status.isTerminal { await keep(answer, for: key) }
        }
        answer.fields.append(.init(name: "Idempotency-Replayed", value: "true"))
        return answer
    }

    /// An answer that cannot be kept is made anew from the record, should it be asked for again.
    private func keep(_ answer: Answer, for key: IdempotencyKey) async {
        try? await port.keep(.init(status: answer.status, body: answer.body), for: key)
    }

    private func stored<Value: Sendable>(
        _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await body()
        } catch MasterError.storeFailed(let detail) {
            throw Problem(.storeFailed, detail)
        }
    }
}
