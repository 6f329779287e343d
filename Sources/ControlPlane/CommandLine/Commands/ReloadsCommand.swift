// `apus reloads`: what became of every reload.

import ArgumentParser
import Clock
import JSON

struct ReloadsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reloads", abstract: "List or show reloads.",
        subcommands: [List.self, Show.self], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List reloads, newest first.")

        @OptionGroup var global: GlobalOptions

        func run() throws {
            let session = try ClientSession(global)
            let answer = try session.succeeding(session.client.get("/v1/reloads?limit=1000"))
            session.show(answer) { value, style in
                ReloadText.table(
                    value["items"]?.arrayValue ?? [], colour: style.colour, now: .now())
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one reload: its steps, and why it failed.")

        @OptionGroup var global: GlobalOptions

        @Argument(help: "Its id, `rl_…`.")
        var id: String

        func run() throws {
            guard id.utf8.count <= 64,
                id.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
            else { throw ValidationError("\(id) is not the id of a reload") }
            let session = try ClientSession(global)
            let answer = try session.succeeding(session.client.get("/v1/reloads/\(id)"))
            session.show(answer) { value, _ in ReloadText.details(value, now: .now()) }
        }
    }
}
