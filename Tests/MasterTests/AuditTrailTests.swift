// The audit on its way to the store: a change waits for the disk, a flood of refusals does not grow.

import Clock
import Store
import Synchronization
import TestKit
import Testing

@testable import Master

@Suite struct AuditTrailTests {
    private final class Complaints: Sendable {
        private let list = Mutex<[String]>([])
        var all: [String] { list.withLock { $0 } }
        func add(_ text: String) { list.withLock { $0.append(text) } }
    }

    private let directory: TemporaryDirectory
    private let complaints = Complaints()

    init() throws {
        directory = try TemporaryDirectory()
    }

    private static func line(_ outcome: String = "SUCCEEDED") -> StoredAudit {
        StoredAudit(time: .now(), principal: "uid:0", outcome: outcome, payload: [])
    }

    private func trail(_ store: Store) throws -> AuditTrail {
        let complaints = complaints
        return try AuditTrail(store: store) { complaints.add($0) }
    }

    @Test func aChangeIsOnTheDiskWhenItReturns() async throws {
        let store = try Store.open(directory: directory.path)
        let trail = try trail(store)
        for count in 1...5 {
            await trail.record(change: Self.line())
            #expect(try store.audit(AuditFilter()).count == count)
        }
        try store.close()
    }

    @Test func aFloodOfRefusalsIsCutAndChangesAreNot() async throws {
        let store = try Store.open(directory: directory.path)
        let trail = try trail(store)
        let count = AuditTrail.refusalCountMax * 4
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<10 { group.addTask { await trail.record(change: Self.line()) } }
            for _ in 0..<count { trail.record(refusal: Self.line("DENIED")) }
        }
        trail.flush(atMost: .seconds(10))
        let changes = try store.audit(AuditFilter(outcome: "SUCCEEDED", countMax: 100))
        #expect(changes.count == 10)
        let refusals = try store.audit(AuditFilter(outcome: "DENIED", countMax: count))
        #expect(refusals.count <= count && refusals.count > 0)
        #expect(refusals.count == count || complaints.all.contains { $0.contains("missing") })
        try store.close()
    }

    /// A store that takes nothing more delays nobody, and the log has it.
    @Test func aBrokenStoreIsToldAndNotWaitedFor() async throws {
        let store = try Store.open(directory: directory.path)
        let trail = try trail(store)
        try store.close()
        await trail.record(change: Self.line())
        #expect(complaints.all.count == 1)
        await #expect(throws: StoreError.self) { _ = try await trail.lines(AuditFilter()) }
    }
}
