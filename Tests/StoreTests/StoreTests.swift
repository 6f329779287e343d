import Clock
import ConfigurationLanguage
import Foundation
import GRDB
import Glibc
import Supervisor
import TestKit
import Testing

@testable import Store

@Suite struct StoreTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    // MARK: The counter

    @Test func counterOnlyGrows() throws {
        let store = try open()
        #expect(try store.lastGeneration() == 0)
        try store.reserveGenerations(through: 3)
        try store.reserveGenerations(through: 2)
        #expect(try store.lastGeneration() == 3)
        try store.close()
        let next = try open()
        #expect(try next.lastGeneration() == 3)
        try next.reserveGenerations(through: 64)
        try next.returnGenerations(after: 7)
        try next.returnGenerations(after: 9)
        #expect(try next.lastGeneration() == 7)
    }

    /// What was recorded before a kill -9 is there, and the file needs no repair.
    @Test func counterSurvivesAKill() async throws {
        let path = directory.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let store = try Store.open(directory: path)
            for generation in 1...25 { try store.reserveGenerations(through: generation) }
            kill(getpid(), SIGKILL)
        }
        let store = try open()
        #expect(try store.lastGeneration() == 25)
        #expect(store.findings.isEmpty)
    }

    @Test func commitsAreSynced() throws {
        let store = try open()
        let mode = try store.database.read { try Int.fetchOne($0, sql: "PRAGMA synchronous") }
        #expect(mode == 2, "FULL")
        let journal = try store.database.read {
            try String.fetchOne($0, sql: "PRAGMA journal_mode")
        }
        #expect(journal == "wal")
    }

    @Test func instanceKeepsItsName() throws {
        let first = try open()
        let name = first.instanceID
        #expect(name.count == 26)
        try first.close()
        #expect(try open().instanceID == name)
        let other = try TemporaryDirectory()
        #expect(try Store.open(directory: other.path).instanceID != name)
    }

    // MARK: Revisions

    @Test func sameTextAgainIsTheSameRevision() throws {
        let store = try open()
        #expect(try add(store, "a") == 1)
        #expect(try add(store, "a") == 1)
        #expect(try add(store, "b") == 2)
        #expect(try add(store, "a") == 3, "only the latest counts: an older one is history")
        let second = try #require(try store.revision(2))
        #expect(second.text == Array("b".utf8))
        #expect(second.sourceName == "apus.yaml")
        #expect(!second.isGood)
        #expect(try store.revision(9) == nil)
    }

    @Test func fiftyAndTheLastGoodOneAreKept() throws {
        let store = try open()
        for number in 1...60 {
            #expect(try add(store, "text \(number)") == number)
            if number <= 3 { try store.markGood(revision: number) }
        }
        #expect(try store.revision(2) == nil)
        #expect(try store.goodRevisions() == [3])
        #expect(try store.revision(10) == nil)
        #expect(try store.revision(11) != nil)
        #expect(try store.revision(60) != nil)
    }

    @Test func revisionsAreListedWithTheirOrigin() throws {
        let store = try open()
        #expect(try add(store, "a") == 1)
        let four = ConfigurationText("four")
        let origin = RevisionOrigin(reload: "rl_1", principal: "uid:0", reason: "deploy 7781")
        let time = WallTime(milliseconds: 7)
        _ = try store.addRevision(
            sha256: four.sha256, text: four.bytes, sourceName: "f", origin: origin, at: time)
        try store.markGood(revision: 1)
        let revisions = try store.revisions()
        #expect(revisions.map(\.number) == [2, 1])
        #expect(
            revisions.first
                == RevisionSummary(
                    number: 2, sha256: four.sha256, byteCount: 4, sourceName: "f", createdAt: time,
                    isGood: false, origin: origin))
        #expect(revisions.last?.origin == nil)
        #expect(revisions.last?.isGood == true)
        // The same text again was brought by somebody before.
        _ = try store.addRevision(
            sha256: four.sha256, text: four.bytes, sourceName: "f",
            origin: RevisionOrigin(reload: "rl_2", principal: "uid:1", reason: nil), at: .now())
        #expect(try store.revisions().first?.origin == origin)
    }

    /// A database of the first version is brought up to date with what is in it.
    @Test func aRevisionWithoutOriginIsKept() throws {
        let database = try DatabaseQueue(path: directory.path("state.db"))
        try StoreSchema.migrator.migrate(database, upTo: "1")
        try database.write { database in
            try database.execute(
                sql: """
                    INSERT INTO revision (sha256, text, source_name, created_at, is_good)
                    VALUES (?, x'61', 'old.yaml', 5, 1)
                    """, arguments: [ConfigurationText("a").sha256])
        }
        try database.close()
        let store = try open()
        #expect(store.findings == [])
        let revision = try #require(try store.revisions().first)
        #expect(revision.number == 1)
        #expect(revision.byteCount == 1)
        #expect(revision.origin == nil)
        #expect(try add(store, "b") == 2)
    }

    // MARK: Reload records

    @Test func recordComesBackWhole() throws {
        let store = try open()
        var record = ReloadRecord(
            id: Identifier.makeReload(), mode: .hard,
            trigger: .init(source: .api, principal: "uid:0", reason: "\u{1F426} \"why\"\n"),
            createdAt: WallTime(milliseconds: 1_700_000_000_000))
        try store.save(record)
        record.status = .failed
        record.revision = 4
        record.fromGeneration = 1
        record.toGeneration = 2
        record.finishedAt = record.createdAt + .seconds(1)
        record.durationMilliseconds = 1000
        record.steps = [
            .init(
                name: .validate, status: .succeeded, startedAt: record.createdAt, milliseconds: 2),
            .init(name: .spawn, status: .failed, startedAt: record.createdAt),
        ]
        record.sigtermSentTo = [1]
        record.supersededBy = "rl_X"
        record.failure = ReloadFailure(
            code: "config-invalid", detail: "1 error", pointer: "/a",
            problems: [
                .init(
                    code: "unknown-field", severity: "error", file: "f", line: 1, column: 2,
                    pointer: "/a", message: "m", suggestion: "s", owner: "o")
            ])
        record.logTail = ["a", "b"]
        try store.save(record)
        try store.close()
        #expect(try open().reloads() == [record])
    }

    @Test func twoHundredAreKeptNewestFirst() throws {
        let store = try open()
        for number in 0..<210 { try store.save(record("rl_\(number)")) }
        let ids = try store.reloads().map(\.id)
        #expect(ids.count == 200)
        #expect(ids.first == "rl_209")
        #expect(ids.last == "rl_10")
    }

    @Test func recordOfAnotherVersionIsLeftOut() throws {
        let store = try open()
        try store.save(record("rl_1"))
        try store.save(record("rl_2"))
        try store.database.write {
            try $0.execute(sql: "UPDATE reload SET payload = x'7b7d' WHERE id = 'rl_1'")
        }
        #expect(try store.reloads().map(\.id) == ["rl_2"])
        try store.close()
        // Nobody loses it without a word, and nothing else is lost with it.
        let again = try open()
        #expect(again.findings == [.unknownRecords(count: 1)])
        #expect(try again.reloads().map(\.id) == ["rl_2"])
    }

    // MARK: Live workers

    @Test func workersAreRememberedUntilReaped() throws {
        let store = try open()
        let workers = (0..<3).map {
            LiveWorker(
                id: WorkerID(generation: 5, index: $0), pid: Int32(100 + $0), startTicks: 77,
                bootID: "boot")
        }
        for worker in workers { try store.add(worker) }
        try store.remove(WorkerID(generation: 5, index: 1))
        try store.close()
        #expect(try open().liveWorkers() == [workers[0], workers[2]])
    }

    // MARK: Bad files

    @Test(arguments: ["garbage", "", "header"]) func damagedFileIsSetAside(
        _ kind: String
    ) throws {
        let store = try open()
        try store.reserveGenerations(through: 41)
        _ = try add(store, "text")
        try store.close()
        let path = directory.path("state.db")
        switch kind {
        case "garbage":
            try directory.write("state.db", String(repeating: "not a database ", count: 999))
        case "header":
            // Pages in the middle are lost, the header is well.
            var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            #expect(bytes.count > 8192)
            bytes.replaceSubrange(
                4096..<bytes.count, with: [UInt8](repeating: 0xEE, count: bytes.count - 4096))
            try bytes.write(to: URL(fileURLWithPath: path))
        default: try directory.write("state.db", "SQLite format 3\0 and then nothing")
        }
        let again = try open()
        #expect(try again.lastGeneration() == 41, "no number is given twice")
        let finding = try #require(again.findings.first)
        guard case .damagedSetAside(let newPath, _, let last, _) = finding else {
            Issue.record("\(finding)")
            return
        }
        #expect(last == 41)
        #expect(FileManager.default.fileExists(atPath: newPath))
        #expect(finding.description.contains("41"))
        #expect(try again.reloads().isEmpty)
        try again.close()
        #expect(try open().findings.isEmpty, "only once")
    }

    @Test func newerFileIsRefusedAndUntouched() throws {
        let store = try open()
        try store.reserveGenerations(through: 5)
        try store.database.write {
            try $0.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('99')")
        }
        try store.close()
        let refusal = #expect(throws: StoreError.self) { _ = try open() }
        #expect(refusal == .newerVersion(path: directory.path("state.db")))
        #expect(refusal?.description.contains("newer version") == true)
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(!names.contains { $0.contains("damaged") })
    }

    @Test func emptyFileIsANewDatabase() throws {
        try directory.write("state.db", "")
        let store = try open()
        #expect(store.findings.isEmpty)
        #expect(try store.lastGeneration() == 0)
    }

    @Test func unusableDirectoryIsAnError() {
        #expect(throws: StoreError.self) {
            _ = try Store.open(directory: directory.path("no/such"))
        }
    }

    // MARK: Names

    @Test func identifiersSortByTime() {
        let early = Identifier.make(
            randomCharacters: 7, at: WallTime(milliseconds: 1_700_000_000_000))
        let late = Identifier.make(
            randomCharacters: 7, at: WallTime(milliseconds: 1_700_000_000_001))
        #expect(early.count == 16)
        #expect(early < late)
        let reload = Identifier.makeReload()
        #expect(reload.hasPrefix("rl_") && reload.count == 19)
        #expect(Set((0..<1000).map { _ in Identifier.makeReload() }).count == 1000)
    }

    private func open() throws -> Store { try Store.open(directory: directory.path) }

    private func add(_ store: Store, _ text: String) throws -> Int {
        let text = ConfigurationText(text)
        return try store.addRevision(
            sha256: text.sha256, text: text.bytes, sourceName: "apus.yaml", at: .now())
    }

    private func record(_ id: String) -> ReloadRecord {
        ReloadRecord(
            id: id, status: .succeeded, mode: .soft,
            trigger: .init(source: .signal, principal: "signal:HUP"), createdAt: .now())
    }
}
