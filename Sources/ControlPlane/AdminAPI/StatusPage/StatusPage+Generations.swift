// Of the status page: generations and the workers that live.

import Clock
import Master
import Supervisor

extension StatusPage {
    private static let collection = HTMLLink("/v1/generations")

    /// Live ones, and the last of those that have exited.
    private var shown: [GenerationRecord] {
        let live = snapshot.generations.filter { $0.phase != .exited }
        let exited = snapshot.generations.filter { $0.phase == .exited }
        return Array(live.prefix(Limit.generations) + exited.prefix(Limit.exitedGenerations))
    }

    var generations: HTMLTable {
        let shown = shown
        return HTMLTable(
            caption: "Generations, newest first",
            columns: [.words("Generation"), .words("Phase"), .words("Status")]
                + HTMLTable.Column.numbers("Revision", "Age", "Reloads survived", "Connections")
                + [.words("End")],
            rows: shown.map(row),
            rest: .init(
                snapshot.generations.count - shown.count, "generations", at: Self.collection))
    }

    private func row(_ record: GenerationRecord) -> [HTMLTable.Cell] {
        let connections = record.workers.reduce(0) { sum, worker in
            sum &+ (gauges(of: worker, in: record)?.clientConnections ?? 0)
        }
        let limit = snapshot.maxReloads.map { " of \($0)" } ?? ""
        return [
            .init("\(record.generation)", link: Self.collection.appending("\(record.generation)")),
            .init(record.phase.rawValue, Self.tone(of: record)),
            .init(record.status.rawValue),
            .number(record.plan.revision),
            .age(of: record.createdAt, at: now),
            .init("\(record.reloads)\(limit)"),
            .number(connections),
            .init(Self.end(of: record)),
        ]
    }

    private static func tone(of record: GenerationRecord) -> HTMLTone? {
        switch record.phase {
        case .starting: .warning
        case .serving: .good
        case .leaving: .off
        case .exited: record.exitExpected ? nil : .bad
        }
    }

    private static func end(of record: GenerationRecord) -> String {
        let reason = record.sigtermReason.map { " (\($0.rawValue))" } ?? ""
        guard let exit = record.exit else {
            return record.sigtermSent ? "SIGTERM sent\(reason)" : "–"
        }
        let how =
            exit.signal.map { "signal \($0)" } ?? exit.code.map { "code \($0)" } ?? "unknown"
        return how + reason + (record.exitExpected ? "" : ", UNEXPECTED")
    }

    var workers: HTMLTable {
        let live = snapshot.generations.filter { $0.phase != .exited }.flatMap { record in
            record.workers.filter { $0.exit == nil }.map { (record, $0) }
        }
        return HTMLTable(
            caption: "Workers",
            columns: [.words("Worker"), .words("Status"), .words("Phase")]
                + HTMLTable.Column.numbers(
                    "Process", "Connections", "Oldest", "Exchanges", "Tunnels", "Memory"),
            rows: live.prefix(Limit.workers).map { record, worker in row(worker, of: record) },
            rest: .init(live.count - Limit.workers, "workers", at: Self.collection))
    }

    private func row(
        _ worker: GenerationRecord.Worker, of record: GenerationRecord
    ) -> [HTMLTable.Cell] {
        let gauges = gauges(of: worker, in: record)
        let isReady = worker.status == .ready
        return [
            .init("\(record.generation)/\(worker.index)"),
            .init(worker.status.rawValue, isReady ? .good : .warning),
            .init(record.phase.rawValue),
            .init(Self.number(worker.pid.map(Int.init))),
            .init(Self.number(gauges?.clientConnections)),
            .init(gauges?.oldestSessionAgeSeconds.map { PageText.age(.seconds($0)) } ?? "–"),
            .init(Self.number(gauges?.exchanges)),
            .init(Self.number(gauges?.tunnels)),
            .init(gauges?.rssBytes.map { PageText.bytes(Self.size($0)) } ?? "–"),
        ]
    }

    private func gauges(
        of worker: GenerationRecord.Worker, in record: GenerationRecord
    ) -> WorkerGauges? {
        guard worker.exit == nil else { return nil }
        return snapshot.workers[WorkerID(generation: record.generation, index: worker.index)]
    }
}
