// Reloads for a terminal. Pure.

import Clock
internal import ConfigurationLanguage
import JSON

enum ReloadText {
    static func table(_ reloads: [JSONValue], _ style: Printer.Style) -> String {
        let columns: [ItemTable.Column] = [
            .member("ID", "id"), .state("STATUS", "status"), .member("MODE", "mode"),
            .member("REV", "config_revision"), .member("FROM", "from_generation"),
            .member("TO", "to_generation"), .measure("TOOK", "duration_ms", unit: "ms"),
            .age("AGE", "created_at"), .member("SOURCE", "trigger", "source"),
            .member("PRINCIPAL", "trigger", "principal").wide,
            .member("CREATED", "created_at").wide, .made("WHY", why),
        ]
        return ItemTable(columns: columns).text(reloads, style)
    }

    private static func why(_ reload: JSONValue) -> TextTable.Cell {
        let why =
            reload["error"]?["code"]?.stringValue
            ?? reload["superseded_by"]?.stringValue.map { "by \($0)" }
            ?? reload["trigger"]?["reason"]?.stringValue ?? "-"
        return .init(TerminalText.clean(String(why.prefix(60))))
    }

    /// `reload rl_… SUCCEEDED in 24 ms; generation 14 serves revision 43`.
    static func sentence(_ reload: JSONValue) -> String {
        let id = reload["id"]?.stringValue ?? "?"
        let status = reload["status"]?.stringValue ?? "?"
        var text = "reload \(id) \(status)"
        if status == "SUCCEEDED" {
            if let took = reload["duration_ms"]?.integerValue { text += " in \(took) ms" }
            if reload["unchanged"]?.boolValue == true { text += "; unchanged" }
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
    static func details(_ reload: JSONValue) -> String {
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
}
