public import Clock
internal import Foundation
internal import GRDB

/// One line of the audit: what the API was asked to change, or refused.
public struct StoredAudit: Equatable, Sendable {
    /// 1…, ascending, never given twice; 0 before it is stored.
    public var sequence: Int
    public var time: WallTime
    /// Who asked, for filters.
    public var principal: String
    /// What became of it, for filters.
    public var outcome: String
    /// Everything as JSON, without the sequence. The store does not look into it.
    public var payload: [UInt8]

    public init(
        sequence: Int = 0, time: WallTime, principal: String, outcome: String, payload: [UInt8]
    ) {
        self.sequence = sequence
        self.time = time
        self.principal = principal
        self.outcome = outcome
        self.payload = payload
    }

    init(row: Row) {
        let data: Data = row["payload"]
        sequence = row["sequence"]
        time = WallTime(milliseconds: row["time"])
        principal = row["principal"]
        outcome = row["outcome"]
        payload = Array(data)
    }
}

/// Which lines of the audit.
public struct AuditFilter: Sendable, Equatable {
    /// Only older ones than this sequence.
    public var before: Int?
    /// Only newer ones than this sequence.
    public var after: Int?
    /// Not from before this moment.
    public var since: WallTime?
    public var principal: String?
    public var outcome: String?
    /// At most so many.
    public var countMax: Int

    public init(
        before: Int? = nil, after: Int? = nil, since: WallTime? = nil, principal: String? = nil,
        outcome: String? = nil, countMax: Int = 100
    ) {
        self.before = before
        self.after = after
        self.since = since
        self.principal = principal
        self.outcome = outcome
        self.countMax = countMax
    }
}

extension Store {
    /// How many lines of the audit are kept, the newest ones.
    public static let auditCountMax = 10_000

    /// Stores lines in their order, all or none.
    public func add(_ lines: [StoredAudit]) throws(StoreError) {
        try write { database in
            for line in lines {
                try database.execute(
                    sql: """
                        INSERT INTO audit (time, principal, outcome, payload) VALUES (?, ?, ?, ?)
                        """,
                    arguments: [
                        line.time.milliseconds, line.principal, line.outcome, Data(line.payload),
                    ])
            }
            try Self.forgetOldAudit(in: database)
        }
    }

    static func forgetOldAudit(in database: Database) throws {
        try database.execute(
            sql: """
                DELETE FROM audit WHERE sequence <=
                    (SELECT max(sequence) FROM audit) - \(auditCountMax)
                """)
    }

    /// Newest first.
    public func audit(_ filter: AuditFilter) throws(StoreError) -> [StoredAudit] {
        try read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM audit WHERE sequence < ? AND sequence > ? AND time >= ?
                        AND (? IS NULL OR principal = ?) AND (? IS NULL OR outcome = ?)
                    ORDER BY sequence DESC LIMIT ?
                    """,
                arguments: [
                    filter.before ?? .max, filter.after ?? 0, filter.since?.milliseconds ?? .min,
                    filter.principal, filter.principal, filter.outcome, filter.outcome,
                    filter.countMax,
                ]
            ).map(StoredAudit.init(row:))
        }
    }
}
