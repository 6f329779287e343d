// What there is to know of a revision besides its text.

public import Clock
internal import GRDB

/// Who brought a revision, and why.
public struct RevisionOrigin: Equatable, Sendable {
    /// The id of the reload that found it.
    public var reload: String
    /// Of that reload: `uid:0`, `signal:HUP`, `master`.
    public var principal: String
    /// As it was given with the reload.
    public var reason: String?

    public init(reload: String, principal: String, reason: String?) {
        self.reload = reload
        self.principal = principal
        self.reason = reason
    }
}

/// A revision without its text.
public struct RevisionSummary: Equatable, Sendable {
    /// 1…, never given twice.
    public var number: Int
    /// Of the text, 64 lower-case hexadecimal digits.
    public var sha256: String
    /// Of the text.
    public var byteCount: Int
    /// The file it came from, or what stands for one.
    public var sourceName: String
    public var createdAt: WallTime
    /// Whether a generation of it ever served.
    public var isGood: Bool
    /// Nil for one that an older version stored.
    public var origin: RevisionOrigin?

    public init(
        number: Int, sha256: String, byteCount: Int, sourceName: String, createdAt: WallTime,
        isGood: Bool, origin: RevisionOrigin?
    ) {
        self.number = number
        self.sha256 = sha256
        self.byteCount = byteCount
        self.sourceName = sourceName
        self.createdAt = createdAt
        self.isGood = isGood
        self.origin = origin
    }

    init(row: Row) {
        number = row["number"]
        sha256 = row["sha256"]
        byteCount = row["byte_count"]
        sourceName = row["source_name"]
        createdAt = WallTime(milliseconds: row["created_at"])
        isGood = row["is_good"]
        let reload: String? = row["reload"]
        let principal: String? = row["principal"]
        origin = reload.map {
            RevisionOrigin(reload: $0, principal: principal ?? "", reason: row["reason"])
        }
    }
}
