// Plans, differences and revisions for a terminal. Pure.

internal import ConfigurationLanguage
import JSON

enum PlanText {
    /// A sentence, and a line for each change.
    static func text(_ plan: JSONValue, _ style: Printer.Style) -> String {
        let table = ItemTable(columns: [
            .made("IMPACT") { change in
                let impact = change["impact"]?.stringValue ?? "-"
                return .init(TerminalText.clean(impact), colour(impact))
            },
            .member("OP", "op"), .member("POINTER", "pointer"),
        ])
        let changes = plan["changes"]?.arrayValue ?? []
        let sentence = sentence(plan) + "\n"
        return changes.isEmpty ? sentence : sentence + table.text(changes, style)
    }

    /// `2 changes against revision 42, at least RELOAD, applied by RELOAD`
    static func sentence(_ plan: JSONValue) -> String {
        let count = plan["change_count"]?.integerValue ?? 0
        let base = plan["base_revision"]?.integerValue.map { " against revision \($0)" } ?? ""
        var text =
            plan["level"]?.stringValue == "schema"
            ? "valid, and not compared"
            : count == 0
                ? "no change\(base)" : count == 1 ? "1 change\(base)" : "\(count) changes\(base)"
        if let impact = plan["impact"]?.stringValue, let apply = plan["apply"]?.stringValue {
            text += ", at least \(impact), applied by \(apply)"
        }
        if let took = plan["probe"]?["init_ms"]?.integerValue {
            text += "; a worker was READY in \(took) ms"
        }
        return TerminalText.clean(text)
    }

    static func revisions(_ revisions: [JSONValue], _ style: Printer.Style) -> String {
        ItemTable(columns: [
            .member("REV", "revision"), .age("AGE", "created_at"),
            .made("STATE") { revision in
                if revision["applied"]?.boolValue == true { return .init("applied", .green) }
                return revision["is_good"]?.boolValue == true ? "good" : .init("unserved", .yellow)
            },
            .member("WHO", "principal"), .member("RELOAD", "reload"),
            .made("SHA256") { .init(String(($0["sha256"]?.stringValue ?? "-").prefix(12))) },
            .member("BYTES", "size_bytes").wide, .member("SOURCE", "source").wide,
            .member("WHY", "reason"),
        ]).text(revisions, style)
    }

    private static func colour(_ impact: String) -> TextTable.Colour? {
        switch impact {
        case "HOT": .green
        case "RELOAD": .yellow
        case "RESTART": .red
        default: nil
        }
    }
}
