// One frame of `apus top`: what serves, how much, and who leaves. Pure: answers of the API in,
// lines out.

import Clock
internal import ConfigurationLanguage
import JSON

struct TopFrame {
    /// The answers of one moment.
    struct Sample {
        var status: JSONValue
        var generations: JSONValue
        var stats: JSONValue
    }

    struct Size: Equatable {
        var lines: Int
        var columns: Int
    }

    var sample: Sample
    /// The one before, for rates; of the same master.
    var previous: Sample?
    var style: Printer.Style

    var text: String {
        let generations = sample.generations.items.filter { $0["phase"] != "EXITED" }
        return [
            StatusText.serving(sample.status).text + " · apus "
                + TextTable.Cell(value: sample.status["version"]).text + "\n",
            traffic.text(colour: style.colour),
            responses.text(colour: style.colour),
            StatusText.conditionsThatFail(sample.status, style),
            GenerationTable.text(generations, style),
            lastReload,
        ].filter { !$0.isEmpty }.joined(separator: "\n")
    }

    /// Cut to a terminal's size: lines that do not fit are not shown, columns neither. Colours cost
    /// no column.
    func text(within size: Size) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).prefix(max(1, size.lines - 1))
            .map { Self.cut(String($0), to: size.columns) }.joined(separator: "\n")
    }

    private var traffic: TextTable {
        TextTable(
            columns: ["REQUESTS/s", "CONNECTIONS", "REQUESTS NOW", "TUNNELS", "IN/s", "OUT/s"]
                .map { .init(title: $0) },
            rows: [
                [
                    .init(rate("requests") ?? "-"),
                    .init(value: sample.stats.at(["now", "client_connections"])),
                    .init(value: sample.stats.at(["now", "exchanges"])),
                    .init(value: sample.stats.at(["now", "tunnels"])),
                    .init(bytes("bytes_in")), .init(bytes("bytes_out")),
                ]
            ])
    }

    private var responses: TextTable {
        let classes = ["2xx", "3xx", "4xx", "5xx"]
        return TextTable(
            columns: ([""] + classes).map { .init(title: $0.isEmpty ? "RESPONSES" : $0) },
            rows: [
                [.init("per second")] + classes.map { .init(rate("responses_\($0)") ?? "-") },
                [.init("in all")]
                    + classes.map {
                        .init(value: sample.stats.at(["totals", "responses_\($0)"]))
                    },
            ])
    }

    private var lastReload: String {
        guard let last = sample.status.at(["reloads", "last"]), !last.isNull else { return "" }
        return "last reload: "
            + TerminalText.clean(
                "\(last["id"]?.stringValue ?? "?") \(last["status"]?.stringValue ?? "?") "
                    + "\(Age.since(last["finished_at"]?.stringValue, now: style.now)) ago")
    }

    /// Of a counter, per second; nil without a frame before, or over a restart of the master.
    private func perSecond(_ name: String) -> Double? {
        guard let previous, previous.stats["instance_id"] == sample.stats["instance_id"],
            let now = sample.stats.at(["totals", name])?.doubleValue,
            let then = previous.stats.at(["totals", name])?.doubleValue,
            let end = sample.stats["taken_at"]?.stringValue.flatMap(Age.time),
            let start = previous.stats["taken_at"]?.stringValue.flatMap(Age.time)
        else { return nil }
        let milliseconds = (end - start).wholeMilliseconds
        guard milliseconds > 0, now >= then else { return nil }
        return (now - then) * 1000 / Double(milliseconds)
    }

    private func rate(_ name: String) -> String? { perSecond(name).map(Self.short) }

    private func bytes(_ name: String) -> String { perSecond(name).map(Self.short) ?? "-" }

    /// Three digits or so: `7`, `940`, `12.3k`, `4.1M`.
    static func short(_ number: Double) -> String {
        var number = number
        for unit in ["", "k", "M", "G", "T"] {
            if number < 1000 || unit == "T" {
                let tenths = Int64(exactly: (number * 10).rounded()) ?? .max
                let isRound = unit.isEmpty || number >= 100 || tenths % 10 == 0
                return (isRound ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)") + unit
            }
            number /= 1000
        }
        return "-"
    }

    private static func cut(_ line: String, to columns: Int) -> String {
        var result = ""
        var count = 0
        var isEscape = false
        for character in line {
            if character == "\u{1B}" {
                isEscape = true
            } else if isEscape {
                isEscape = character != "m"
            } else if count < columns {
                count += 1
            } else {
                continue
            }
            result.append(character)
        }
        return result
    }
}
