public import Clock
internal import Foundation
internal import GRDB

/// One stored, immutable, valid configuration document.
public struct StoredRevision: Equatable, Sendable {
    /// 1…, never given twice.
    public var number: Int
    /// Of the text, 64 lower-case hexadecimal digits.
    public var sha256: String
    /// As it was written.
    public var text: [UInt8]
    /// The file it came from, or what stands for one.
    public var sourceName: String
    public var createdAt: WallTime
    /// Whether a generation of it ever served.
    public var isGood: Bool

    init(row: Row) {
        let data: Data = row["text"]
        number = row["number"]
        sha256 = row["sha256"]
        text = Array(data)
        sourceName = row["source_name"]
        createdAt = WallTime(milliseconds: row["created_at"])
        isGood = row["is_good"]
    }
}
