// `apus exit-codes`: what the exit code of every command says.

import ArgumentParser
import JSON

struct ExitCodesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exit-codes", abstract: "Show what the exit codes of all commands mean.",
        discussion: ExitStatus.allCases.map { "  \($0.rawValue)  \($0.meaning)" }
            .joined(separator: "\n"))

    @OptionGroup var global: GlobalOptions

    func run() {
        let items = ExitStatus.allCases.map { status -> JSONValue in
            ["code": .integer(Int64(status.rawValue)), "meaning": .string(status.meaning)]
        }
        Printer(global).show(["items": .array(items), "next_cursor": nil]) {
            ItemTable(columns: [.member("CODE", "code"), .member("MEANING", "meaning")])
                .text($0.items, $1)
        }
    }
}
