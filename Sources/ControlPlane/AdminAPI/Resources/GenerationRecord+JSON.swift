// A generation as the API shows it: the supervisor's record, and what was measured of its workers.

import Clock
import JSON
import Master
import Supervisor

extension GenerationRecord {
    func json(in snapshot: MasterSnapshot) -> JSONValue {
        let gauges = workers.compactMap { self.gauges(of: $0, in: snapshot) }
        return [
            "generation": .number(generation),
            "status": .string(status.rawValue),
            "phase": .string(phase.rawValue),
            "pid": .optional(workers.first?.pid.map(Int.init)),
            "version": .string(snapshot.version),
            "config_revision": .number(plan.revision),
            "config_sha256": .string(plan.sha256),
            "created_at": .time(createdAt),
            "ready_at": .optional(readyAt),
            "init_ms": .optional(initMilliseconds),
            "leaving_at": .optional(leavingAt),
            "reloads": .number(reloads),
            // The limit that is enforced now, not the one of the time when this one was started.
            "max_reloads": .optional(snapshot.maxReloads),
            "reloads_left": .optional(snapshot.maxReloads.map { max(0, $0 - reloads) }),
            "sigterm_sent": .bool(sigtermSent),
            "sigterm_at": .optional(sigtermAt),
            "sigterm_reason": .optional(sigtermReason?.rawValue),
            "sigkill_sent": .bool(sigkillSent),
            "hard_stop_at": .optional(hardStopAt),
            "sessions": sessions(gauges),
            "rss_bytes": .number(gauges.reduce(0) { $0 &+ ($1.rssBytes ?? 0) }),
            "waiting_for": .array(waitingFor.map { .string($0) }),
            "exit": exitJSON(exit, at: exitAt, expected: exitExpected),
            "workers": .array(workers.map { json(of: $0, in: snapshot) }),
            "counters": counters(gauges),
        ]
    }

    /// While it starts: the workers that are not READY.
    private var waitingFor: [String] {
        guard phase == .starting else { return [] }
        return workers.filter { $0.status == .initializing }.map { "worker \($0.index)" }
    }

    private func gauges(of worker: Worker, in snapshot: MasterSnapshot) -> WorkerGauges? {
        guard worker.exit == nil else { return nil }
        return snapshot.workers[WorkerID(generation: generation, index: worker.index)]
    }

    private func json(of worker: Worker, in snapshot: MasterSnapshot) -> JSONValue {
        let gauges = self.gauges(of: worker, in: snapshot)
        return [
            "index": .number(worker.index),
            "pid": .optional(worker.pid.map(Int.init)),
            "status": .string(worker.status.rawValue),
            "sessions": sessions(gauges.map { [$0] } ?? []),
            "rss_bytes": .number(gauges?.rssBytes ?? 0),
            "exit": exitJSON(worker.exit, at: worker.exitedAt, expected: worker.exitExpected),
        ]
    }
}

/// Client connections, idle ones included: what a leaver waits for.
private func sessions(_ gauges: [WorkerGauges]) -> JSONValue {
    [
        "current": .number(gauges.reduce(0) { $0 &+ $1.clientConnections }),
        "oldest_age_s": .number(gauges.compactMap(\.oldestSessionAgeSeconds).max() ?? 0),
    ]
}

/// Totals of the live workers, by name.
private func counters(_ gauges: [WorkerGauges]) -> JSONValue {
    let totals = gauges.reduce(into: [String: UInt64]()) { totals, worker in
        totals.merge(worker.counters, uniquingKeysWith: &+)
    }
    let members = totals.sorted { $0.key < $1.key }.map {
        JSONObject.Member(name: CounterName.snakeCase($0.key), value: .number($0.value))
    }
    return .object(JSONObject(members))
}

private func exitJSON(_ exit: WorkerExit?, at time: WallTime?, expected: Bool) -> JSONValue {
    guard let exit else { return .null }
    return [
        "code": .optional(exit.code.map(Int.init)), "signal": .optional(exit.signal.map(Int.init)),
        "at": .optional(time), "expected": .bool(expected),
    ]
}
