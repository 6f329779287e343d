import Clock
import Glibc
import TestKit
import Testing

@testable import Store

@Suite struct AuditTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private static func line(
        _ number: Int, principal: String = "uid:0", outcome: String = "SUCCEEDED"
    ) -> StoredAudit {
        StoredAudit(
            time: WallTime(milliseconds: Int64(number) * 1000), principal: principal,
            outcome: outcome, payload: Array("{\"n\":\(number)}".utf8))
    }

    @Test func linesComeBackNewestFirst() throws {
        let store = try Store.open(directory: directory.path)
        try store.add([Self.line(1), Self.line(2, principal: "uid:5", outcome: "DENIED")])
        try store.add([Self.line(3)])
        let all = try store.audit(AuditFilter())
        #expect(all.map(\.sequence) == [3, 2, 1])
        #expect(all[1].principal == "uid:5" && all[1].payload == Array("{\"n\":2}".utf8))
        #expect(try store.audit(AuditFilter(before: 3)).map(\.sequence) == [2, 1])
        #expect(try store.audit(AuditFilter(after: 1)).map(\.sequence) == [3, 2])
        #expect(try store.audit(AuditFilter(principal: "uid:5")).map(\.sequence) == [2])
        #expect(try store.audit(AuditFilter(outcome: "DENIED")).map(\.sequence) == [2])
        #expect(try store.audit(AuditFilter(countMax: 1)).map(\.sequence) == [3])
        let since = WallTime(milliseconds: 2000)
        #expect(try store.audit(AuditFilter(since: since)).map(\.sequence) == [3, 2])
        // Nothing that stands in a filter is a piece of SQL.
        #expect(try store.audit(AuditFilter(principal: "' OR 1 = 1 --")).isEmpty)
        try store.close()
    }

    @Test func theNewestAreKeptAndNoNumberIsGivenTwice() throws {
        let store = try Store.open(directory: directory.path)
        let count = Store.auditCountMax + 50
        try store.add((1...count).map { Self.line($0) })
        #expect(try store.audit(AuditFilter(countMax: .max)).count == Store.auditCountMax)
        #expect(try store.audit(AuditFilter(after: 0, countMax: 1)).first?.sequence == count)
        try store.close()
        let again = try Store.open(directory: directory.path)
        try again.add([Self.line(1)])
        #expect(try again.audit(AuditFilter(countMax: 1)).first?.sequence == count + 1)
        try again.close()
    }

    @Test func whatWasAddedSurvivesAKill() async throws {
        let path = directory.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let store = try Store.open(directory: path)
            for number in 1...25 { try store.add([Self.line(number)]) }
            kill(getpid(), SIGKILL)
        }
        let store = try Store.open(directory: directory.path)
        #expect(try store.audit(AuditFilter()).count == 25)
        try store.close()
    }

    /// The API may still ask when the master ends.
    @Test func aClosedStoreRefuses() throws {
        let store = try Store.open(directory: directory.path)
        try store.close()
        #expect(throws: StoreError.failed("closed")) { try store.add([Self.line(1)]) }
        #expect(throws: StoreError.failed("closed")) { _ = try store.audit(AuditFilter()) }
        #expect(throws: StoreError.failed("closed")) { _ = try store.lastGeneration() }
    }
}
