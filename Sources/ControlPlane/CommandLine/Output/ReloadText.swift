// Reloads for a terminal. Pure.

import Clock
internal import ConfigurationLanguage
import JSON

enum ReloadText {
    static func table(_ reloads: [JSONValue], colour: Bool, now: WallTime) -> String {
        var table = TextTable(
            columns: ["ID", "STATUS", "MODE", "REV", "FROM", "TO", "TOOK", "AGE", "SOURCE", "WHY"]
                .map { .init(title: $0) })
        table.rows = reloads.map { reload in
            let status = reload["status"]?.stringValue ?? "-"
            let trigger = reload["trigger"]
            let why =
                reload["error"]?["code"]?.stringValue
                ?? reload["superseded_by"]?.stringValue.map { "by \($0)" }
                ?? trigger?["reason"]?.stringValue ?? "-"
            return [
                cell(reload["id"]?.stringValue),
                .init(TerminalText.clean(status), Self.colour(status)),
                cell(reload["mode"]?.stringValue), number(reload["config_revision"]),
                number(reload["from_generation"]), number(reload["to_generation"]),
                .init(reload["duration_ms"]?.integerValue.map { "\($0)ms" } ?? "-"),
                .init(Age.since(reload["created_at"]?.stringValue, now: now)),
                cell(trigger?["source"]?.stringValue), cell(String(why.prefix(60))),
            ]
        }
        return table.text(colour: colour)
    }

    /// `reload rl_… SUCCEEDED in 24 ms; generation 14 serves revision 43`.
    static func sentence(_ reload: JSONValue) -> String {
        let id = reload["id"]?.stringValue ?? "?"
        let status = reload["status"]?.stringValue ?? "?"
        var text = "reload \(id) \(status)"
        if status == "SUCCEEDED" {
            if let took = reload["duration_ms"]?.integerValue { text += " in \(took) ms" }
            if let generation = reload["to_generation"]?.integerValue {
                text += "; generation \(generation) serves"
                if let revision = reload["config_revision"]?.integerValue {
                    text += " revision \(revision)"
                }
            }
        }
        return TerminalText.clean(text)
    }

    /// `reload rl_… FAILED at VALIDATE; generation 13 keeps serving revision 42`, from the
    /// problem of a reload that was waited for.
    static func failure(_ problem: JSONValue) -> String {
        guard let reload = problem["operation"] else { return ProblemText.summary(problem) }
        var text = sentence(reload)
        let steps = reload["steps"]?.arrayValue ?? []
        if let step = steps.last(where: { $0["status"]?.stringValue == "FAILED" }) {
            text += " at \(TerminalText.clean(step["name"]?.stringValue ?? "?"))"
        }
        if let superseding = reload["superseded_by"]?.stringValue {
            text += " by \(TerminalText.clean(superseding))"
        }
        if let generation = problem["serving_generation"]?.integerValue,
            let revision = problem["serving_revision"]?.integerValue
        {
            text += "; generation \(generation) keeps serving revision \(revision)"
        }
        return text
    }

    /// What `reloads show` prints: the record, its steps, its error.
    static func details(_ reload: JSONValue, now: WallTime) -> String {
        var lines = [sentence(reload)]
        for step in reload["steps"]?.arrayValue ?? [] {
            let name = step["name"]?.stringValue ?? "?"
            let status = step["status"]?.stringValue ?? "?"
            let took = step["ms"]?.integerValue.map { ", \($0) ms" } ?? ""
            lines.append("  \(name): \(status)\(took)")
        }
        if let error = reload["error"], !error.isNull {
            let pointer = error["pointer"]?.stringValue.map { "\($0): " } ?? ""
            lines.append("  error: \(pointer)\(error["detail"]?.stringValue ?? "?")")
            lines += ProblemText.lines(error).map { "  \($0)" }
        }
        for line in reload["log_tail"]?.arrayValue ?? [] {
            lines.append("  log: \(line.stringValue ?? "")")
        }
        return lines.map(TerminalText.clean).joined(separator: "\n") + "\n"
    }

    private static func colour(_ status: String) -> TextTable.Colour? {
        switch status {
        case "SUCCEEDED": .green
        case "FAILED": .red
        case "QUEUED", "RUNNING": .yellow
        default: .grey
        }
    }

    private static func cell(_ text: String?) -> TextTable.Cell {
        .init(TerminalText.clean(text ?? "-"))
    }

    private static func number(_ value: JSONValue?) -> TextTable.Cell {
        .init(value?.integerValue.map(String.init) ?? "-")
    }
}
