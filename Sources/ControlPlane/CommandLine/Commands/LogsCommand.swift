// `apus logs …`: the access logs of the workers.

import ArgumentParser
import JSON

struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Open the access logs anew, for logrotate.",
        subcommands: [Reopen.self])

    struct Reopen: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Open every access log anew, after its file was renamed.",
            discussion: """
                Every worker that lives is told, also of generations that still drain. Lines that are \
                on their way may come to the old file for a moment; none is lost.
                """)

        @OptionGroup var global: GlobalOptions

        func run() throws {
            let session = try ClientSession(global)
            session.show(try session.succeeding(session.client.post("/v1/logs/reopen"))) {
                answer, _ in
                LogText.reopened(answer)
            }
        }
    }
}
