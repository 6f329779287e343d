// `apus generations`: the generations of workers, and the end of one.

import ArgumentParser
import JSON

struct GenerationsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generations",
        abstract: "List, show or terminate generations of workers, or read their logs.",
        subcommands: [List.self, Show.self, Logs.self, Terminate.self], defaultSubcommand: List.self
    )

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List generations, newest first.")

        @OptionGroup var global: GlobalOptions

        @Option(
            help: ArgumentHelp(
                "Only those in STARTING, SERVING, LEAVING or EXITED.", valueName: "phase"),
            completion: .list(["STARTING", "SERVING", "LEAVING", "EXITED"]))
        var phase: String?

        @Flag(help: "Exited ones, too; in a table they are left out otherwise.")
        var all = false

        func run() throws {
            try ClientSession(global).show(
                ("/v1/generations?limit=1000" as RequestTarget).with("phase", phase?.uppercased())
            ) { value, style in
                let showsExited = all || phase != nil
                return GenerationTable.text(
                    value.items.filter { showsExited || $0["phase"] != "EXITED" }, style)
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one generation.")

        @OptionGroup var global: GlobalOptions

        @Argument(
            help: "Its number, or `current`.", completion: .custom(LiveNames.generationNames))
        var generation: GenerationName

        func run() throws {
            try ClientSession(global).show("/v1/generations/\(generation.text)") { value, style in
                var style = style
                style.isWide = true
                return GenerationTable.text([value], style)
            }
        }
    }

    struct Logs: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the last lines that a generation's workers wrote.")

        @OptionGroup var global: GlobalOptions

        @Argument(help: "Its number.", completion: .custom(LiveNames.generations))
        var generation: Int

        func run() throws {
            try ClientSession(global).show("/v1/generations/\(generation)/logs", LogText.text)
        }
    }

    struct Terminate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send SIGTERM now to a generation that does not serve.")

        @OptionGroup var global: GlobalOptions

        @Argument(help: "Its number.", completion: .custom(LiveNames.generations))
        var generation: Int

        func run() throws {
            let session = try ClientSession(global)
            let target: RequestTarget = "/v1/generations/\(generation)/terminate"
            session.show(try session.succeeding(session.client.post(target.text))) { _, _ in
                "generation \(generation) is told to end\n"
            }
        }
    }
}

/// A number, or `current`.
struct GenerationName: ExpressibleByArgument {
    var text: String

    init?(argument: String) {
        guard argument == "current" || Int(argument) != nil else { return nil }
        text = argument
    }
}
