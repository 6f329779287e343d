// The last lines that workers wrote, for a terminal. Pure.

internal import ConfigurationLanguage
import JSON

enum LogText {
    static func text(_ log: JSONValue, _ style: Printer.Style) -> String {
        log.items.map { TerminalText.clean($0.stringValue ?? "") + "\n" }.joined()
    }
}
