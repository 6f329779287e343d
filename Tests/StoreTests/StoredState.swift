// A state directory as a killed master leaves it: half of what it knows in the file, half in the
// log. What a test may compare with.

import Clock
import ConfigurationLanguage
import Foundation
import SharedState
import Supervisor
import Testing

@testable import Store

struct StoredState {
    let directory: String
    let instanceID: String
    /// All of them served.
    let revisions: [Int]
    /// Those that are in the file, not in the log only.
    let earlierRevisions: [Int]
    /// Newest first.
    let records: [ReloadRecord]
    let auditCount: Int
    /// Of the servers that something is said of still.
    let overrides: [ServerOverride]

    static let time = WallTime(milliseconds: 1_700_000_000_000)
    static let key = IdempotencyKey(
        principal: "uid:0", key: "k-1", digest: String(repeating: "d", count: 64))

    /// Of the revision with that number: some pages long, so that rows are continued on others.
    static func text(_ number: Int) -> String {
        number > 6 ? "next" : (0..<400 * number).map { "# \(number) line \($0)\n" }.joined()
    }

    init(in directory: String) throws {
        self.directory = directory
        let first = directory + ".first"
        try FileManager.default.createDirectory(
            atPath: first, withIntermediateDirectories: true)
        let earlier = try Store.open(directory: first)
        try earlier.reserveGenerations(through: 64)
        for number in 1...3 { try Self.use(earlier, number) }
        try earlier.close()
        let store = try Store.open(directory: first)
        try store.reserveGenerations(through: 128)
        for number in 4...6 { try Self.use(store, number) }
        (instanceID, revisions) = (store.instanceID, try store.goodRevisions().sorted())
        earlierRevisions = Array(revisions.prefix(3))
        records = try store.reloads()
        auditCount = try store.audit(AuditFilter()).count
        overrides = try store.serverOverrides()
        try FileManager.default.copyItem(atPath: first, toPath: directory)
        try store.close()
        try #require(revisions == [1, 2, 3, 4, 5, 6])
        try #require(overrides.map(\.server) == ["common", "early", "late-4", "late-5", "late-6"])
    }

    func byteCount(_ name: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(directory)/\(name)")
        return try #require(attributes[.size] as? Int)
    }

    static func add(_ text: String, to store: Store) throws -> Int {
        let text = ConfigurationText(text)
        return try store.addRevision(
            sha256: text.sha256, text: text.bytes, sourceName: "apus.yaml", at: time)
    }

    /// All that was ever said of servers. Of one, everything was taken back in the second life only.
    static func said(_ number: Int) -> [ServerOverride] {
        var common = ServerOverride(backend: "web", server: "common")
        common.weight = .init(value: number, configured: 100)
        var own = ServerOverride(backend: "web", server: number < 4 ? "early" : "late-\(number)")
        own.adminState = .maintenance
        own.maxConnections = .init(value: 7, configured: nil)
        var back = ServerOverride(backend: "web", server: "back")
        if number < 4 { back.adminState = .maintenance }
        return [common, own, back]
    }

    private static func use(_ store: Store, _ number: Int) throws {
        for override in said(number) { try store.save(override) }
        let revision = try add(text(number), to: store)
        var record = ReloadRecord(
            id: "rl_000000000000000\(number)", status: .running, mode: .soft,
            trigger: .init(source: .api, principal: "uid:0", reason: "deploy \(number)"),
            createdAt: time)
        let key = IdempotencyKey(
            principal: Self.key.principal, key: "k-\(number)", digest: Self.key.digest)
        try store.save(record, key: key)
        record.status = .succeeded
        record.revision = revision
        record.logTail = (0..<40).map { "line \($0) of what the worker said" }
        try store.save(record)
        try store.keep(.init(status: 200, body: Array(#"{"a":1}"#.utf8)), for: key)
        try store.add(
            [
                StoredAudit(
                    time: time, principal: "uid:0", outcome: "SUCCEEDED",
                    payload: Array(#"{"action":"reload"}"#.utf8))
            ])
        try store.add(
            LiveWorker(
                id: WorkerID(generation: number, index: 0), pid: Int32(100 + number),
                startTicks: 77, bootID: "boot"))
    }
}
