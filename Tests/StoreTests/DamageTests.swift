// State databases with real damage: flipped bytes, missing pages, a missing log, nothing at all.
// Whatever is opened is whole, holds nothing that was not stored, and says what it lost.

import Clock
import ConfigurationLanguage
import Foundation
import GRDB
import Supervisor
import TestKit
import Testing

@testable import Store

@Suite(.timeLimit(.minutes(20))) struct DamageTests {
    /// How many places are damaged in a run; APUS_LONG=1 tries many more.
    private static let placeCount =
        ProcessInfo.processInfo.environment["APUS_LONG"] == "1" ? 4000 : 250
    private let directory: TemporaryDirectory
    private let original: StoredState

    init() throws {
        directory = try TemporaryDirectory()
        original = try StoredState(in: directory.path("original"))
    }

    @Test func flippedBytes() throws {
        let size = try original.byteCount("state.db")
        var outcomes: [String: Int] = [:]
        for index in 0..<Self.placeCount {
            // A prime step meets headers, cells, texts and free space alike.
            let offset = (index * 7919 + index / 7) % size
            let mask: UInt8 = [0x01, 0x80, 0xFF, 0x10][index % 4]
            let damaged = try copy { try flip($0, "state.db", at: offset, mask) }
            outcomes[try look(at: damaged, "byte \(offset) ^ \(mask)"), default: 0] += 1
        }
        print("figure: bytes flipped: \(outcomes)")
        #expect(outcomes["set aside", default: 0] > 0)
        #expect(outcomes["as it was", default: 0] > 0, "free space is no damage")
    }

    @Test func aFlippedByteOfTheLog() throws {
        let size = try original.byteCount("state.db-wal")
        try #require(size > 4096)
        for index in 0..<Self.placeCount / 4 {
            // The last transaction might never have been whole.
            let offset = (index * 7919) % (size - 12 * 4096)
            _ = try look(
                at: copy { try flip($0, "state.db-wal", at: offset, 0xFF) }, "log, byte \(offset)")
        }
    }

    @Test func truncatedAtEachPage() throws {
        let size = try original.byteCount("state.db")
        for count in stride(from: 0, to: size, by: 4096) {
            for more in [0, 1, 2048] where count + more < size {
                let damaged = try copy { folder in
                    try truncate(folder + "/state.db", to: count + more)
                    try FileManager.default.removeItem(atPath: folder + "/state.db-wal")
                }
                let what = "\(count + more) bytes"
                #expect(try look(at: damaged, what) == "set aside", "\(what)")
            }
        }
    }

    /// What was in the log only is lost, what was in the file is not, and it is said.
    @Test(arguments: ["removed", "emptied"]) func aLostLog(_ how: String) throws {
        let damaged = try copy { folder in
            if how == "removed" {
                try FileManager.default.removeItem(atPath: folder + "/state.db-wal")
            } else {
                try truncate(folder + "/state.db-wal", to: 0)
            }
        }
        let store = try Store.open(directory: damaged)
        #expect(store.findings == [.outdated(lastGeneration: 64, given: 128)])
        #expect(try store.goodRevisions() == original.earlierRevisions.reversed())
        #expect(try store.lastGeneration() == 128, "no number is given twice")
        try store.close()
        #expect(try Store.open(directory: damaged).findings.isEmpty, "only once")
    }

    @Test func everyRevisionOfADamagedSchemaIsKept() throws {
        let damaged = try copy { folder in
            // With all of it in the file: the log has the first page, too.
            try Store.open(directory: folder).close()
            for offset in 100..<400 { try flip(folder, "state.db", at: offset, 0xA5) }
        }
        let store = try Store.open(directory: damaged)
        let finding = try #require(store.findings.first)
        guard case .damagedSetAside(let aside, _, let last, let kept) = finding else {
            Issue.record("\(finding)")
            return
        }
        #expect(try store.goodRevisions().sorted() == original.revisions)
        #expect(try store.reloads() == original.records)
        #expect(try store.audit(AuditFilter()).count == original.auditCount)
        #expect(try store.serverOverrides() == original.overrides, "nor does one come back")
        #expect(try store.known(StoredState.key, at: StoredState.time)?.answer != nil)
        #expect(store.instanceID == original.instanceID)
        #expect(last == 128)
        #expect(kept.hasPrefix("revision 1, 2, 3, 4, 5, 6"), "\(kept)")
        #expect(FileManager.default.fileExists(atPath: aside))
        #expect(
            try StoredState.add("next", to: store) == original.revisions.count + 1,
            "no number is given twice")
        try store.close()
        #expect(try Store.open(directory: damaged).findings.isEmpty, "only once")
    }

    /// Of a revision that is damaged there is nothing; it is named.
    @Test func aDamagedTextIsLostAndNamed() throws {
        let store = try Store.open(directory: copy(flipRevision2))
        #expect(try store.goodRevisions().sorted() == [1, 3, 4, 5, 6])
        #expect(try store.revision(2) == nil)
        let words = store.findings.map(\.description).joined()
        #expect(words.contains("the text of revision 2"), "\(words)")
        #expect(words.contains("revision 1, 3, 4, 5, 6 (not 2)"), "\(words)")
    }

    @Test func anEmptyFileThatWasUsedIsReported() throws {
        let damaged = try copy { try truncate($0 + "/state.db", to: 0) }
        let store = try Store.open(directory: damaged)
        #expect(store.findings.count == 1)
        #expect(try store.lastGeneration() == 128)
        // The log still has the last life's.
        #expect(try !store.goodRevisions().isEmpty)
    }

    /// The start that replaces a damaged file may be killed at any point of it.
    @Test func aReplacementThatWasStoppedIsFinished() throws {
        let damaged = try copy { try flip($0, "state.db", at: 16, 0xFF) }
        let before = try copy(of: damaged) { _ in }
        try Store.open(directory: damaged).close()
        // Stopped between the two renames: the old file is aside, its log is not.
        let between = try copy(of: before) { folder in
            try FileManager.default.moveItem(
                atPath: folder + "/state.db", toPath: folder + "/state.db.damaged-1")
            try FileManager.default.copyItem(
                atPath: damaged + "/state.db", toPath: folder + "/state.db.new")
        }
        let store = try Store.open(directory: between)
        #expect(store.findings.count == 1)
        #expect(try store.goodRevisions().sorted() == original.revisions)
        try store.close()
        // Stopped before: the half-made successor is made again.
        let half = try copy(of: before) { folder in
            try Data("half".utf8).write(to: URL(fileURLWithPath: folder + "/state.db.new"))
        }
        let again = try Store.open(directory: half)
        #expect(try again.goodRevisions().sorted() == original.revisions)
        let left = try FileManager.default.contentsOfDirectory(atPath: half)
        #expect(!left.contains("state.db.new"))
    }

    /// A server whose maintenance was taken back does not get it again from an older copy of a page,
    /// and what was said last is what holds.
    @Test func whatWasTakenBackOfAServerStaysSo() throws {
        // In the file, of which the log has newer pages.
        let store = try Store.open(directory: copy(flipRevision2))
        #expect(store.findings.count == 1)
        #expect(try store.serverOverrides() == original.overrides)
        let words = store.findings.map(\.description).joined()
        #expect(words.contains("what was said of 5 servers"), "\(words)")
        try store.close()
    }

    /// A flipped bit must not make another weight: then nothing is said of that server.
    @Test func aDamagedOverrideIsNotBelieved() throws {
        let damaged = try copy { folder in
            try Store.open(directory: folder).close()
            let file = try Data(contentsOf: URL(fileURLWithPath: folder + "/state.db"))
            let text = Data(#""server":"common","adminState":"READY","weight":{"value":6"#.utf8)
            var place = file.startIndex
            // All copies: one may be left over where a page was written anew.
            while let found = file[place...].range(of: text) {
                place = found.upperBound
                try flip(folder, "state.db", at: place - 1, 0x01)
            }
            try #require(place > 0)
        }
        let store = try Store.open(directory: damaged)
        #expect(store.findings.map(\.description).joined().contains("web/common"))
        #expect(
            try store.serverOverrides() == original.overrides.filter { $0.server != "common" })
        try store.close()
    }

    // MARK: What must hold

    /// Every word that ever was said of a server.
    private static let said = Set((1...6).flatMap(StoredState.said))

    /// What came of it, in two words.
    private func look(at folder: String, _ what: String) throws -> String {
        let store: Store
        do throws(StoreError) {
            store = try Store.open(directory: folder)
        } catch {
            // Refusing in words is allowed for one thing only.
            #expect(error == .newerVersion(path: folder + "/state.db"), "\(what): \(error)")
            return "refused"
        }
        let integrity = try store.database.read { try StoreInspection.damagedContent(of: $0) }
        #expect(integrity == nil, "\(what)")
        #expect(try store.lastGeneration() >= 64, "\(what): generations")
        for number in try store.revisions().map(\.number) {
            #expect(
                try store.revision(number)?.text == Array(StoredState.text(number).utf8),
                "\(what): revision \(number)")
        }
        // Whether one served is a single bit that nothing else tells of.
        let good = try store.revisions().map(\.number).sorted()
        #expect(Set(original.revisions).isSuperset(of: good), "\(what): \(good)")
        let records = try store.reloads()
        let audit = try store.audit(AuditFilter())
        let overrides = try store.serverOverrides()
        #expect(Self.said.isSuperset(of: overrides), "\(what): \(overrides)")
        _ = try store.liveWorkers()
        _ = try store.known(StoredState.key, at: StoredState.time)
        let isWhole =
            good == original.revisions && records.map(\.id) == original.records.map(\.id)
            && audit.count == original.auditCount && overrides == original.overrides
        let isAside = try FileManager.default.contentsOfDirectory(atPath: folder)
            .contains { $0.contains("damaged") }
        #expect(isAside == store.findings.contains { "\($0)".contains("damaged") }, "\(what)")
        if !isWhole { #expect(!store.findings.isEmpty, "\(what): lost without a word") }
        // It can be used.
        let next = try StoredState.add("next", to: store)
        #expect(next > good.last ?? 0, "\(what)")
        try store.close()
        return isAside ? "set aside" : isWhole ? "as it was" : "reported"
    }

    // MARK: Damage

    private func copy(of source: String? = nil, _ damage: (String) throws -> Void) throws -> String
    {
        let folder = directory.path("copy-\(UUID().uuidString)")
        try FileManager.default.copyItem(atPath: source ?? original.directory, toPath: folder)
        try damage(folder)
        return folder
    }

    private func flip(_ folder: String, _ name: String, at offset: Int, _ mask: UInt8) throws {
        let file = try #require(FileHandle(forUpdatingAtPath: "\(folder)/\(name)"))
        try file.seek(toOffset: UInt64(offset))
        let byte = try #require(try file.read(upToCount: 1)?.first)
        try file.seek(toOffset: UInt64(offset))
        try file.write(contentsOf: Data([byte ^ mask]))
        try file.close()
    }

    /// Somewhere on a page that its text is continued on.
    private func flipRevision2(_ folder: String) throws {
        let text = Array(StoredState.text(2).utf8)
        let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/state.db"))
        let place = try #require(data.range(of: Data(text[6000..<6040]))?.lowerBound)
        try flip(folder, "state.db", at: place, 0x20)
    }

    private func truncate(_ path: String, to count: Int) throws {
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        try file.truncate(atOffset: UInt64(count))
        try file.close()
    }
}
