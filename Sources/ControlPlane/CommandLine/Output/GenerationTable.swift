// Generations for a terminal. Pure.

import Clock
import JSON

enum GenerationTable {
    static func text(_ generations: [JSONValue], _ style: Printer.Style) -> String {
        ItemTable(columns: columns).text(generations, style)
    }

    private static var columns: [ItemTable.Column] {
        [
            .member("GEN", "generation"), .member("STATUS", "status", gap: 1),
            .state("PHASE", "phase"), .member("PID", "pid"), .member("REV", "config_revision"),
            .made("RELOADS", reloads), .init(title: "SIGTERM", cell: sigterm),
            .member("SESSIONS", "sessions", "current"), .age("AGE", "created_at"),
            .measure("INIT", "init_ms", unit: "ms").wide,
            .made("RSS") {
                .init("\(($0["rss_bytes"]?.integerValue ?? 0) / 1_048_576)MB")
            }.wide,
            .member("WORKERS", "workers").wide, .member("REASON", "sigterm_reason").wide,
            .made("EXIT", exit).wide,
        ]
    }

    private static func reloads(_ generation: JSONValue) -> TextTable.Cell {
        let limit = generation["max_reloads"]?.integerValue.map { "/\($0)" } ?? ""
        return .init("\(generation["reloads"]?.integerValue ?? 0)\(limit)")
    }

    private static func sigterm(_ generation: JSONValue, now: WallTime) -> TextTable.Cell {
        guard generation["sigterm_sent"]?.boolValue == true else { return "-" }
        return .init("sent \(Age.since(generation["sigterm_at"]?.stringValue, now: now))", .yellow)
    }

    private static func exit(_ generation: JSONValue) -> TextTable.Cell {
        let exit = generation["exit"]
        let text =
            if let signal = exit?["signal"]?.integerValue {
                "signal \(signal)"
            } else if let code = exit?["code"]?.integerValue {
                "code \(code)"
            } else {
                "-"
            }
        return .init(text, exit?["expected"]?.boolValue ?? true ? nil : .red)
    }
}
