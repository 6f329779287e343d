// The master for everybody else: the API, the command line. Owns nothing, decides nothing; wishes
// go through the mailbox of the loop, facts come from its board. Any thread or task.

internal import Clock
public import Store
public import Supervisor
internal import Synchronization

/// Why a wish could not be given to the master.
public enum MasterError: Error, Sendable, Equatable {
    /// The loop has ended, or ends now.
    case stopped
    /// Nothing happened; there is no record.
    case rejected(ReloadRejection)
    /// The disk did not take it in time; whether it happens is not known.
    case notRecorded
    /// The state database cannot be read or written.
    case storeFailed(String)
    /// An access log could not be opened anew; the others were.
    case logFailed(String)
}

/// A master's outside. Copies of it are the same master.
public final class MasterHandle: Sendable {
    private let mailbox: Mailbox
    private let board: MasterBoard
    private let traffic: TrafficTable
    private let records: RecordKeeper
    private let overrides: OverrideKeeper
    /// Questions about configurations go here.
    public let configurations: ConfigurationDesk
    private let trail: AuditTrail

    init(
        mailbox: Mailbox, board: MasterBoard, disk: DiskWork, traffic: TrafficTable,
        configurations: ConfigurationDesk, trail: AuditTrail
    ) {
        self.mailbox = mailbox
        self.board = board
        self.traffic = traffic
        records = disk.records
        overrides = disk.overrides
        self.configurations = configurations
        self.trail = trail
    }

    /// What is so now; reads the gauges of the live workers.
    public func snapshot() -> MasterSnapshot { board.snapshot() }

    /// Waits until something visible happened after `sequence`, at most for `deadline`, and tells
    /// what is so then. Returns early when the task is cancelled.
    public func waitForChange(
        after sequence: UInt64, until deadline: Duration
    ) async -> MasterSnapshot {
        await board.waitForChange(after: sequence, atMost: deadline)
        return board.snapshot()
    }

    /// Asks for a reload and returns its record as soon as that is durable: usually QUEUED or
    /// RUNNING, but FAILED already where the master is stopping or the disk did not take it.
    /// Throws `MasterError.rejected` if it was not taken at all.
    public func requestReload(
        mode: ReloadRecord.Mode, trigger: ReloadRecord.Trigger,
        options: ReloadOptions = ReloadOptions(), key: IdempotencyKey? = nil
    ) async throws -> ReloadRecord {
        let id = Identifier.makeReload()
        let wish = Mailbox.ReloadWish(mode: mode, trigger: trigger, options: options, key: key)
        return try await withCheckedThrowingContinuation { continuation in
            let isTaken = mailbox.post(.reload(id: id, wish, reply: continuation))
            if !isTaken { continuation.resume(throwing: MasterError.stopped) }
        }
    }

    /// What is known of an idempotency key; nil: it is new. Throws `MasterError.storeFailed`.
    public func known(_ key: IdempotencyKey) async throws -> KnownIdempotencyKey? {
        do {
            return try await records.read { try $0.known(key, at: .now()) }
        } catch {
            throw MasterError.storeFailed("\(error)")
        }
    }

    /// Keeps what was answered to a request with that key. Throws `MasterError.storeFailed`.
    public func keep(
        _ answer: KnownIdempotencyKey.Answer, for key: IdempotencyKey
    ) async throws {
        do {
            try await records.read { try $0.keep(answer, for: key) }
        } catch {
            throw MasterError.storeFailed("\(error)")
        }
    }

    /// Cancels a reload that has not switched yet; otherwise nothing happens.
    public func cancelReload(id: String) async { mailbox.post(.cancelReload(id: id)) }

    /// SIGTERM to a generation that is not serving; otherwise nothing happens.
    public func terminate(generation: Int) async {
        mailbox.post(.terminate(generation: generation))
    }

    /// Opens the access logs of all generations anew and sends them to their workers: for who has
    /// renamed the files. Throws `MasterError.logFailed` if one of them could not be opened.
    public func reopenLogs() async throws -> LogReopening {
        try await withCheckedThrowingContinuation { continuation in
            let isTaken = mailbox.post(.reopenLogs(continuation))
            if !isTaken { continuation.resume(throwing: MasterError.stopped) }
        }
    }

    /// Ends the master: gracefully when every generation has drained, else at once.
    public func stop(graceful: Bool) async { mailbox.post(.stop(graceful: graceful)) }

    /// The last lines that the generation's workers wrote to standard error, oldest first within
    /// one worker. Empty if there are none, or no longer.
    public func logTail(generation: Int) -> [String] { board.logTail(generation: generation) }

    /// Totals of the frontends, backends and servers that live generations have, in no order.
    /// They never go down while the master lives.
    public func trafficTotals() -> [NamedTraffic] { traffic.totals() }

    /// The backends of the generation that serves, in order of their names; nil: none serves.
    public func backends() -> [BackendView]? {
        board.serving.map { traffic.backends(of: $0, now: .now()) }
    }

    /// The frontends of the generation that serves, in order of their names; nil: none serves.
    public func frontends() -> [FrontendView]? { board.serving.map(traffic.frontends) }

    /// The servers of all generations that may have a worker: of two with the same name, as the
    /// newer one has it.
    public func servers() -> [ServerView] { traffic.servers(now: .now()) }

    /// Changes a server at run time. It is on the disk and in the shared state when this returns;
    /// workers act on it within milliseconds. Throws `MasterError.storeFailed`, and nothing has
    /// happened, or `notRecorded`.
    public func change(_ wish: ServerWish) async throws -> ServerWishOutcome {
        try await overrides.change(wish)
    }

    /// Ends sessions and tells how many. Returns within little more than a second. Throws
    /// `MasterError.stopped`.
    public func endSessions(_ wish: SessionWish) async throws -> SessionCount {
        try await withCheckedThrowingContinuation { continuation in
            let isTaken = mailbox.post(.endSessions(wish, reply: continuation))
            if !isTaken { continuation.resume(throwing: MasterError.stopped) }
        }
    }

    /// The sequence of the last event; who wants only what is to come reads after it.
    public var lastEvent: UInt64 { board.lastEvent }

    /// Events after a position, oldest first, at most `count` of them. Waits for the first one at
    /// most for `limit`, and less when the task is cancelled or something else happens.
    public func events(
        after position: UInt64, atMost count: Int, waiting limit: Duration
    ) async -> MasterEvents {
        // Read first: an event that comes in between has a snapshot that is newer.
        let sequence = board.sequence
        let known = board.events(after: position, atMost: count)
        if !known.events.isEmpty || known.hasGap || limit <= .zero { return known }
        await board.waitForChange(after: sequence, atMost: limit)
        return board.events(after: position, atMost: count)
    }

    /// Makes an event of it.
    public func tell(_ notice: ExpiryNotice) { board.tell(notice, at: .now()) }

    /// Writes a line of the audit about a change. Returns when it is on the disk; a disk that takes
    /// longer than a few seconds is not waited for, and one that fails is told in the log.
    public func record(change line: StoredAudit) async { await trail.record(change: line) }

    /// Writes a line of the audit about a refusal, some time. A flood of them is cut and counted.
    public func record(refusal line: StoredAudit) { trail.record(refusal: line) }

    /// Lines of the audit, newest first; throws `StoreError`.
    public func audit(_ filter: AuditFilter) async throws -> [StoredAudit] {
        try await trail.lines(filter)
    }
}
