// Whether a database that opens can be believed: its structure as SQLite checks it, and what SQLite
// does not know of: that a text is what its checksum says, and a number a number. Reads everything
// once, at the start.

internal import ConfigurationLanguage
internal import Foundation
internal import GRDB
internal import JSON

enum StoreInspection {
    /// What is wrong in any database, in words; nil if nothing is.
    static func damagedStructure(of database: Database) throws -> String? {
        let answer = try String.fetchOne(database, sql: "PRAGMA integrity_check(1)")
        return answer == "ok" ? nil : answer ?? "no answer"
    }

    /// What is wrong in one of ours; nil if nothing is.
    static func damagedContent(of database: Database) throws -> String? {
        try wrongType(in: database) ?? wrongText(in: database) ?? wrongPayload(in: database)
            ?? wrongOverride(in: database) ?? wrongCounter(in: database)
    }

    /// A flipped bit makes another kind of a value, which is no damage to SQLite.
    private static func wrongType(in database: Database) throws -> String? {
        let tables = try Set(
            String.fetchAll(database, sql: "SELECT name FROM sqlite_master WHERE type = 'table'"))
        for table in tables.intersection(ours).sorted() {
            for column in try database.columns(in: table) {
                let kind = kinds[column.type.uppercased()] ?? "null"
                let count = try Int.fetchOne(
                    database,
                    sql: """
                        SELECT count(*) FROM \(table)
                        WHERE typeof(\(column.name)) NOT IN ('\(kind)', 'null')
                        """)
                if count != 0 { return "\(table).\(column.name) is not \(kind)" }
            }
        }
        return nil
    }

    private static let ours: Set = [
        "instance", "counter", "revision", "reload", "worker", "idempotency", "audit",
        "server_override",
    ]
    private static let kinds = ["INTEGER": "integer", "TEXT": "text", "BLOB": "blob"]

    private static func wrongText(in database: Database) throws -> String? {
        guard try database.tableExists("revision") else { return nil }
        let rows = try Row.fetchCursor(database, sql: "SELECT number, sha256, text FROM revision")
        while let row = try rows.next() {
            let (number, sha256, text): (Int, String, Data) = (row[0], row[1], row[2])
            if ConfigurationText(bytes: Array(text)).sha256 != sha256 {
                return "the text of revision \(number) is not what was stored"
            }
            if !Store.numbers.contains(number) { return "revision \(number)" }
        }
        return nil
    }

    /// To SQLite a payload is bytes. A record of another version is JSON, too.
    private static func wrongPayload(in database: Database) throws -> String? {
        guard try database.tableExists("reload") else { return nil }
        let rows = try Row.fetchCursor(database, sql: "SELECT id, created_at, payload FROM reload")
        while let row = try rows.next() {
            let (id, createdAt, data): (String, Int64, Data) = (row[0], row[1], row[2])
            let payload = Array(data)
            guard (try? JSONText.parse(payload)) != nil else {
                return "a reload record is not JSON"
            }
            guard let stored = StoredReload.decode(payload) else { continue }
            if stored.id != id || stored.createdAt != createdAt {
                return "the reload record \(id) is not what was stored"
            }
        }
        return nil
    }

    /// Records that this version cannot read: of a later one, or with a bit that flipped.
    static func unknownRecordCount(in database: Database) throws -> Int {
        let payloads = try Data.fetchCursor(database, sql: "SELECT payload FROM reload")
        var count = 0
        while let payload = try payloads.next() {
            if StoredReload.decode(Array(payload))?.record == nil { count += 1 }
        }
        return count
    }

    private static func wrongOverride(in database: Database) throws -> String? {
        guard try database.tableExists("server_override") else { return nil }
        let rows = try Row.fetchCursor(
            database,
            sql: "SELECT is_set, backend, server, payload, sha256 FROM server_override")
        while let row = try rows.next() {
            let (isSet, backend, server): (Int, String, String) = (row[0], row[1], row[2])
            let (payload, sha256): (Data, String) = (row[3], row[4])
            guard StoredOverride.isWhole(Array(payload), sha256) else {
                return "what was said of the server \(backend)/\(server) is not what was stored"
            }
            // What a later version has stored may be unreadable.
            guard let override = StoredOverride.decode(Array(payload)) else { continue }
            if override.backend != backend || override.server != server
                || override.isEmpty != (isSet == 0)
            {
                return "what was said of the server \(backend)/\(server) has another's place"
            }
        }
        return nil
    }

    private static func wrongCounter(in database: Database) throws -> String? {
        guard try database.tableExists("counter"),
            let value = try Int.fetchOne(
                database, sql: "SELECT value FROM counter WHERE name = 'generation'")
        else { return nil }
        return Store.numbers.contains(value) ? nil : "generation \(value)"
    }
}
