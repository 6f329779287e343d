// `apus events`: what happens, as it happens.

import ArgumentParser
import Glibc
import JSON
import Master

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
            valueName: "types"),
        completion: .list(MasterEvent.Kind.allCases.map(\.rawValue)))
    var type: String?

    @Option(
        help: ArgumentHelp(
            "Begin after the event with this id; the last 4096 are kept.", valueName: "id"))
    var since: UInt64?

    @Flag(
        inversion: .prefixedNo,
        help: ArgumentHelp(
            "Go on with what happens. Without it: what has happened, and an end."))
    var follow = true

    func run() throws {
        let session = try ClientSession(global)
        let format = session.printer.format
        let isQuiet = session.quiet
        // Who asked for everything that is kept knows that there was something before.
        let hidesGap = !follow && since == nil && format.isForPeople
        let answer = try session.client.stream(
            ("/v1/events" as RequestTarget).with("type", type)
                .with("follow", follow ? nil : "false"),
            fields: since.map { [("Last-Event-ID", "\($0)")] } ?? []
        ) { line in
            // NIO ignores it from its first connection on, but `apus events | head` is to end.
            signal(SIGPIPE, SIG_DFL)
            if isQuiet { return }
            Self.show(line, format, hidesGap: hidesGap)
        }
        if let answer { throw session.failure(answer, ProblemText.summary) }
        if follow { throw CommandFailure(.unreachable, "the master ended the stream") }
    }

    /// JSON is as it came, heartbeats too: whoever reads sees that the stream lives.
    private static func show(_ line: [UInt8], _ format: OutputFormat, hidesGap: Bool) {
        if !format.isForPeople, format != .yaml {
            Console.output(bytes: line + [UInt8(ascii: "\n")])
            return
        }
        guard let event = try? JSONText.parse(line) else { return }
        if format == .yaml {
            Console.output("---\n" + YAMLText.document(event))
        } else if !(hidesGap && event["type"] == "stream.gap"),
            let text = EventText.line(event, isWide: format == .wide)
        {
            Console.output(text)
        }
    }
}
