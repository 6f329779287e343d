// Events as lines for people: time, type, and what it is about. Pure.

internal import ConfigurationLanguage
import JSON

enum EventText {
    /// Nil for what is only of interest to programs.
    static func line(_ event: JSONValue, isWide: Bool = false) -> String? {
        guard let type = event["type"]?.stringValue, type != "stream.heartbeat" else { return nil }
        if type == "stream.gap" { return "-- events before this are lost --\n" }
        // `2026-11-21T00:10:03.412Z`: today is known, unless somebody wants to know it all.
        let at = event["at"]?.stringValue ?? "-"
        let time =
            isWide
            ? "\(event["id"]?.integerValue ?? 0)  \(at)" : String(at.dropFirst(11).prefix(12))
        var facts: [String] = []
        for member in event.objectValue?.members ?? []
        where !["id", "type", "at"].contains(member.name) && !member.value.isNull {
            facts.append("\(member.name)=\(text(member.value))")
        }
        let padding = String(repeating: " ", count: max(0, 18 - type.count))
        return TerminalText.clean("\(time)  \(type)\(padding)  \(facts.joined(separator: " "))")
            + "\n"
    }

    private static func text(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): text.contains(" ") ? "\"\(text)\"" : text
        case .integer(let number): "\(number)"
        case .bool(let value): "\(value)"
        default: "…"
        }
    }
}
