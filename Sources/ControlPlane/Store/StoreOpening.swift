// From a directory to an open store: create, inspect, migrate; set a damaged file aside and go on
// with what it still tells. Killed at any point, the next start does the rest.

internal import Foundation
internal import GRDB

struct StoreOpening {
    let directory: String

    private var path: String { directory + "/state.db" }
    /// Made of a damaged one, before that is set aside.
    private var successorPath: String { path + ".new" }
    private var mark: GenerationMark { GenerationMark(path: directory + "/generation") }

    func open() throws(StoreError) -> Store {
        do {
            let left = try finishReplacement()
            do {
                if let wrongSize { throw Damage(detail: wrongSize) }
                // SQLite would take what comes before the damage for all there is.
                if WriteAheadLog(path: path + "-wal").isDamaged {
                    throw Damage(detail: "its log is damaged")
                }
                return try openInspected(left.map { [$0] } ?? [])
            } catch {
                guard let detail = Self.damage(error) else { throw error }
                return try openInspected([try replace(detail)])
            }
        } catch {
            throw StoreError(error)
        }
    }

    private func openInspected(_ findings: [StoreFinding]) throws -> Store {
        let database = try DatabaseQueue(path: path, configuration: Self.configuration(.wal))
        // A commit must survive a power cut: a generation number is spent before its spawn.
        try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        try database.read { try inspect($0) }
        try StoreSchema.migrator.migrate(database)
        // What an earlier life logged becomes part of the file: a lost log costs one life's work.
        try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint") }
        let given = mark.read()
        let (instanceID, known, latest) = try database.write { database in
            (
                try Self.instanceID(database), try Self.raiseCounter(to: given, in: database),
                try Row.fetchOne(
                    database,
                    sql: "SELECT number, sha256 FROM revision ORDER BY number DESC LIMIT 1")
            )
        }
        var findings = findings
        if findings.isEmpty, known < given {
            findings = [.outdated(lastGeneration: known, given: given)]
        }
        let unknownCount = try database.read { try StoreInspection.unknownRecordCount(in: $0) }
        if unknownCount > 0 { findings.append(.unknownRecords(count: unknownCount)) }
        return Store(
            database: database, instanceID: instanceID, findings: findings, mark: mark,
            latestRevision: latest.map {
                Store.LatestRevision(number: $0["number"], sha256: $0["sha256"])
            })
    }

    private func inspect(_ database: Database) throws {
        if let detail = try StoreInspection.damagedStructure(of: database) {
            throw Damage(detail: detail)
        }
        let migrator = StoreSchema.migrator
        if try migrator.hasBeenSuperseded(database) {
            // A later version has what all earlier ones made.
            let isOurs = try migrator.appliedIdentifiers(database).isSuperset(
                of: migrator.migrations)
            throw isOurs ? StoreError.newerVersion(path: path) : Damage(detail: "its schema")
        }
        if let detail = try StoreInspection.damagedContent(of: database) {
            throw Damage(detail: detail)
        }
    }

    private static func configuration(
        _ journal: GRDB.Configuration.JournalModeConfiguration
    ) -> GRDB.Configuration {
        var configuration = GRDB.Configuration()
        configuration.label = "apus.store"
        configuration.busyMode = .timeout(2)
        configuration.journalMode = journal
        return configuration
    }

    /// What it was before.
    private static func raiseCounter(to given: Int, in database: Database) throws -> Int {
        let known =
            try Int.fetchOne(database, sql: "SELECT value FROM counter WHERE name = 'generation'")
            ?? 0
        if known < given {
            try database.execute(
                sql: "INSERT OR REPLACE INTO counter (name, value) VALUES ('generation', ?)",
                arguments: [given])
        }
        return known
    }

    private static func instanceID(_ database: Database) throws -> String {
        if let known = try String.fetchOne(database, sql: "SELECT id FROM instance") {
            return known
        }
        let fresh = Identifier.make(randomCharacters: 17)
        try database.execute(sql: "INSERT INTO instance (id) VALUES (?)", arguments: [fresh])
        return fresh
    }

    // MARK: Damage

    private struct Damage: Error {
        var detail: String
    }

    /// What is wrong with the file itself; nil for errors of its surroundings.
    private static func damage(_ error: any Error) -> String? {
        if let error = error as? Damage { return error.detail }
        guard let error = error as? DatabaseError else { return nil }
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: return error.message ?? "unreadable"
        // A schema that was changed by no migration of ours.
        case .SQLITE_ERROR: return error.message ?? "not ours"
        default: return nil
        }
    }

    /// To SQLite an empty file is a new one and a log beside it none of it, and what is missing of the
    /// last page is zeros. Nil if the size can be right.
    private var wrongSize: String? {
        let (count, logCount) = (byteCount(path), byteCount(path + "-wal"))
        if count == 0 {
            let wasUsed = logCount > 0 || exists(path) && mark.read() > 0
            return wasUsed ? "the file is empty" : nil
        }
        // A log makes it whole again.
        let pageSize = DatabasePages(path: path, withLog: false).size
        let isCut = logCount == 0 && !count.isMultiple(of: pageSize)
        return isCut ? "the file ends within a page" : nil
    }

    /// A file that cannot be trusted is kept for the operator; what it tells goes on in another.
    private func replace(_ detail: String) throws -> StoreFinding {
        let salvage = StoreSalvage(path: path)
        let given = max(mark.read(), salvage.generation)
        do {
            let successor = try DatabaseQueue(
                path: successorPath, configuration: Self.configuration(.default))
            try StoreSchema.migrator.migrate(successor)
            try successor.write { database in
                try salvage.write(to: database)
                _ = try Self.raiseCounter(to: given, in: database)
            }
            try successor.close()
        }
        let aside = freeName(for: "\(path).damaged-\(Int(Date().timeIntervalSince1970))")
        try moveAside(aside)
        try move(successorPath, to: path)
        return .damagedSetAside(
            newPath: aside, detail: detail, lastGeneration: given, kept: salvage.words)
    }

    /// An earlier start may have been stopped while it replaced the file.
    private func finishReplacement() throws -> StoreFinding? {
        guard exists(successorPath) else { return nil }
        if exists(path) {
            for suffix in ["", "-journal"] { try? removeItem(successorPath + suffix) }
            return nil
        }
        // The file is aside already, its log perhaps not.
        let aside = freeName(for: "\(path).damaged-log")
        try moveAside(aside)
        try move(successorPath, to: path)
        return .damagedSetAside(
            newPath: "\(path).damaged-*", detail: "found by an earlier start",
            lastGeneration: mark.read(), kept: "what that start had kept")
    }

    // MARK: Files

    /// The log last, so that a successor is never put beside it.
    private func moveAside(_ aside: String) throws {
        for suffix in ["", "-wal", "-shm"] where exists(path + suffix) {
            try move(path + suffix, to: aside + suffix)
        }
    }

    private func move(_ path: String, to newPath: String) throws {
        try FileManager.default.moveItem(atPath: path, toPath: newPath)
    }

    private func removeItem(_ path: String) throws {
        try FileManager.default.removeItem(atPath: path)
    }

    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// 0 for one that is not there.
    private func byteCount(_ path: String) -> Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.size] as? NSNumber)?.intValue ?? 0
    }

    private func freeName(for name: String) -> String {
        var free = name
        var number = 1
        while exists(free) || exists(free + "-wal") {
            number += 1
            free = "\(name).\(number)"
        }
        return free
    }
}
