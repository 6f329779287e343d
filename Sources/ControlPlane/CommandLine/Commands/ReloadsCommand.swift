// `apus reloads`: what became of every reload, and the end of one that runs.

import ArgumentParser
import JSON

struct ReloadsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reloads", abstract: "List, show or cancel reloads, or read their logs.",
        subcommands: [List.self, Show.self, Logs.self, Cancel.self], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List reloads, newest first.")

        @OptionGroup var global: GlobalOptions

        @Option(
            help: ArgumentHelp(
                "Only those that are QUEUED, RUNNING, SUCCEEDED, FAILED, SUPERSEDED or CANCELLED.",
                valueName: "status"),
            completion: .list([
                "QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "SUPERSEDED", "CANCELLED",
            ]))
        var status: String?

        func run() throws {
            try ClientSession(global).show(
                ("/v1/reloads?limit=1000" as RequestTarget).with("status", status?.uppercased())
            ) { ReloadText.table($0.items, $1) }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one reload: its steps, and why it failed.",
            discussion: """
                With --wait it shows the steps as they happen and ends as `apus reload --wait` \
                does, exit code included.
                """)

        @OptionGroup var global: GlobalOptions
        @Argument(help: "Its id, `rl_…`.", completion: .custom(LiveNames.reloads)) var id: String

        @Option(
            help: ArgumentHelp(
                "Wait for the outcome, at most so long, with a unit: 60s, 500ms, 5m at most.",
                valueName: "duration"))
        var wait: WaitArgument?

        func run() throws {
            let session = try ClientSession(global)
            if let wait {
                try ReloadWatch(session: session, id: id, wait: wait).run()
            } else {
                try session.show("/v1/reloads/\(id)") { value, _ in ReloadText.details(value) }
            }
        }
    }

    struct Logs: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the last lines that the workers of a reload wrote.")

        @OptionGroup var global: GlobalOptions
        @Argument(help: "Its id, `rl_…`.", completion: .custom(LiveNames.reloads)) var id: String

        func run() throws {
            try ClientSession(global).show("/v1/reloads/\(id)/logs", LogText.text)
        }
    }

    struct Cancel: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Cancel a reload that is queued or has not reached SWITCH.")

        @OptionGroup var global: GlobalOptions
        @Argument(help: "Its id, `rl_…`.", completion: .custom(LiveNames.reloads)) var id: String

        func run() throws {
            let session = try ClientSession(global)
            let target: RequestTarget = "/v1/reloads/\(id)"
            session.show(try session.succeeding(session.client.delete(target.text))) { value, _ in
                ReloadText.sentence(value) + "\n"
            }
        }
    }
}
