// A master that does what a test says, behind the API's port.

import Clock
import JSON
import Store
import Supervisor
import Synchronization

@testable import AdminAPI
@testable import Master

final class ScriptedMaster: ControlPort {
    private struct State {
        var snapshot: MasterSnapshot
        var terminated: [Int] = []
        var cancelled: [String] = []
        var triggers: [ReloadRecord.Trigger] = []
        var modes: [ReloadRecord.Mode] = []
        var options: [ReloadOptions] = []
        var rejection: ReloadRejection?
        var keys: [String: KnownIdempotencyKey] = [:]
        var isStopped = false
        /// What becomes of a reload at once when it is asked for.
        var outcome: (@Sendable (inout ReloadRecord) -> Void)?
        var ring = EventRing(firstSequence: 100)
        var logTails: [Int: [String]] = [:]
        var traffic: [NamedTraffic] = []
        var backends: [BackendView]? = [.example]
        var frontends: [FrontendView] = []
        var audit: [StoredAudit] = []
        var wishes: [ServerWish] = []
        var wishOutcome = ServerWishOutcome.done
        var wishFailure: MasterError?
        var endings: [SessionWish] = []
        var sessionCount = SessionCount()
        var notices: [ExpiryNotice] = []
        var logFailure: String?
        var logReopenings = 0
    }
    private let state: Mutex<State>
    let desk = ScriptedDesk()
    var configurationPort: any ConfigurationPort { desk }

    init(_ snapshot: MasterSnapshot = .serving()) {
        state = Mutex(State(snapshot: snapshot))
    }

    // MARK: The test's side

    func change(_ body: (inout MasterSnapshot) -> Void) {
        state.withLock { state in
            body(&state.snapshot)
            state.snapshot.sequence += 1
        }
    }

    /// Every reload from now on ends so, immediately.
    func script(_ outcome: @escaping @Sendable (inout ReloadRecord) -> Void) {
        state.withLock { $0.outcome = outcome }
    }

    func emit(_ kind: MasterEvent.Kind, count: Int = 1, padding: Int = 0) {
        let text = String(repeating: "x", count: padding)
        state.withLock { state in
            for _ in 0..<count { state.ring.append(kind, at: .example(), ["text": .string(text)]) }
        }
    }

    func say(_ lines: [String], generation: Int) {
        state.withLock { $0.logTails[generation] = lines }
    }

    /// Nil: none serves.
    func have(_ backends: [BackendView]?) { state.withLock { $0.backends = backends } }

    func have(frontends: [FrontendView]) { state.withLock { $0.frontends = frontends } }

    /// What becomes of changes of servers, and of ended sessions, from now on.
    func answer(_ outcome: ServerWishOutcome) { state.withLock { $0.wishOutcome = outcome } }
    func failChanges(_ why: MasterError) { state.withLock { $0.wishFailure = why } }
    func answer(_ count: SessionCount) { state.withLock { $0.sessionCount = count } }
    var wishes: [ServerWish] { state.withLock { $0.wishes } }
    var endings: [SessionWish] { state.withLock { $0.endings } }

    func carry(_ traffic: [NamedTraffic]) { state.withLock { $0.traffic = traffic } }
    /// Every reload from now on is refused; nil: no longer.
    func reject(_ rejection: ReloadRejection?) { state.withLock { $0.rejection = rejection } }

    /// As if the master had died before it answered.
    func forgetAnswers() {
        state.withLock { state in
            for key in state.keys.keys { state.keys[key]?.answer = nil }
        }
    }

    var options: [ReloadOptions] { state.withLock { $0.options } }

    /// No log can be opened from now on.
    func failLogs(_ why: String) { state.withLock { $0.logFailure = why } }
    var logReopenings: Int { state.withLock { $0.logReopenings } }

    func stop() { state.withLock { $0.isStopped = true } }

    var terminated: [Int] { state.withLock { $0.terminated } }
    var cancelled: [String] { state.withLock { $0.cancelled } }
    var triggers: [ReloadRecord.Trigger] { state.withLock { $0.triggers } }
    var modes: [ReloadRecord.Mode] { state.withLock { $0.modes } }

    var notices: [ExpiryNotice] { state.withLock { $0.notices } }

    // MARK: The port

    func tell(_ notice: ExpiryNotice) { state.withLock { $0.notices.append(notice) } }

    func reopenLogs() async throws -> LogReopening {
        try state.withLock { state in
            if state.isStopped { throw MasterError.stopped }
            if let failure = state.logFailure { throw MasterError.logFailed(failure) }
            state.logReopenings += 1
            return LogReopening(destinations: ["/var/log/apus/access.log"], workers: 2)
        }
    }

    func trafficTotals() -> [NamedTraffic] { state.withLock { $0.traffic } }

    func backends() -> [BackendView]? { state.withLock { $0.backends } }

    func frontends() -> [FrontendView]? {
        state.withLock { $0.backends == nil ? nil : $0.frontends }
    }

    func servers() -> [ServerView] { (backends() ?? []).flatMap(\.servers) }

    func change(_ wish: ServerWish) async throws -> ServerWishOutcome {
        try state.withLock { state in
            state.wishes.append(wish)
            if let failure = state.wishFailure { throw failure }
            return state.wishOutcome
        }
    }

    func endSessions(_ wish: SessionWish) async throws -> SessionCount {
        try state.withLock { state in
            if state.isStopped { throw MasterError.stopped }
            state.endings.append(wish)
            return state.sessionCount
        }
    }

    func snapshot() -> MasterSnapshot { state.withLock { $0.snapshot } }

    func waitForChange(
        after sequence: UInt64, until deadline: Duration
    ) async -> MasterSnapshot {
        let end = Instant.now() + deadline
        while snapshot().sequence <= sequence, Instant.now() < end {
            try? await Task.sleep(for: .milliseconds(2))
        }
        return snapshot()
    }

    func requestReload(
        mode: ReloadRecord.Mode, trigger: ReloadRecord.Trigger, options: ReloadOptions,
        key: IdempotencyKey?
    ) async throws -> ReloadRecord {
        try state.withLock { state in
            if state.isStopped { throw MasterError.stopped }
            if let rejection = state.rejection { throw MasterError.rejected(rejection) }
            state.triggers.append(trigger)
            state.modes.append(mode)
            state.options.append(options)
            if let key {
                state.keys[key.key] = KnownIdempotencyKey(
                    digest: key.digest, reload: "rl_\(state.snapshot.reloads.count + 1)")
            }
            let number = state.snapshot.reloads.count + 1
            var record = ReloadRecord.queued("rl_\(number)", mode: mode, trigger: trigger)
            state.outcome?(&record)
            state.snapshot.reloads.insert(record, at: 0)
            state.snapshot.sequence += 1
            return record
        }
    }

    func known(_ key: IdempotencyKey) async throws -> KnownIdempotencyKey? {
        state.withLock { $0.keys[key.key] }
    }

    func keep(_ answer: KnownIdempotencyKey.Answer, for key: IdempotencyKey) async throws {
        state.withLock { $0.keys[key.key]?.answer = answer }
    }

    func cancelReload(id: String) async {
        state.withLock { $0.cancelled.append(id) }
        change { snapshot in
            for index in snapshot.reloads.indices where snapshot.reloads[index].id == id {
                snapshot.reloads[index].status = .cancelled
            }
        }
    }

    func terminate(generation: Int) async {
        state.withLock { $0.terminated.append(generation) }
        change { snapshot in
            for index in snapshot.generations.indices
            where snapshot.generations[index].generation == generation {
                snapshot.generations[index].sigtermSent = true
                snapshot.generations[index].sigtermReason = .api
            }
        }
    }

    var lastEvent: UInt64 { state.withLock { $0.ring.lastSequence } }

    func events(
        after position: UInt64, atMost count: Int, waiting limit: Duration
    ) async -> MasterEvents {
        let end = Instant.now() + limit
        while true {
            let events = state.withLock { $0.ring.events(after: position, atMost: count) }
            if !events.events.isEmpty || events.hasGap || Instant.now() >= end { return events }
            try? await Task.sleep(for: .milliseconds(2))
        }
    }

    func logTail(generation: Int) -> [String] { state.withLock { $0.logTails[generation] ?? [] } }

    func record(change line: StoredAudit) async { record(refusal: line) }

    func record(refusal line: StoredAudit) {
        state.withLock { state in
            var line = line
            line.sequence = state.audit.count + 1
            state.audit.append(line)
        }
    }

    func audit(_ filter: AuditFilter) async throws -> [StoredAudit] {
        let lines = state.withLock { $0.audit }.reversed().filter { line in
            line.sequence < filter.before ?? .max && line.sequence > filter.after ?? 0
                && line.principal == filter.principal ?? line.principal
                && line.outcome == filter.outcome ?? line.outcome
                && line.time >= filter.since ?? line.time
        }
        return Array(lines.prefix(filter.countMax))
    }
}
