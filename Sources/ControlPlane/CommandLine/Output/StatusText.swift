// /v1/status for a terminal. Pure.

import Clock
internal import ConfigurationLanguage
import JSON

enum StatusText {
    static func text(_ status: JSONValue, _ style: Printer.Style) -> String {
        let reloads = status["reloads"]
        var facts = TextTable(columns: [.init(title: ""), .init(title: "")])
        facts.rows = [
            ["version", .init(status["version"]?.stringValue ?? "-")],
            ["instance", .init(status["instance_id"]?.stringValue ?? "-")],
            ["serving", serving(status)],
            ["generations", .init(generations(status))],
            [
                "reloads",
                .init(
                    "\(number(reloads?["succeeded"])) succeeded, "
                        + "\(number(reloads?["failed"])) failed"
                        + last(reloads?["last"], style.now)),
            ],
        ]
        let factLines = facts.text(colour: style.colour).split(separator: "\n").dropFirst()
        return factLines.joined(separator: "\n") + "\n\n"
            + conditions.text(status["conditions"]?.arrayValue ?? [], style)
    }

    /// Nothing if all hold.
    static func conditionsThatFail(_ status: JSONValue, _ style: Printer.Style) -> String {
        let failing = (status["conditions"]?.arrayValue ?? []).filter { $0["status"] != "True" }
        return failing.isEmpty ? "" : conditions.text(failing, style)
    }

    private static var conditions: ItemTable {
        ItemTable(columns: [
            .member("CONDITION", "type"), .state("STATUS", "status"),
            .member("REV", "observed_revision").wide, .member("REASON", "reason"),
            .member("MESSAGE", "message"),
        ])
    }

    static func serving(_ status: JSONValue) -> TextTable.Cell {
        guard let generation = status["serving_generation"]?.integerValue else {
            return .init("no generation", .red)
        }
        let desired = status["desired_revision"]?.integerValue
        let applied = status["applied_revision"]?.integerValue
        let wanted = desired == applied ? "" : " (desired \(number(status["desired_revision"])))"
        return .init(
            "generation \(generation), revision \(number(status["applied_revision"]))\(wanted)",
            .green)
    }

    private static func generations(_ status: JSONValue) -> String {
        let counts = status["generations"]
        let limit = status["max_reloads"]?.integerValue.map(String.init) ?? "unlimited"
        return "\(number(counts?["starting"])) starting, \(number(counts?["serving"])) serving, "
            + "\(number(counts?["leaving"])) leaving (max_reloads \(limit))"
    }

    private static func last(_ reload: JSONValue?, _ now: WallTime) -> String {
        guard let reload, !reload.isNull else { return "" }
        let age = Age.since(reload["finished_at"]?.stringValue, now: now)
        return TerminalText.clean(
            "; last \(reload["id"]?.stringValue ?? "?") \(reload["status"]?.stringValue ?? "?") "
                + "\(age) ago")
    }

    private static func number(_ value: JSONValue?) -> String {
        value?.integerValue.map(String.init) ?? "-"
    }
}
