// `apus reload`: asks for a reload and, with --wait, tells its outcome by words and exit code.

import ArgumentParser
import Clock
import JSON

struct ReloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Reload the configuration without losing a request.",
        discussion: """
            A new generation is started; when it is READY it takes over the listeners, and the old \
            one drains. If anything fails, the old one keeps serving, and nothing has changed.

            Without --wait the command returns as soon as the reload is recorded. With it, the \
            steps are shown on stderr as they happen, and Ctrl-C leaves the reload running. \
            A master that has had too many reloads (429) is asked again until the time is over.
            """)

    @OptionGroup var global: GlobalOptions

    @Option(
        help: ArgumentHelp(
            "Wait for the outcome, at most so long, with a unit: 60s, 500ms, 5m at most.",
            valueName: "duration")
    )
    var wait: WaitArgument?

    @Option(
        help: ArgumentHelp(
            "With --wait: finished (default), or drained: until the leavers are gone as well.",
            valueName: "what"))
    var waitFor: WaitGoal?

    @Flag(help: "Do nothing if the serving generation runs this very configuration already.")
    var ifChanged = false

    @Option(
        help: ArgumentHelp(
            "While another reload is not over: queue (default) or reject.", valueName: "what"))
    var onBusy: BusyPolicy?

    @Option(
        help: ArgumentHelp(
            "Of two runs with the same key within a day, the second does nothing and tells what "
                + "the first one told.", valueName: "key"))
    var idempotencyKey: String?

    @Flag(help: "End the leavers at once with SIGTERM: their sessions are cut.")
    var hard = false

    @Option(help: ArgumentHelp("Why, for the record.", valueName: "text"))
    var reason: String?

    func run() throws {
        let session = try ClientSession(global)
        let answer = try request(session.client)
        guard answer.isSuccess else { throw session.failure(answer, ReloadText.failure) }
        guard let wait, answer.status == 202, let id = answer.value["id"]?.stringValue else {
            session.show(answer) { value, _ in ReloadText.sentence(value) + "\n" }
            return
        }
        try ReloadWatch(session: session, id: id, wait: wait, isForDrained: waitFor == .drained)
            .run()
    }

    func validate() throws {
        if waitFor != nil && wait == nil { throw ValidationError("--wait-for needs --wait") }
    }

    private func request(_ client: MasterClient) throws -> MasterAnswer {
        let body: JSONValue = [
            "mode": hard ? "HARD" : "SOFT", "reason": reason.map { .string($0) } ?? .null,
            "if_changed": .bool(ifChanged), "on_busy": .string((onBusy ?? .queue).rawValue),
        ]
        let fields = idempotencyKey.map { [("Idempotency-Key", $0)] } ?? []
        let deadline = wait.map { Instant.now() + $0.duration }
        while true {
            let answer = try client.post(
                "/v1/reloads", body: body, fields: fields)
            let pause = Duration.seconds(answer.value["retry_after_s"]?.integerValue ?? 1)
            guard answer.status == 429, let deadline, Instant.now() + pause < deadline else {
                return answer
            }
            try Blocking.wait { try await Task.sleep(for: pause) }
        }
    }
}

enum WaitGoal: String, ExpressibleByArgument, CaseIterable {
    case finished, drained
}

enum BusyPolicy: String, ExpressibleByArgument, CaseIterable {
    case queue, reject
}
