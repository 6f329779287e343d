// Generations for a terminal. Pure.

import Clock
internal import ConfigurationLanguage
import JSON

enum GenerationTable {
    static func text(
        _ generations: [JSONValue], wide: Bool, colour: Bool, now: WallTime
    ) -> String {
        var table = TextTable(columns: [
            .init(title: "GEN"), .init(title: "STATUS", gap: 1), .init(title: "PHASE"),
            .init(title: "PID"), .init(title: "REV"), .init(title: "RELOADS"),
            .init(title: "SIGTERM"), .init(title: "SESSIONS"), .init(title: "AGE"),
        ])
        if wide {
            table.columns += ["INIT", "RSS", "WORKERS", "REASON", "EXIT"].map { .init(title: $0) }
        }
        table.rows = generations.map { generation in
            let cells = row(generation, now: now)
            return wide ? cells + moreCells(generation) : cells
        }
        return table.text(colour: colour)
    }

    private static func row(_ generation: JSONValue, now: WallTime) -> [TextTable.Cell] {
        let phase = generation["phase"]?.stringValue ?? "-"
        let sigterm =
            generation["sigterm_sent"]?.boolValue == true
            ? "sent \(Age.since(generation["sigterm_at"]?.stringValue, now: now))" : "-"
        let limit = generation["max_reloads"]?.integerValue.map { "/\($0)" } ?? ""
        return [
            number(generation["generation"]),
            .init(TerminalText.clean(generation["status"]?.stringValue ?? "-")),
            .init(TerminalText.clean(phase), colour(of: phase)),
            number(generation["pid"]), number(generation["config_revision"]),
            .init("\(generation["reloads"]?.integerValue ?? 0)\(limit)"),
            .init(sigterm, sigterm == "-" ? nil : .yellow),
            number(generation["sessions"]?["current"]),
            .init(Age.since(generation["created_at"]?.stringValue, now: now)),
        ]
    }

    private static func moreCells(_ generation: JSONValue) -> [TextTable.Cell] {
        let exit = generation["exit"]
        let end =
            if let signal = exit?["signal"]?.integerValue {
                "signal \(signal)"
            } else if let code = exit?["code"]?.integerValue {
                "code \(code)"
            } else {
                "-"
            }
        let megabytes = (generation["rss_bytes"]?.integerValue ?? 0) / 1_048_576
        let expected = exit?["expected"]?.boolValue ?? true
        return [
            .init(generation["init_ms"]?.integerValue.map { "\($0)ms" } ?? "-"),
            .init("\(megabytes)MB"),
            .init("\(generation["workers"]?.arrayValue?.count ?? 0)"),
            .init(TerminalText.clean(generation["sigterm_reason"]?.stringValue ?? "-")),
            .init(end, expected ? nil : .red),
        ]
    }

    private static func number(_ value: JSONValue?) -> TextTable.Cell {
        .init(value?.integerValue.map(String.init) ?? "-")
    }

    private static func colour(of phase: String) -> TextTable.Colour? {
        switch phase {
        case "SERVING": .green
        case "STARTING", "LEAVING": .yellow
        case "EXITED": .grey
        default: nil
        }
    }
}
