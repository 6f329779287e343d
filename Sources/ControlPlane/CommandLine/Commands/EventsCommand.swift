// `apus events`: what happens, as it happens.

import ArgumentParser
import Glibc
import JSON

struct EventsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Show what happens, until Ctrl-C.",
        discussion: """
            One line an event: text on a terminal, JSON in a pipe. Ends with exit code 7 when the \
            master ends.
            """)

    @OptionGroup var global: GlobalOptions

    @Option(
        help: ArgumentHelp(
            "Only these, separated by commas: reload.failed, generation.*",
            valueName: "types"))
    var type: String?

    func run() throws {
        let session = try ClientSession(global)
        let isQuiet = session.quiet
        let query = type.map { "?type=\(Self.escaped($0))" } ?? ""
        let show: @Sendable ([UInt8]) -> Void =
            session.isForPeople ? Self.showText : Self.showJSON
        // NIO ignores it from its first connection on, but `apus events | head` is to end.
        let answer = try session.client.stream("/v1/events\(query)") { line in
            signal(SIGPIPE, SIG_DFL)
            if !isQuiet { show(line) }
        }
        throw session.failure(answer, ProblemText.summary)
    }

    private static func showText(_ line: [UInt8]) {
        guard let event = try? JSONText.parse(line), let text = EventText.line(event) else {
            return
        }
        Console.output(text)
    }

    /// As it came, heartbeats too: whoever reads sees that the stream lives.
    private static func showJSON(_ line: [UInt8]) {
        Console.output(bytes: line + [UInt8(ascii: "\n")])
    }

    /// What is not of a type's alphabet cannot be one; the master says so.
    private static func escaped(_ text: String) -> String {
        String(
            text.unicodeScalars.map { scalar in
                let character = Character(scalar)
                let isLetter = character.isASCII && character.isLetter
                return isLetter || ".*,_".contains(character) ? character : "?"
            })
    }
}
