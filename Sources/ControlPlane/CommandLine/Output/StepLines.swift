// The steps of a reload as they happen: on a terminal the running one is rewritten until it ends,
// elsewhere each step is a line when it ended. Pure: records in, text out.

import Clock
internal import ConfigurationLanguage
import JSON

struct StepLines {
    /// A terminal that understands "back to the start of the line, and erase".
    let isLive: Bool
    let colour: Bool
    private var endedCount = 0
    /// When what runs now was first seen to run.
    private var running: (name: String, since: Instant)?

    init(isLive: Bool, colour: Bool) {
        self.isLive = isLive
        self.colour = colour
    }

    /// What to write, given the record as it is now.
    mutating func text(_ reload: JSONValue, now: Instant) -> String {
        let steps = reload["steps"]?.arrayValue ?? []
        let ended = steps.prefix { $0["status"] != "RUNNING" }
        var text = ended.dropFirst(endedCount).map { erased + line($0) + "\n" }.joined()
        endedCount = max(endedCount, ended.count)
        guard isLive else { return text }
        if let step = steps.dropFirst(ended.count).first {
            text += erased + line(step, seconds: seconds(step["name"], now))
        } else if reload["status"] == "QUEUED" {
            text += erased + line(["name": "QUEUED", "status": ""], seconds: seconds("", now))
        }
        return text
    }

    /// What ends the live line.
    var end: String { erased }

    private var erased: String { isLive ? "\r\u{1B}[K" : "" }

    private mutating func seconds(_ name: JSONValue?, _ now: Instant) -> Int64 {
        let name = name?.stringValue ?? ""
        if running?.name != name { running = (name, now) }
        return running.map { (now - $0.since).wholeSeconds } ?? 0
    }

    private func line(_ step: JSONValue, seconds: Int64? = nil) -> String {
        let name = TerminalText.clean(step["name"]?.stringValue ?? "?")
        let status = TerminalText.clean(step["status"]?.stringValue ?? "?")
        let padding = String(repeating: " ", count: max(0, 10 - name.count))
        var text = "  \(name)\(padding)  "
        if colour, let code = TextTable.Colour(state: status)?.rawValue {
            text += "\u{1B}[\(code)m\(status)\u{1B}[0m"
        } else {
            text += status
        }
        if let milliseconds = step["ms"]?.integerValue { text += "  \(milliseconds) ms" }
        if let seconds, seconds > 0 { text += "  \(seconds) s" }
        return text
    }
}
