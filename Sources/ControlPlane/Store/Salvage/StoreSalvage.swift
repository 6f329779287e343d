// What of a damaged database can be used again. A row is taken for what it is by its own form, since
// neither the schema nor its place can be trusted, and only if it proves itself: a revision by the
// checksum of its text, a record by being readable. Reads the damaged file only.

internal import Clock
internal import ConfigurationLanguage
internal import Foundation
internal import GRDB
internal import JSON
internal import Supervisor

struct StoreSalvage {
    /// By number.
    private(set) var revisions: [Int: LeafRow] = [:]
    /// By id.
    private(set) var reloads: [String: LeafRow] = [:]
    /// By sequence.
    private(set) var audit: [Int: LeafRow] = [:]
    /// By principal and key, which holds no space.
    private(set) var keys: [String: LeafRow] = [:]
    /// By backend and server, neither of which holds a space.
    private(set) var overrides: [String: LeafRow] = [:]
    /// By generation and place.
    private(set) var workers: [String: LeafRow] = [:]
    private(set) var instanceID: String?
    /// Of the counter; 0 if it was not found.
    private(set) var generation = 0
    /// The highest revision number that is known to have been given.
    private(set) var revisionNumberMax = 0

    /// Takes time in proportion to the file.
    init(path: String) {
        // What the log has is newer; what only the file has is better than nothing.
        for withLog in [false, true] {
            LeafRow.forEach(in: DatabasePages(path: path, withLog: withLog)) { take($0) }
        }
    }

    // MARK: Recognition

    private mutating func take(_ row: LeafRow) {
        let columns = row.columns
        switch (columns.first, columns.dropFirst().first, columns.count) {
        case (.text("generation"), .integer(let value), 2):
            if Store.numbers.contains(value) { generation = max(generation, value) }
        case (.text("revision"), .integer(let value), 2):
            note(revision: value)
        case (.text(let name), nil, 1):
            if Self.isInstanceID(name) { instanceID = name }
        // Six where it was stored before it had an origin.
        case (.null, .text(let sha256), 6), (.null, .text(let sha256), 9):
            takeRevision(row, sha256: sha256)
        case (.null, .text(let id), 4):
            takeReload(row, id: id)
        case (.null, .integer, 5):
            if case .blob(let payload) = columns[4], Self.isReadable(payload) {
                audit[row.number] = row
            }
        case (.null, .integer, 6):
            takeOverride(row)
        case (.null, .text(let principal), 8):
            takeKey(row, principal: principal)
        case (.integer(let generation), .integer(let place), 5):
            workers["\(generation)/\(place)"] = row
        default:
            return
        }
    }

    private mutating func note(revision: Int) {
        if Store.numbers.contains(revision) { revisionNumberMax = max(revisionNumberMax, revision) }
    }

    private mutating func takeRevision(_ row: LeafRow, sha256: String) {
        guard Store.numbers.contains(row.number), case .blob(let text) = row.columns[2],
            row.columns[5] == .integer(0) || row.columns[5] == .integer(1),
            ConfigurationText(bytes: text).sha256 == sha256
        else { return }
        note(revision: row.number)
        var row = row
        // An old copy of a page may not know yet that it served.
        if let other = revisions[row.number], other.columns[1] == row.columns[1],
            other.columns[5] == .integer(1)
        {
            row.columns[5] = .integer(1)
        }
        revisions[row.number] = row
    }

    private mutating func takeReload(_ row: LeafRow, id: String) {
        guard case .blob(let payload) = row.columns[3],
            let record = StoredReload.decode(payload)?.record, record.id == id,
            row.columns[2] == .integer(Int(record.createdAt.milliseconds))
        else { return }
        if let revision = record.revision { note(revision: revision) }
        // An old copy of a page may not know yet how it ended.
        if !record.status.isTerminal, reloads[id] != nil { return }
        reloads[id] = row
    }

    private mutating func takeKey(_ row: LeafRow, principal: String) {
        guard case .text(let key) = row.columns[2], case .text(let digest) = row.columns[3],
            digest.utf8.count == 64
        else { return }
        let isAnswered = row.columns[6] != .null
        if case .blob(let body) = row.columns[7], !Self.isReadable(body) { return }
        if !isAnswered, keys["\(principal) \(key)"] != nil { return }
        keys["\(principal) \(key)"] = row
    }

    private mutating func takeOverride(_ row: LeafRow) {
        guard case .blob(let payload) = row.columns[4], case .text(let sha256) = row.columns[5],
            StoredOverride.isWhole(payload, sha256),
            let override = StoredOverride.decode(payload),
            row.columns[1] == .integer(override.isEmpty ? 0 : 1),
            row.columns[2] == .text(override.backend), row.columns[3] == .text(override.server)
        else { return }
        // What was said later, be it that all is taken back, has the higher number.
        let name = "\(override.backend) \(override.server)"
        if let other = overrides[name], other.number > row.number { return }
        overrides[name] = row
    }

    private static func isReadable(_ json: [UInt8]) -> Bool {
        (try? JSONText.parse(json)) != nil
    }

    private static func isInstanceID(_ name: String) -> Bool {
        name.utf8.count == 26
            && name.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) }
    }

    /// What there is, for the operator.
    var words: String {
        let oldest = max(1, revisionNumberMax - Store.revisionCountMax + 1)
        let lost = (oldest..<max(oldest, revisionNumberMax + 1)).filter { revisions[$0] == nil }
        return [
            (revisions.isEmpty ? "no revision" : "revision \(Self.list(revisions.keys.sorted()))")
                + (lost.isEmpty ? "" : " (not \(Self.list(lost)))"),
            "\(reloads.count) reload records", "\(audit.count) lines of the audit",
            "\(keys.count) idempotency keys",
            "what was said of \(overrides.values.count { $0.columns[1] != .integer(0) }) servers",
        ].joined(separator: ", ")
    }

    private static func list(_ numbers: [Int]) -> String {
        numbers.map(String.init).joined(separator: ", ")
    }

    // MARK: Reuse

    /// Fills the empty tables of another database. A row that they do not take is left out.
    func write(to database: Database) throws {
        if let instanceID {
            try database.execute(
                sql: "INSERT INTO instance (id) VALUES (?)", arguments: [instanceID])
        }
        try insert(revisions, "revision", number: "number", into: database)
        try insert(reloads, "reload", number: "sequence", into: database)
        try insert(audit, "audit", number: "sequence", into: database)
        try insert(keys, "idempotency", number: "sequence", into: database)
        try insert(overrides, "server_override", number: "sequence", into: database)
        try insert(workers, "worker", number: nil, into: database)
        // Rows that had been deleted may have come back, and numbers must not.
        try Store.forgetOld(in: database)
        try database.execute(sql: "DELETE FROM sqlite_sequence WHERE name = 'revision'")
        try database.execute(
            sql: "INSERT INTO sqlite_sequence (name, seq) VALUES ('revision', ?)",
            arguments: [revisionNumberMax])
    }

    /// The columns as `StoreSchema` has them; those at the end that a row does not have are NULL.
    private func insert<Key: Comparable>(
        _ rows: [Key: LeafRow], _ table: String, number: String?, into database: Database
    ) throws {
        let names = try database.columns(in: table).map(\.name)
        let marks = names.map { _ in "?" }.joined(separator: ", ")
        for (_, row) in rows.sorted(by: { $0.key < $1.key }) where row.columns.count <= names.count
        {
            let values: [DatabaseValue] = names.indices.map { index in
                if names[index] == number { return row.number.databaseValue }
                return index < row.columns.count ? row.columns[index].value : .null
            }
            try database.execute(
                sql: "INSERT OR IGNORE INTO \(table) VALUES (\(marks))",
                arguments: StatementArguments(values))
        }
    }
}

extension LeafRow.Column {
    fileprivate var value: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let number): number.databaseValue
        case .text(let text): text.databaseValue
        case .blob(let bytes): Data(bytes).databaseValue
        }
    }
}
