// What the master asks of its store in the course of one reload, for changes of servers, and at its
// end. Both the program that makes the calls and the test that looks for them know the values from
// here.

import Clock
import ConfigurationLanguage
import SharedState
import Store
import Supervisor

/// In the order in which they are made.
enum StoreCall: String, CaseIterable {
    case reserveGenerations, addRevision, saveRunning, addWorker, saveSucceeded, keepAnswer
    case addSecondRevision, markGood, removeWorker, addAudit, saveOverride, takeBackOverride
    case returnGenerations
    case close

    /// The calls without which this one would not be made.
    var needs: Set<StoreCall> {
        switch self {
        case .saveSucceeded: [.addRevision, .saveRunning]
        case .keepAnswer: [.saveRunning]
        case .markGood: [.addSecondRevision]
        case .returnGenerations: [.reserveGenerations]
        default: []
        }
    }

    func make(_ store: Store) throws {
        switch self {
        case .reserveGenerations: try store.reserveGenerations(through: Values.reserved)
        case .addRevision: try Values.add(Values.text, to: store)
        case .saveRunning: try store.save(Values.running, key: Values.key)
        case .addWorker: try store.add(Values.newWorker)
        case .saveSucceeded:
            try store.save(Values.succeeded(revision: try Values.number(of: Values.text, store)))
        case .keepAnswer: try store.keep(Values.answer, for: Values.key)
        case .addSecondRevision: try Values.add(Values.secondText, to: store)
        case .markGood:
            try store.markGood(revision: try Values.number(of: Values.secondText, store) ?? 0)
        case .removeWorker: try store.remove(Values.oldWorker.id)
        case .addAudit: try store.add(Values.audit)
        case .saveOverride: try store.save(Values.override)
        case .takeBackOverride: try store.save(Values.emptied(Values.oldOverride))
        case .returnGenerations: try store.returnGenerations(after: Values.returned)
        case .close: try store.close()
        }
    }
}

enum Values {
    /// Of a store that was used before.
    static let reservedBefore = 64
    static let reserved = 128
    static let returned = 70

    static let oldText = lines("old")
    /// Some pages long, so that half of it could be there.
    static let text = lines("new")
    static let secondText = lines("newer")
    static let time = WallTime(milliseconds: 1_700_000_000_000)
    static let key = IdempotencyKey(principal: "uid:0", key: "k-2", digest: "d2")
    static let oldKey = IdempotencyKey(principal: "uid:0", key: "k-1", digest: "d1")
    static let answer = KnownIdempotencyKey.Answer(
        status: 200, body: [UInt8](repeating: 0x61, count: 9000))
    /// All or none.
    static let audit = ["SUCCEEDED", "DENIED"].map {
        StoredAudit(
            time: time, principal: "uid:0", outcome: $0,
            payload: [UInt8](repeating: 0x62, count: 5000))
    }
    static let override = override("new", .maintenance)
    /// Something was said of it before.
    static let oldOverride = override("old", .drain)
    static let newWorker = LiveWorker(
        id: WorkerID(generation: 2, index: 0), pid: 102, startTicks: 9, bootID: "boot")
    static let oldWorker = LiveWorker(
        id: WorkerID(generation: 1, index: 0), pid: 101, startTicks: 7, bootID: "boot")

    static var running: ReloadRecord { record("rl_0000000000000002", .running) }

    static func succeeded(revision: Int?) -> ReloadRecord {
        var record = record("rl_0000000000000002", .succeeded)
        record.revision = revision
        record.finishedAt = time + .seconds(1)
        record.logTail = (0..<100).map { "line \($0) of what the worker said" }
        return record
    }

    static var old: ReloadRecord { record("rl_0000000000000001", .succeeded) }

    static func add(_ text: ConfigurationText, to store: Store) throws {
        _ = try store.addRevision(
            sha256: text.sha256, text: text.bytes, sourceName: "apus.yaml",
            origin: RevisionOrigin(reload: running.id, principal: "uid:0", reason: nil), at: time)
    }

    /// Nil if it is not there.
    static func number(of text: ConfigurationText, _ store: Store) throws -> Int? {
        try store.revisions().first { $0.sha256 == text.sha256 }?.number
    }

    static func emptied(_ override: ServerOverride) -> ServerOverride {
        ServerOverride(backend: override.backend, server: override.server)
    }

    private static func override(_ server: String, _ state: ServerAdminState) -> ServerOverride {
        var override = ServerOverride(backend: "web", server: server)
        override.adminState = state
        override.weight = .init(value: 5, configured: 100)
        return override
    }

    private static func record(_ id: String, _ status: ReloadRecord.Status) -> ReloadRecord {
        ReloadRecord(
            id: id, status: status, mode: .soft, trigger: .init(source: .api, principal: "uid:0"),
            createdAt: time)
    }

    private static func lines(_ word: String) -> ConfigurationText {
        ConfigurationText((0..<800).map { "# \(word) line \($0)\n" }.joined())
    }
}
