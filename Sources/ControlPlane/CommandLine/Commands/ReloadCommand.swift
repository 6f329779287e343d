// `apus reload`: asks for a reload and, with --wait, tells its outcome by words and exit code.

import ArgumentParser
import JSON

struct ReloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Reload the configuration without losing a request.",
        discussion: """
            A new generation is started; when it is READY it takes over the listeners, and the old \
            one drains. If anything fails, the old one keeps serving, and nothing has changed.

            Without --wait the command returns as soon as the reload is recorded. With it, the \
            steps are shown on stderr as they happen, and Ctrl-C leaves the reload running.
            """)

    @OptionGroup var global: GlobalOptions

    @Option(
        help: ArgumentHelp(
            "Wait for the outcome, at most so long: 60s, 500ms, 5m at most.", valueName: "duration")
    )
    var wait: WaitArgument?

    @Flag(help: "End the leavers at once with SIGTERM: their sessions are cut.")
    var hard = false

    @Option(help: ArgumentHelp("Why, for the record.", valueName: "text"))
    var reason: String?

    func run() throws {
        let session = try ClientSession(global)
        let body: JSONValue = [
            "mode": hard ? "HARD" : "SOFT", "reason": reason.map { .string($0) } ?? .null,
        ]
        let answer = try session.client.post("/v1/reloads", body: body)
        guard answer.isSuccess else { throw session.failure(answer, ReloadText.failure) }
        guard let wait, answer.status == 202, let id = answer.value["id"]?.stringValue else {
            session.show(answer) { value, _ in ReloadText.sentence(value) + "\n" }
            return
        }
        try ReloadWatch(session: session, id: id, wait: wait).run()
    }
}
