// What makes a repeated request the same one: its sender's key and what it asked for. Kept with the
// reload that it led to, so that neither is there without the other.

public import Clock
internal import Foundation
internal import GRDB
internal import Supervisor

/// `Idempotency-Key` of one request.
public struct IdempotencyKey: Sendable, Hashable {
    /// Who sent it: `uid:0`.
    public var principal: String
    /// 1 to 255 visible ASCII characters.
    public var key: String
    /// SHA-256 of what was asked for.
    public var digest: String

    public init(principal: String, key: String, digest: String) {
        self.principal = principal
        self.key = key
        self.digest = digest
    }
}

/// What is known of a key that was used.
public struct KnownIdempotencyKey: Sendable, Equatable {
    public struct Answer: Sendable, Equatable {
        public var status: Int
        public var body: [UInt8]

        public init(status: Int, body: [UInt8]) {
            self.status = status
            self.body = body
        }
    }

    public var digest: String
    public var reload: String
    /// Nil: it was not answered, or the answer was too large to be kept.
    public var answer: Answer?

    public init(digest: String, reload: String, answer: Answer? = nil) {
        self.digest = digest
        self.reload = reload
        self.answer = answer
    }
}

extension Store {
    /// How long a key is remembered.
    public static let idempotencyAgeMax: Duration = .seconds(24 * 3600)
    /// How many are remembered, the newest ones.
    public static let idempotencyCountMax = 10_000
    /// A larger answer is made anew from the record.
    static let idempotencyBodyBytesMax = 64 << 10

    /// Nil if the key was not used by that principal, or so long ago that it counts as new.
    public func known(
        _ key: IdempotencyKey, at now: WallTime
    ) throws(StoreError) -> KnownIdempotencyKey? {
        let oldest = Self.oldest(at: now)
        return try read { database in
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT * FROM idempotency WHERE principal = ? AND key = ? AND created_at > ?
                    """, arguments: [key.principal, key.key, oldest])
            guard let row else { return nil }
            let status: Int? = row["status"]
            let body: Data? = row["body"]
            return KnownIdempotencyKey(
                digest: row["digest"], reload: row["reload"],
                answer: status.flatMap { status in
                    body.map { .init(status: status, body: Array($0)) }
                })
        }
    }

    /// Keeps what was answered, to be answered again.
    public func keep(
        _ answer: KnownIdempotencyKey.Answer, for key: IdempotencyKey
    ) throws(StoreError) {
        let body = answer.body.count <= Self.idempotencyBodyBytesMax ? Data(answer.body) : nil
        try write { database in
            try database.execute(
                sql: "UPDATE idempotency SET status = ?, body = ? WHERE principal = ? AND key = ?",
                arguments: [answer.status, body, key.principal, key.key])
        }
    }

    /// Within the transaction that stores the record.
    static func take(
        _ key: IdempotencyKey, for reload: ReloadRecord, in database: Database
    ) throws {
        try database.execute(
            sql: "DELETE FROM idempotency WHERE created_at <= ?",
            arguments: [oldest(at: reload.createdAt)])
        try database.execute(
            sql: """
                INSERT INTO idempotency (principal, key, digest, created_at, reload)
                VALUES (?, ?, ?, ?, ?)
                """,
            arguments: [
                key.principal, key.key, key.digest, reload.createdAt.milliseconds, reload.id,
            ])
        try forgetOldKeys(in: database)
    }

    static func forgetOldKeys(in database: Database) throws {
        try database.execute(
            sql: """
                DELETE FROM idempotency WHERE sequence <=
                    (SELECT max(sequence) FROM idempotency) - \(idempotencyCountMax)
                """)
    }

    private static func oldest(at now: WallTime) -> Int64 {
        now.milliseconds - Int64(idempotencyAgeMax / .milliseconds(1))
    }
}
