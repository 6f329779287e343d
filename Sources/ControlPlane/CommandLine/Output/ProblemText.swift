// A problem of the API, and problems of a configuration, as lines that editors parse:
// `file:line:column: error: text (pointer)`. Pure.

internal import ConfigurationLanguage
import JSON

enum ProblemText {
    /// One line an error. A reload that failed without a list of them has one reason.
    static func lines(_ problem: JSONValue) -> [String] {
        let entries = problem["errors"]?.arrayValue ?? []
        if entries.isEmpty, let reason = problem["operation"]?["error"], !reason.isNull {
            return [
                line(["message": reason["detail"] ?? .null, "pointer": reason["pointer"] ?? .null])
            ]
        }
        return entries.map(line)
    }

    static func summary(_ problem: JSONValue) -> String {
        let title = problem["title"]?.stringValue ?? "failed"
        guard let detail = problem["detail"]?.stringValue, !detail.isEmpty else { return title }
        return TerminalText.clean("\(title): \(detail)")
    }

    static func line(_ entry: JSONValue) -> String {
        var text = ""
        if let file = entry["file"]?.stringValue {
            text = file
            if let line = entry["line"]?.integerValue {
                text += ":\(line)"
                if let column = entry["column"]?.integerValue { text += ":\(column)" }
            }
            text += ": "
        }
        text += "\(entry["severity"]?.stringValue ?? "error"): "
        text += entry["message"]?.stringValue ?? "unknown"
        if let suggestion = entry["suggestion"]?.stringValue {
            text += ", did you mean \"\(suggestion)\"?"
        }
        if let pointer = entry["pointer"]?.stringValue, !pointer.isEmpty {
            text += " (\(pointer))"
        }
        return TerminalText.clean(text)
    }
}
