// Snapshots and records as they stand in the examples of the contract.

import Clock
import JSON
import Supervisor

@testable import AdminAPI
@testable import Master

extension WallTime {
    /// 2026-11-21T00:10:03.412Z and some milliseconds.
    static func example(_ milliseconds: Int64 = 0) -> WallTime {
        WallTime(milliseconds: 1_795_219_803_412 + milliseconds)
    }
}

extension GenerationRecord {
    static func example(
        _ number: Int, _ phase: Phase, status: Status = .ready, revision: Int = 42,
        reloads: Int = 0
    ) -> GenerationRecord {
        var record = GenerationRecord(
            generation: number,
            plan: GenerationPlan(revision: revision, sha256: "9f2c61", maxReloads: 5),
            createdAt: .example())
        record.status = status
        record.phase = phase
        record.reloads = reloads
        record.workers = [.init(index: 0, pid: 28_000 + Int32(number), status: status)]
        if status == .ready {
            record.readyAt = .example(182)
            record.initMilliseconds = 182
        }
        if phase == .leaving { record.leavingAt = .example(5000) }
        if phase == .exited { record.end() }
        return record
    }

    private mutating func end() {
        sigtermSent = true
        sigtermAt = .example(8000)
        sigtermReason = .maxReloads
        exit = WorkerExit(signal: 15)
        exitAt = .example(9000)
        exitExpected = true
        workers[0].exit = exit
        workers[0].exitedAt = exitAt
        workers[0].exitExpected = true
    }
}

extension ReloadRecord {
    static func queued(
        _ id: String, mode: Mode = .soft,
        trigger: Trigger = Trigger(source: .api, principal: "uid:0")
    ) -> ReloadRecord {
        ReloadRecord(
            id: id, mode: mode, trigger: trigger, fromGeneration: 13, createdAt: .example())
    }

    mutating func succeed() {
        status = .succeeded
        revision = 43
        toGeneration = 14
        finishedAt = .example(641)
        durationMilliseconds = 641
        steps = [Step(name: .validate, status: .succeeded, startedAt: .example(), milliseconds: 21)]
    }

    mutating func fail(_ failure: ReloadFailure, at step: StepName = .validate) {
        status = .failed
        finishedAt = .example(21)
        durationMilliseconds = 21
        steps = [Step(name: step, status: .failed, startedAt: .example(), milliseconds: 21)]
        self.failure = failure
    }
}

extension MasterSnapshot {
    /// Generation 13 serves revision 42, 12 leaves, 7 is gone.
    static func serving() -> MasterSnapshot {
        var snapshot = MasterSnapshot.empty
        snapshot.generations = [
            .example(13, .serving), .example(12, .leaving, revision: 41, reloads: 3),
            .example(7, .exited, revision: 33, reloads: 6),
        ]
        snapshot.serving = 13
        snapshot.desiredRevision = 42
        snapshot.appliedRevision = 42
        snapshot.maxReloads = 5
        return snapshot
    }

    static var empty: MasterSnapshot {
        let now = Moment(instant: .now(), wall: .now())
        return MasterSnapshot(
            sequence: 1, instanceID: "01JD5H", version: "1.4.0", startedAt: .example(),
            takenAt: now, generations: [], reloads: [],
            collections: CollectionSequences(startedAt: .example()), serving: nil,
            desiredRevision: nil,
            appliedRevision: nil, maxReloads: nil, counters: MasterCounters(), workers: [:],
            totals: [:], listeners: [], problems: [], shuttingDown: false,
            loopTick: .distantFuture)
    }
}

extension MasterEvent {
    static let example: MasterEvent = {
        var ring = EventRing(firstSequence: 4182)
        ring.append(.generationSigterm, at: .example(), ["generation": 7, "reason": "a\nb"])
        return ring.events(after: 4181, atMost: 1).events[0]
    }()
}
