// What the master remembers over its own death: the generation counter, revisions, reload records,
// what operators said of servers, live workers, and who it is. Owns `state.db` in the state
// directory; refuses a file of a newer version. Every call is one durable transaction and may wait
// for the disk, so the master calls from its store queue, never from its loop.

public import Clock
internal import ConfigurationLanguage
internal import Foundation
internal import GRDB
public import Supervisor
internal import Synchronization

/// The state directory's database. Calls are serialised inside; any thread.
///
/// The directory must be locked by its one master (`StateDirectory` of the module Master).
public final class Store: Sendable {
    /// Names this installation, random, made once with the database.
    public let instanceID: String
    /// What was found and repaired when it was opened, for the operator; empty as a rule.
    public let findings: [StoreFinding]

    let database: DatabaseQueue
    private let mark: GenerationMark
    /// Calls wait for each other here, the closing one too.
    private let turn = NSLock()
    private let isClosed = Mutex(false)
    struct LatestRevision {
        var number: Int
        var sha256: String
        /// Of what its references stood for; nil without any, and for one of an earlier life.
        var valueDigest: String?
    }
    /// Known without asking the disk, since most reloads find their text unchanged.
    private let latestRevision: Mutex<LatestRevision?>

    /// Opens the database of a directory, makes it, or brings an older one up to date.
    ///
    /// A damaged file is renamed aside and reported in `findings`; what it still tells goes on, the
    /// generation counter from the highest number still known.
    public static func open(directory: String) throws(StoreError) -> Store {
        try StoreOpening(directory: directory).open()
    }

    init(
        database: DatabaseQueue, instanceID: String, findings: [StoreFinding],
        mark: GenerationMark, latestRevision: LatestRevision?
    ) {
        self.database = database
        self.instanceID = instanceID
        self.findings = findings
        self.mark = mark
        self.latestRevision = Mutex(latestRevision)
    }

    /// What a number of ours can be; another is damage. Far from where sums overflow.
    static let numbers = 0...(1 << 40)

    // MARK: The generation counter

    /// The highest number that may have been given, 0 before the first.
    public func lastGeneration() throws(StoreError) -> Int {
        try read { database in
            try Int.fetchOne(database, sql: "SELECT value FROM counter WHERE name = 'generation'")
                ?? 0
        }
    }

    /// Makes all numbers up to this one count as given, before any of them is: a caller that
    /// reserves ahead waits for no disk when it needs one. A lower number changes nothing.
    public func reserveGenerations(through generation: Int) throws(StoreError) {
        mark.write(try setGeneration(generation, with: "max(value, excluded.value)"))
    }

    /// Gives back what was reserved and not used, at an orderly end: the next life goes on from
    /// here without a gap.
    public func returnGenerations(after generation: Int) throws(StoreError) {
        // The mark first: one above the counter says that the counter's file is an old one.
        guard mark.write(min(try lastGeneration(), generation)) else {
            throw .failed("the generation mark cannot be written")
        }
        _ = try setGeneration(generation, with: "min(value, excluded.value)")
    }

    private func setGeneration(_ generation: Int, with rule: String) throws(StoreError) -> Int {
        let value = try write { database in
            try Int.fetchOne(
                database,
                sql: """
                    INSERT INTO counter (name, value) VALUES ('generation', ?)
                    ON CONFLICT (name) DO UPDATE SET value = \(rule) RETURNING value
                    """, arguments: [generation])
        }
        return value ?? generation
    }

    // MARK: Revisions

    /// How many revisions are kept, the newest ones.
    public static let revisionCountMax = 50

    /// Stores a valid configuration and returns its number. The text of the latest revision again
    /// gets that revision's number, and its origin stays, unless its references stand for something
    /// else now: what runs under a number must not change. Digests of values are not stored.
    public func addRevision(
        sha256: String, text: [UInt8], sourceName: String, valueDigest: String? = nil,
        origin: RevisionOrigin? = nil,
        at time: WallTime
    ) throws(StoreError) -> Int {
        let known = latestRevision.withLock { latest -> Int? in
            guard let revision = latest, revision.sha256 == sha256 else { return nil }
            if revision.valueDigest == nil { latest?.valueDigest = valueDigest }
            return latest?.valueDigest == valueDigest ? revision.number : nil
        }
        if let known { return known }
        let number = try write { database in
            try database.execute(
                sql: """
                    INSERT INTO revision
                        (sha256, text, source_name, created_at, is_good, reload, principal, reason)
                    VALUES (?, ?, ?, ?, 0, ?, ?, ?)
                    """,
                arguments: [
                    sha256, Data(text), sourceName, time.milliseconds, origin?.reload,
                    origin?.principal, origin?.reason,
                ])
            let number = Int(database.lastInsertedRowID)
            try Self.forgetOldRevisions(in: database)
            return number
        }
        latestRevision.withLock {
            $0 = LatestRevision(number: number, sha256: sha256, valueDigest: valueDigest)
        }
        return number
    }

    /// The last good one is what a crash loop goes back to: it stays, however old.
    private static func forgetOldRevisions(in database: Database) throws {
        try database.execute(
            sql: """
                DELETE FROM revision
                WHERE number <= (SELECT max(number) FROM revision) - \(revisionCountMax)
                    AND number IS NOT (SELECT max(number) FROM revision WHERE is_good)
                """)
    }

    /// Remembers that a generation of this revision served.
    public func markGood(revision: Int) throws(StoreError) {
        try write { try Self.markGood(revision, in: $0) }
    }

    private static func markGood(_ revision: Int, in database: Database) throws {
        try database.execute(
            sql: "UPDATE revision SET is_good = 1 WHERE number = ?", arguments: [revision])
    }

    /// One revision with its text; nil if it was never there or is no longer kept. A text that is
    /// not what was stored is an error.
    public func revision(_ number: Int) throws(StoreError) -> StoredRevision? {
        let stored = try read { database in
            try Row.fetchOne(
                database, sql: "SELECT * FROM revision WHERE number = ?", arguments: [number]
            ).map(StoredRevision.init(row:))
        }
        if let stored, ConfigurationText(bytes: stored.text).sha256 != stored.sha256 {
            throw .failed("revision \(number) is damaged on disk")
        }
        return stored
    }

    /// Those that are kept, newest first, without their texts.
    public func revisions() throws(StoreError) -> [RevisionSummary] {
        try read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT number, sha256, length(text) AS byte_count, source_name, created_at,
                        is_good, reload, principal, reason
                    FROM revision ORDER BY number DESC
                    """
            ).map(RevisionSummary.init(row:))
        }
    }

    /// Those of which a generation served, newest first.
    public func goodRevisions() throws(StoreError) -> [Int] {
        try read { database in
            try Int.fetchAll(
                database, sql: "SELECT number FROM revision WHERE is_good ORDER BY number DESC")
        }
    }

    // MARK: Reload records

    /// How many reload records are kept, the newest ones.
    public static let reloadCountMax = 200

    /// Stores a record, or replaces the one with its id. The revision of one that succeeded is good
    /// from then on. With a key, remembers in the same moment that the key is taken.
    public func save(
        _ reload: ReloadRecord, key: IdempotencyKey? = nil
    ) throws(StoreError) {
        let payload = try StoredReload(reload).encoded()
        try write { database in
            try Self.save(reload, payload, in: database)
            if reload.status == .succeeded, let revision = reload.revision {
                try Self.markGood(revision, in: database)
            }
            if let key { try Self.take(key, for: reload, in: database) }
        }
    }

    private static func save(
        _ reload: ReloadRecord, _ payload: [UInt8], in database: Database
    ) throws {
        try database.execute(
            sql: """
                INSERT INTO reload (id, created_at, payload) VALUES (?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET payload = excluded.payload
                """, arguments: [reload.id, reload.createdAt.milliseconds, Data(payload)])
        try forgetOldReloads(in: database)
    }

    private static func forgetOldReloads(in database: Database) throws {
        try database.execute(
            sql: """
                DELETE FROM reload WHERE sequence <=
                    (SELECT max(sequence) FROM reload) - \(reloadCountMax)
                """)
    }

    /// Leaves of everything what is kept of it.
    static func forgetOld(in database: Database) throws {
        try forgetOldRevisions(in: database)
        try forgetOldReloads(in: database)
        try forgetOldKeys(in: database)
        try forgetOldAudit(in: database)
        try forgetEmptyOverrides(in: database)
    }

    /// Ends what an earlier life did not: a reload that was not over when its master died is FAILED
    /// with `master-restarted`. All records then, newest first.
    public func endInterrupted(at now: WallTime) throws(StoreError) -> [ReloadRecord] {
        let records = try reloads().map { $0.interrupted(at: now) }
        let ended = records.filter { $0.failure == .masterRestarted && $0.finishedAt == now }
        if ended.isEmpty { return records }
        let payloads = try ended.map { record throws(StoreError) in
            (record, try StoredReload(record).encoded())
        }
        try write { database in
            for (record, payload) in payloads { try Self.save(record, payload, in: database) }
        }
        return records
    }

    /// Newest first. A record that this version cannot read is left out.
    public func reloads() throws(StoreError) -> [ReloadRecord] {
        let payloads = try read { database in
            try Data.fetchAll(database, sql: "SELECT payload FROM reload ORDER BY sequence DESC")
        }
        return payloads.compactMap { StoredReload.decode(Array($0))?.record }
    }

    // MARK: Live workers

    /// Remembers a worker that was just spawned, so that a later master can tell it from another
    /// process with its number.
    public func add(_ worker: LiveWorker) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: """
                    INSERT OR REPLACE INTO worker (generation, place, pid, start_ticks, boot_id)
                    VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [
                    worker.id.generation, worker.id.index, worker.pid, worker.startTicks,
                    worker.bootID,
                ])
        }
    }

    /// Forgets a worker that was reaped.
    public func remove(_ worker: WorkerID) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: "DELETE FROM worker WHERE generation = ? AND place = ?",
                arguments: [worker.generation, worker.index])
        }
    }

    /// The workers that no master has reaped, by generation and place.
    public func liveWorkers() throws(StoreError) -> [LiveWorker] {
        try read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM worker ORDER BY generation, place")
                .map(LiveWorker.init(row:))
        }
    }

    /// Closes the file; every later call fails.
    public func close() throws(StoreError) {
        do {
            try turn.withLock {
                isClosed.withLock { $0 = true }
                try database.close()
            }
        } catch {
            throw StoreError(error)
        }
    }

    func read<Value>(
        _ body: (Database) throws -> Value
    ) throws(StoreError) -> Value {
        do { return try whileOpen { try database.read(body) } } catch { throw StoreError(error) }
    }

    func write<Value>(
        _ body: (Database) throws -> Value
    ) throws(StoreError) -> Value {
        do { return try whileOpen { try database.write(body) } } catch { throw StoreError(error) }
    }

    /// A closed connection is not to be touched: SQLite would do so through a null pointer.
    private func whileOpen<Value>(_ body: () throws -> Value) throws -> Value {
        try turn.withLock {
            if isClosed.withLock({ $0 }) { throw StoreError.failed("closed") }
            return try body()
        }
    }
}
