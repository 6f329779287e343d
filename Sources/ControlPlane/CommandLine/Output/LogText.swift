// The last lines that workers wrote, and what came of opening the access logs anew, for a terminal.
// Pure.

internal import ConfigurationLanguage
import JSON

enum LogText {
    static func text(_ log: JSONValue, _ style: Printer.Style) -> String {
        log.items.map { TerminalText.clean($0.stringValue ?? "") + "\n" }.joined()
    }

    /// `/var/log/apus/access.log: opened anew` a line, and how many workers were told.
    static func reopened(_ answer: JSONValue) -> String {
        let destinations = answer["destinations"]?.arrayValue ?? []
        let workers = answer["workers"]?.integerValue ?? 0
        if destinations.isEmpty { return "no access log that could be opened anew\n" }
        return destinations.map { TerminalText.clean($0.stringValue ?? "") + ": opened anew\n" }
            .joined() + "\(workers) worker\(workers == 1 ? "" : "s") told\n"
    }
}
