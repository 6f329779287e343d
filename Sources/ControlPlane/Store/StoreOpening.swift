// From a directory to an open store: create, migrate, check, set a damaged file aside.

internal import Foundation
internal import GRDB

struct StoreOpening {
    let directory: String

    private var path: String { directory + "/state.db" }
    private var mark: GenerationMark { GenerationMark(path: directory + "/generation") }

    func open() throws(StoreError) -> Store {
        do {
            return try openChecked(findings: [], generationFloor: 0)
        } catch {
            guard let detail = Self.damage(error) else { throw StoreError(error) }
            return try openAnew(damage: detail)
        }
    }

    private func openChecked(
        findings: [StoreFinding], generationFloor: Int
    ) throws -> Store {
        var configuration = GRDB.Configuration()
        configuration.label = "apus.store"
        configuration.busyMode = .timeout(2)
        configuration.journalMode = .wal
        let database = try DatabaseQueue(path: path, configuration: configuration)
        // A commit must survive a power cut: a generation number is spent before its spawn.
        try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        let answer = try database.read { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") }
        guard answer == "ok" else { throw Damage(detail: answer ?? "no answer") }

        let migrator = StoreSchema.migrator
        if try database.read({ try migrator.hasBeenSuperseded($0) }) {
            throw StoreError.newerVersion(path: path)
        }
        try migrator.migrate(database)
        let instanceID = try database.write { database in
            if generationFloor > 0 {
                try database.execute(
                    sql: "INSERT OR REPLACE INTO counter (name, value) VALUES ('generation', ?)",
                    arguments: [generationFloor])
            }
            return try Self.instanceID(database)
        }
        let latest = try database.read { database in
            try Row.fetchOne(
                database, sql: "SELECT number, sha256 FROM revision ORDER BY number DESC LIMIT 1")
        }
        return Store(
            database: database, instanceID: instanceID, findings: findings, mark: mark,
            latestRevision: latest.map {
                Store.LatestRevision(number: $0["number"], sha256: $0["sha256"])
            })
    }

    /// A file that cannot be trusted is kept for the operator, and an empty one takes its place.
    private func openAnew(damage: String) throws(StoreError) -> Store {
        let floor = max(mark.read(), salvagedGeneration())
        let stamp = Int(Date().timeIntervalSince1970)
        let aside = "\(path).damaged-\(stamp)"
        do {
            try FileManager.default.moveItem(atPath: path, toPath: aside)
            for suffix in ["-wal", "-shm"]
            where FileManager.default.fileExists(atPath: path + suffix) {
                try FileManager.default.moveItem(atPath: path + suffix, toPath: aside + suffix)
            }
            return try openChecked(
                findings: [
                    .damagedSetAside(newPath: aside, detail: damage, lastGeneration: floor)
                ], generationFloor: floor)
        } catch {
            throw StoreError(error)
        }
    }

    /// The counter as far as the damaged file still tells it; 0 if it does not.
    private func salvagedGeneration() -> Int {
        var configuration = GRDB.Configuration()
        configuration.readonly = true
        let salvaged = try? DatabaseQueue(path: path, configuration: configuration).read {
            try Int.fetchOne($0, sql: "SELECT value FROM counter WHERE name = 'generation'")
        }
        return salvaged ?? 0
    }

    private static func instanceID(_ database: Database) throws -> String {
        if let known = try String.fetchOne(database, sql: "SELECT id FROM instance") {
            return known
        }
        let fresh = Identifier.make(randomCharacters: 17)
        try database.execute(sql: "INSERT INTO instance (id) VALUES (?)", arguments: [fresh])
        return fresh
    }

    /// What is wrong with the file itself; nil for errors of its surroundings.
    private static func damage(_ error: any Error) -> String? {
        if let error = error as? Damage { return error.detail }
        guard let error = error as? DatabaseError else { return nil }
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: return error.message ?? "unreadable"
        default: return nil
        }
    }

    private struct Damage: Error {
        var detail: String
    }
}
