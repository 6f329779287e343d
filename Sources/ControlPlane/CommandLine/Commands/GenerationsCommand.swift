// `apus generations`: the generations of workers, and the end of one.

import ArgumentParser
import Clock
internal import ConfigurationLanguage
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
                "Only those in STARTING, SERVING, LEAVING or EXITED.", valueName: "phase"))
        var phase: String?

        @Flag(help: "Exited ones, too; in a table they are left out otherwise.")
        var all = false

        func run() throws {
            let session = try ClientSession(global)
            let filter = phase.map { "&phase=\(Self.escaped($0.uppercased()))" } ?? ""
            let answer = try session.succeeding(
                session.client.get("/v1/generations?limit=1000\(filter)"))
            session.show(answer) { value, style in
                let items = value["items"]?.arrayValue ?? []
                let shown = items.filter {
                    all || phase != nil || $0["phase"]?.stringValue != "EXITED"
                }
                return GenerationTable.text(
                    shown, wide: style.wide, colour: style.colour, now: .now())
            }
        }

        private static func escaped(_ text: String) -> String {
            text.filter { $0.isASCII && ($0.isLetter || $0 == "_") }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one generation.")

        @OptionGroup var global: GlobalOptions

        @Argument(help: "Its number, or `current`.")
        var generation: GenerationName

        func run() throws {
            let session = try ClientSession(global)
            let answer = try session.succeeding(
                session.client.get("/v1/generations/\(generation.text)"))
            session.show(answer) { value, style in
                GenerationTable.text([value], wide: true, colour: style.colour, now: .now())
            }
        }
    }

    struct Logs: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the last lines that a generation's workers wrote.")

        @OptionGroup var global: GlobalOptions

        @Argument(help: "Its number.")
        var generation: Int

        func run() throws {
            let session = try ClientSession(global)
            let answer = try session.succeeding(
                session.client.get("/v1/generations/\(generation)/logs"))
            session.show(answer) { value, _ in
                let lines = value["items"]?.arrayValue ?? []
                return lines.map { TerminalText.clean($0.stringValue ?? "") + "\n" }.joined()
            }
        }
    }

    struct Terminate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send SIGTERM now to a generation that does not serve.")

        @OptionGroup var global: GlobalOptions

        @Argument(help: "Its number.")
        var generation: Int

        func run() throws {
            let session = try ClientSession(global)
            let answer = try session.succeeding(
                session.client.post("/v1/generations/\(generation)/terminate"))
            session.show(answer) { _, _ in "generation \(generation) is told to end\n" }
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
