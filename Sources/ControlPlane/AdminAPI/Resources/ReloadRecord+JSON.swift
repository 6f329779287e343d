// A reload as the API shows it, and the problem that it is when it failed and somebody waited.

import JSON
import Master
import Supervisor

extension ReloadRecord {
    var json: JSONValue {
        [
            "id": .string(id),
            "kind": "reload",
            "status": .string(status.rawValue),
            "mode": .string(mode.rawValue),
            "trigger": [
                "source": .string(trigger.source.rawValue),
                "principal": .string(trigger.principal),
                "reason": .optional(trigger.reason),
                "idempotency_key": .optional(trigger.idempotencyKey),
            ],
            "config_revision": .optional(revision),
            "from_generation": .optional(fromGeneration),
            "to_generation": .optional(toGeneration),
            "created_at": .time(createdAt),
            "finished_at": .optional(finishedAt),
            "duration_ms": .optional(durationMilliseconds),
            "steps": .array(steps.map(\.json)),
            "sigterm_sent_to": .array(sigtermSentTo.map { .number($0) }),
            "unchanged": .bool(isUnchanged),
            "superseded_by": .optional(supersededBy),
            "error": failure.map(errorJSON) ?? .null,
            "log_tail": .array(logTail.map { .string($0) }),
        ]
    }

    /// For a caller who waited for the end and got one that is not a success.
    func problem(in snapshot: MasterSnapshot) -> Problem {
        let code: ProblemCode =
            switch status {
            case .superseded: .superseded
            case .cancelled: .cancelled
            default: failure.flatMap { ProblemCode(rawValue: $0.code) } ?? .reloadFailed
            }
        let serving = snapshot.generations.first { $0.phase == .serving }
        let rest = serving.map {
            "generation \($0.generation) keeps serving revision \($0.plan.revision)"
        }
        let errors = failure?.problems.map(Problem.Entry.init) ?? []
        return Problem(
            code, [sentence, rest].compactMap(\.self).joined(separator: "; "), errors: errors
        )
        .adding("serving_generation", .optional(serving?.generation))
        .adding("serving_revision", .optional(serving?.plan.revision))
        .adding("operation", json)
    }

    /// It succeeded, and a restart of the master would not know.
    func notStored(_ reason: String, in snapshot: MasterSnapshot) -> Problem {
        Problem(
            .storeFailed,
            "the reload is \(status.rawValue), but its record could not be stored: \(reason)"
        )
        .adding("serving_generation", .optional(snapshot.serving))
        .adding("serving_revision", .optional(snapshot.appliedRevision))
        .adding("operation", json)
    }

    private var sentence: String {
        if let supersededBy { return "superseded by \(supersededBy)" }
        guard let failure else { return "reload \(status.rawValue)" }
        let count = failure.problems.count { $0.severity == "error" }
        if count > 0 { return count == 1 ? "1 error" : "\(count) errors" }
        return failure.pointer.map { "\($0): \(failure.detail)" } ?? failure.detail
    }
}

extension ReloadRecord.Step {
    fileprivate var json: JSONValue {
        [
            "name": .string(name.rawValue), "status": .string(status.rawValue),
            "ms": .optional(milliseconds),
        ]
    }
}

private func errorJSON(_ failure: ReloadFailure) -> JSONValue {
    let entries = failure.problems.prefix(Problem.errorCountMax).map { Problem.Entry($0).json }
    return [
        "code": .string(failure.code), "detail": .string(failure.detail),
        "pointer": .optional(failure.pointer), "errors": .array(entries),
    ]
}
