// Turns what the supervisor decides into events and counts: the one place where they come from.
// Pure value: effects and the supervisor's state in, a ring and a tally out. The loop writes it,
// readers copy from it, both through `MasterBoard`.

internal import Clock
internal import JSON
internal import Model
internal import SharedState
internal import Supervisor

struct EventFeed: Sendable {
    private(set) var ring: EventRing
    private(set) var tally = MasterTally()
    private var desiredRevision: Int?
    private var appliedRevision: Int?
    /// Reloads that are not over: how much of each has been told.
    private var told: [String: Told] = [:]

    private struct Told {
        var isStarted = false
        var stepCount = 0
    }

    /// Sequences begin with the time of the start, so that a reader who comes back after the master
    /// was started anew is behind, and told of a gap.
    init(startedAt: WallTime, findings: [String] = []) {
        ring = EventRing(firstSequence: UInt64(max(startedAt.milliseconds, 1)))
        for finding in findings {
            ring.append(.stateDamaged, at: startedAt, ["message": .string(finding)])
        }
    }

    /// After `supervisor` handled an event.
    mutating func observe(
        _ effects: [SupervisorEffect], of supervisor: Supervisor, at now: WallTime
    ) {
        let running = supervisor.reloads.prefix { !$0.status.isTerminal }.reversed()
        for effect in effects {
            // A crash comes before the replacement that it leads to, and that before its worker.
            if case .report = effect {} else { for record in running { tell(record, at: now) } }
            observe(effect, of: supervisor, at: now)
        }
        for record in running { tell(record, at: now) }
        tellRevisions(of: supervisor, at: now)
    }

    private mutating func observe(
        _ effect: SupervisorEffect, of supervisor: Supervisor, at now: WallTime
    ) {
        switch effect {
        case .start(let number, let plan):
            ring.append(
                .generationInit, at: now,
                [
                    "generation": number.json, "config_revision": plan.revision.json,
                    "workers": plan.workers.json,
                ])
        case .reloadFinished(let record): finish(record, at: now)
        case .report(let report): observe(report, of: supervisor, at: now)
        case .record, .reloadRejected, .validate, .handOff, .release, .commitListeners,
            .abandonListeners, .signal, .exit:
            break
        }
    }

    /// A server's records say something new.
    mutating func observe(_ change: ServerChange, at now: WallTime) {
        let check = change.server.check
        let latency = check.map { Int64(clamping: $0.lastMicroseconds / 1_000) }
        ring.append(
            .serverHealth, at: now,
            [
                "backend": .string(change.server.backend), "server": .string(change.server.name),
                "old": .string(change.old.rawValue), "new": .string(change.new.rawValue),
                "reason": .string(change.reason), "code": check?.finding.status.json ?? .null,
                "latency_ms": latency.json,
                "ejected_for_ms": change.server.ejectedForMilliseconds.json,
            ])
    }

    mutating func observe(_ wish: ServerWish, at now: WallTime) {
        ring.append(
            .serverChanged, at: now,
            [
                "backend": .string(wish.backend), "server": .string(wish.server),
                "admin_state": wish.adminState.json { .string($0.apiName) },
                "address": wish.address.json { .string($0.description) },
                "weight": wish.weight.json(\.json),
                "max_connections": wish.maxConnections.json(\.json),
                "principal": .string(wish.principal),
            ])
    }

    mutating func observe(_ override: DroppedOverride, at now: WallTime) {
        ring.append(
            .serverOverrideDropped, at: now,
            [
                "backend": .string(override.backend), "server": .string(override.server),
                "fields": .array(override.fields.map { .string($0) }),
            ])
    }

    mutating func tell(_ notice: ExpiryNotice, at now: WallTime) {
        ring.append(
            .certificateExpiring, at: now,
            [
                "pointer": .string(notice.pointer), "not_after": .string(notice.notAfter.rfc3339),
                "days": notice.days.json,
            ])
    }

    // MARK: Generations

    private mutating func observe(
        _ report: SupervisorReport, of supervisor: Supervisor, at now: WallTime
    ) {
        func record(_ number: Int) -> GenerationRecord? {
            supervisor.generations.first { $0.generation == number }
        }
        switch report {
        case .generationReady(let number):
            let milliseconds = record(number)?.initMilliseconds
            ring.append(
                .generationReady, at: now,
                ["generation": number.json, "init_ms": milliseconds.json])
        case .generationServing(let number):
            let revision = record(number)?.plan.revision
            ring.append(
                .generationServing, at: now,
                ["generation": number.json, "config_revision": revision.json])
        case .generationLeaving(let number, let reloads):
            ring.append(
                .generationLeaving, at: now,
                ["generation": number.json, "reloads": reloads.json])
        case .generationSignalled(let number, let reason):
            tally.sigterms[reason, default: 0] += 1
            let serving = supervisor.serving.flatMap(record)
            ring.append(
                .generationSigterm, at: now,
                [
                    "generation": number.json, "reason": .string(reason.rawValue),
                    "reloads": record(number)?.reloads.json ?? .null,
                    "max_reloads": (serving ?? record(number))?.plan.maxReloads.json ?? .null,
                ])
        case .generationExited(let number, let exit, let expected):
            ring.append(
                .generationExited, at: now,
                [
                    "generation": number.json, "code": exit?.code.json ?? .null,
                    "signal": exit?.signal.json ?? .null, "expected": .bool(expected),
                ])
        case .generationCrashed(let number, let exit, let delay):
            ring.append(
                .generationCrashed, at: now,
                [
                    "generation": number.json, "code": exit?.code.json ?? .null,
                    "signal": exit?.signal.json ?? .null, "restart_after_ms": delay.json,
                ])
        // What these lead to is told: a crash, or a reload.
        case .workerStuck, .workerViolated, .rolledBack, .startsFromLastGood: break
        }
    }

    // MARK: Reloads

    private mutating func tell(_ record: ReloadRecord, at now: WallTime) {
        if told[record.id] == nil {
            told[record.id] = Told()
            ring.append(
                .reloadQueued, at: now,
                [
                    "reload": .string(record.id), "mode": .string(record.mode.rawValue),
                    "source": .string(record.trigger.source.rawValue),
                    "principal": .string(record.trigger.principal),
                    "reason": record.trigger.reason.map { .string($0) } ?? .null,
                ])
        }
        if record.status == .running || !record.steps.isEmpty,
            told[record.id]?.isStarted == false
        {
            told[record.id]?.isStarted = true
            ring.append(
                .reloadStarted, at: now,
                ["reload": .string(record.id), "from_generation": record.fromGeneration.json])
        }
        tellSteps(record, at: now)
    }

    private mutating func tellSteps(_ record: ReloadRecord, at now: WallTime) {
        let ended = record.steps.prefix { $0.status != .running }
        for step in ended.dropFirst(told[record.id]?.stepCount ?? 0) {
            ring.append(
                .reloadStep, at: now,
                [
                    "reload": .string(record.id), "step": .string(step.name.rawValue),
                    "status": .string(step.status.rawValue), "ms": step.milliseconds.json,
                ])
        }
        told[record.id]?.stepCount = ended.count
    }

    private mutating func finish(_ record: ReloadRecord, at now: WallTime) {
        let kind: MasterEvent.Kind
        switch record.status {
        case .queued, .running: return
        case .succeeded: kind = .reloadSucceeded
        case .failed: kind = .reloadFailed
        case .superseded: kind = .reloadSuperseded
        case .cancelled: kind = .reloadCancelled
        }
        tell(record, at: now)
        told[record.id] = nil
        tally.note(record)
        ring.append(
            kind, at: now,
            [
                "reload": .string(record.id), "config_revision": record.revision.json,
                "from_generation": record.fromGeneration.json,
                "to_generation": record.toGeneration.json,
                "duration_ms": record.durationMilliseconds.json,
                "code": record.failure.map { .string($0.code) } ?? .null,
                "superseded_by": record.supersededBy.map { .string($0) } ?? .null,
            ])
    }

    private mutating func tellRevisions(of supervisor: Supervisor, at now: WallTime) {
        guard
            supervisor.desiredRevision != desiredRevision
                || supervisor.appliedRevision != appliedRevision
        else { return }
        desiredRevision = supervisor.desiredRevision
        appliedRevision = supervisor.appliedRevision
        ring.append(
            .configRevision, at: now,
            ["desired_revision": desiredRevision.json, "applied_revision": appliedRevision.json])
    }
}

extension FixedWidthInteger {
    fileprivate var json: JSONValue { .integer(Int64(clamping: self)) }
}

extension Optional where Wrapped: FixedWidthInteger {
    fileprivate var json: JSONValue { map(\.json) ?? .null }
}

extension ServerWish.Setting {
    /// Null where nothing was said, `configured` where it was taken back.
    fileprivate func json(_ json: (Value) -> JSONValue) -> JSONValue {
        switch self {
        case .keep: .null
        case .configured: "configured"
        case .value(let value): json(value)
        }
    }
}
