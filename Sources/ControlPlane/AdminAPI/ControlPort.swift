// What the admin API may ask of the master, and nothing more. The API runs on its server's threads
// and never touches the master's state: it reads published snapshots and posts requests.
// Counterparts: `MasterHandle` carries it out, tests script it.

public import Master
public import Store
public import Supervisor

/// The master as the API sees it. All methods may be called from any thread.
public protocol ControlPort: Sendable {
    /// The newest published state; never blocks on the master.
    func snapshot() -> MasterSnapshot

    /// The first snapshot newer than `sequence`, or the newest one after `deadline`, which is a
    /// time to wait from now on.
    func waitForChange(after sequence: UInt64, until deadline: Duration) async -> MasterSnapshot

    /// Queues a reload; its record is durable when this returns, or FAILED. Throws `MasterError`
    /// when it is not taken.
    func requestReload(
        mode: ReloadRecord.Mode, trigger: ReloadRecord.Trigger, options: ReloadOptions,
        key: IdempotencyKey?
    ) async throws -> ReloadRecord

    /// What is known of an idempotency key; nil: it is new. Throws `MasterError.storeFailed`.
    func known(_ key: IdempotencyKey) async throws -> KnownIdempotencyKey?

    /// Keeps what was answered to a request with that key. Throws `MasterError.storeFailed`.
    func keep(_ answer: KnownIdempotencyKey.Answer, for key: IdempotencyKey) async throws

    /// Cancels a reload that is queued or did not reach SWITCH; otherwise nothing happens.
    func cancelReload(id: String) async

    /// SIGTERM to all workers of a generation that does not serve; otherwise nothing happens.
    func terminate(generation: Int) async

    /// Opens the access logs of all generations anew. Throws `MasterError.logFailed` if one of them
    /// could not be opened; the others were.
    func reopenLogs() async throws -> LogReopening

    /// Totals of the frontends, backends and servers that live generations have, in no order.
    func trafficTotals() -> [NamedTraffic]

    /// The backends of the generation that serves, in order of their names; nil: none serves.
    func backends() -> [BackendView]?

    /// The frontends of the generation that serves, in order of their names; nil: none serves.
    func frontends() -> [FrontendView]?

    /// The servers of all generations that may have a worker, each once.
    func servers() -> [ServerView]

    /// Changes a server at run time; durable and done when this returns. Throws
    /// `MasterError.storeFailed` if nothing has happened, `notRecorded` if that is not known.
    func change(_ wish: ServerWish) async throws -> ServerWishOutcome

    /// Ends sessions and tells how many; takes little more than a second. Throws
    /// `MasterError.stopped`.
    func endSessions(_ wish: SessionWish) async throws -> SessionCount

    /// The sequence of the last event; who wants only what is to come reads after it.
    var lastEvent: UInt64 { get }

    /// Events after a position, oldest first, at most `count` of them. Waits for the first one at
    /// most for `limit`, and may return without one before.
    func events(
        after position: UInt64, atMost count: Int, waiting limit: Duration
    ) async -> MasterEvents

    /// Tells those who watch events; never blocks on the master.
    func tell(_ notice: ExpiryNotice)

    /// The last lines that a generation's workers wrote to standard error, oldest first.
    func logTail(generation: Int) -> [String]

    /// Writes a line of the audit about a change; returns when it is on the disk, or the disk is too
    /// slow to be waited for.
    func record(change line: StoredAudit) async

    /// Writes a line of the audit about a refusal, some time.
    func record(refusal line: StoredAudit)

    /// Lines of the audit, newest first.
    func audit(_ filter: AuditFilter) async throws -> [StoredAudit]

    /// Questions about configurations.
    var configurationPort: any ConfigurationPort { get }
}
