// Of the status page: what wants attention, the master itself, and the totals of all workers.

import Clock
import Master
import Supervisor

extension StatusPage {
    /// Servers that somebody should know of, before the long tables.
    var attention: HTMLTable {
        let found = (backends ?? []).flatMap { $0.servers.filter(\.wantsAttention) }
        return HTMLTable(
            caption: "Servers that are not simply up",
            columns: [
                .words("Server"), .words("State"), .words("Why"), .words("Since"),
                .words("Last check"),
            ],
            rows: found.prefix(Limit.attention).map { server in
                let standing = ServerStanding(server, now: now)
                return [
                    .init(
                        "\(server.backend)/\(server.name)",
                        link: link(backend: server.backend)),
                    .init(standing.state, standing.tone),
                    .init(standing.why ?? "–"),
                    .age(of: standing.since, at: now),
                    .init(standing.check ?? "–"),
                ]
            },
            rest: .init(
                found.count - Limit.attention, "servers", at: HTMLLink("/v1/backends")))
    }

    var conditions: HTMLTable {
        HTMLTable(
            caption: "Conditions",
            columns: [.words("Condition"), .words("Holds"), .words("Reason"), .words("Message")],
            rows: Condition.all(of: snapshot).map { condition in
                [
                    .init(condition.type),
                    condition.holds ? .init("yes", .good) : .init("NO", .bad),
                    .init(condition.reason), .init(condition.message ?? "–"),
                ]
            })
    }

    var master: HTMLTable {
        let workers = snapshot.workers.values
        // Workers' words, so any numbers: sums wrap and do not trap.
        func sum(_ gauge: (WorkerGauges) -> Int) -> String {
            "\(workers.reduce(0) { $0 &+ gauge($1) })"
        }
        let rows: [[HTMLTable.Cell]] = [
            ["Version", .init(snapshot.version)],
            ["Instance", .init(snapshot.instanceID)],
            ["Runs for", .age(of: snapshot.startedAt, at: now)],
            ["Serving generation", .init(Self.number(snapshot.serving))],
            ["Revision that is served", .init(Self.number(snapshot.appliedRevision))],
            ["Revision that is wanted", .init(Self.number(snapshot.desiredRevision))],
            ["Last reload", lastReload],
            ["Client connections now", .init(sum(\.clientConnections))],
            ["Exchanges now", .init(sum(\.exchanges))],
            ["Tunnels now", .init(sum(\.tunnels))],
            [
                "Memory of the workers",
                .init(PageText.bytes(workers.reduce(0) { $0 &+ Self.size($1.rssBytes) })),
            ],
        ]
        return HTMLTable(
            caption: snapshot.shuttingDown ? "Master, which is shutting down" : "Master",
            columns: [.words("What"), .words("Value")], rows: rows)
    }

    private var lastReload: HTMLTable.Cell {
        guard let last = snapshot.reloads.first(where: { $0.status.isTerminal }) else {
            return .nothing
        }
        let age = last.finishedAt.map { " \(PageText.age(now - $0)) ago" } ?? ""
        let why = last.failure.map { ": \($0.detail)" } ?? ""
        let tone: HTMLTone? =
            switch last.status {
            case .failed: .bad
            case .queued, .running, .succeeded, .superseded, .cancelled: nil
            }
        return .init(
            "\(last.status.rawValue)\(age)\(why)", tone)
    }

    /// The counters of /metrics, with the same words.
    var totals: HTMLTable {
        let rows = MetricCatalogue.workerTotals.flatMap { total in
            total.samples.map { sample -> [HTMLTable.Cell] in
                let label = sample.label.map { " (\($0))" } ?? ""
                return [
                    .init("\(total.family.help.dropLast())\(label)"),
                    .number(snapshot.totals[sample.counter] ?? 0),
                ]
            }
        }
        return HTMLTable(
            caption: "All workers, those that are gone included, since the master started",
            columns: [.words("What")] + HTMLTable.Column.numbers("Total"), rows: rows)
    }

    static func number(_ number: Int?) -> String { number.map(String.init) ?? "–" }

    /// Of a worker's word.
    static func size(_ bytes: Int?) -> UInt64 { UInt64(max(0, bytes ?? 0)) }
}
