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

            Without --wait the command returns as soon as the reload is recorded.
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
        let answer = try session.client.post(
            "/v1/reloads" + (wait.map { "?wait=\($0.text)" } ?? ""), body: body,
            waiting: wait?.duration ?? .zero)
        guard answer.isSuccess else { throw session.failure(answer, ReloadText.failure) }
        session.show(answer) { value, _ in ReloadText.sentence(value) + "\n" }
        if answer.status == 202, let wait {
            throw CommandFailure(
                .waitExpired, "\(ReloadText.sentence(answer.value)) after \(wait.text)")
        }
    }
}
