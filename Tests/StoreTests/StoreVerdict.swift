// What a store looks like after its writer ended in whatever way: the old or the new state of each
// call, and the new one of each that the writer called durable.

import ConfigurationLanguage
import Foundation
import GRDB
import Supervisor

@testable import Store
@testable import StoreWriter

struct StoreVerdict {
    /// Everything that must not be so, in words; empty if all is well.
    private(set) var faults: [String] = []
    private enum Found: Equatable {
        case old, new
        case neither(String)
    }

    /// - Parameters:
    ///   - said: the calls that the writer called durable.
    ///   - wasUsed: whether the store had been prepared by `StoreVerdict.use`.
    init(directory: String, said: Set<StoreCall>, wasUsed: Bool) {
        do {
            let store = try Store.open(directory: directory)
            faults += store.findings.map(\.description)
            let names = try FileManager.default.contentsOfDirectory(atPath: directory)
            faults += names.filter { $0.contains("damaged") }
            try look(at: store)
            if wasUsed { try lookForTheOld(in: store) }
            for call in StoreCall.allCases {
                let found = try Self.find(call, in: store, wasUsed: wasUsed)
                if case .neither(let what) = found {
                    faults.append("\(call) is half there: \(what)")
                }
                if found == .old, said.contains(call) { faults.append("\(call) is lost") }
            }
            try store.close()
        } catch {
            faults.append("\(error)")
        }
    }

    /// What an earlier life left.
    static func use(_ store: Store) throws {
        try store.reserveGenerations(through: Values.reservedBefore)
        try Values.add(Values.oldText, to: store)
        var record = Values.old
        record.revision = 1
        try store.save(record, key: Values.oldKey)
        try store.keep(Values.answer, for: Values.oldKey)
        try store.add(Values.oldWorker)
        try store.save(Values.oldOverride)
    }

    private mutating func look(at store: Store) throws {
        let (integrity, recordCount) = try store.database.read { database in
            (
                try String.fetchAll(database, sql: "PRAGMA integrity_check"),
                try Int.fetchOne(database, sql: "SELECT count(*) FROM reload")
            )
        }
        if integrity != ["ok"] { faults.append("integrity: \(integrity)") }
        if try store.reloads().count != recordCount { faults.append("a record is unreadable") }
        for summary in try store.revisions() {
            let revision = try store.revision(summary.number)
            if ConfigurationText(bytes: revision?.text ?? []).sha256 != summary.sha256 {
                faults.append("the text of revision \(summary.number) is not its own")
            }
        }
    }

    private mutating func lookForTheOld(in store: Store) throws {
        var record = Values.old
        record.revision = 1
        let answer = try store.known(Values.oldKey, at: Values.time)?.answer
        if try !store.reloads().contains(record) || answer != Values.answer
            || store.revision(1)?.isGood != true
        {
            faults.append("what was there before is not there")
        }
    }

    private static func find(
        _ call: StoreCall, in store: Store, wasUsed: Bool
    ) throws -> Found {
        switch call {
        case .reserveGenerations, .returnGenerations:
            try findCounter(call, try store.lastGeneration(), wasUsed)
        case .addRevision: try Values.number(of: Values.text, store) == nil ? .old : .new
        case .addSecondRevision:
            try Values.number(of: Values.secondText, store) == nil ? .old : .new
        case .markGood:
            try isGood(Values.number(of: Values.secondText, store), store) ? .new : .old
        case .saveRunning, .saveSucceeded, .keepAnswer: try findReload(call, in: store)
        case .addWorker: try store.liveWorkers().contains(Values.newWorker) ? .new : .old
        case .removeWorker: try store.liveWorkers().contains(Values.oldWorker) ? .old : .new
        case .addAudit: try findAudit(in: store)
        case .saveOverride:
            try store.serverOverrides().contains(Values.override) ? .new : .old
        case .takeBackOverride:
            try store.serverOverrides().contains(Values.oldOverride) ? .old : .new
        case .close: .new
        }
    }

    private static func findCounter(
        _ call: StoreCall, _ last: Int, _ wasUsed: Bool
    ) throws -> Found {
        switch last {
        case Values.returned: .new
        case Values.reserved: call == .reserveGenerations ? .new : .old
        case wasUsed ? Values.reservedBefore : 0: .old
        default: .neither("the last generation is \(last)")
        }
    }

    private static func findAudit(in store: Store) throws -> Found {
        let lines = try store.audit(AuditFilter()).reversed().map { line in
            var line = line
            line.sequence = 0
            return line
        }
        if lines.isEmpty { return .old }
        return lines == Values.audit ? .new : .neither("\(lines.count) lines of the audit")
    }

    /// The record and its key, the record and its revision: one is not there without the other.
    private static func findReload(_ call: StoreCall, in store: Store) throws -> Found {
        let record = try store.reloads().first { $0.id == Values.running.id }
        let known = try store.known(Values.key, at: Values.time)
        if call == .keepAnswer {
            guard let answer = known?.answer else { return .old }
            return answer == Values.answer ? .new : .neither("\(answer)")
        }
        guard let record else { return known == nil ? .old : .neither("a key without its record") }
        guard known?.reload == record.id else { return .neither("a record without its key") }
        let number = try Values.number(of: Values.text, store)
        let isGood = try isGood(number, store)
        if record == Values.running, !isGood { return call == .saveRunning ? .new : .old }
        if record == Values.succeeded(revision: number), number != nil, isGood { return .new }
        return .neither("\(record), its revision good: \(isGood)")
    }

    private static func isGood(_ number: Int?, _ store: Store) throws -> Bool {
        try number.flatMap { try store.revision($0) }?.isGood == true
    }
}
