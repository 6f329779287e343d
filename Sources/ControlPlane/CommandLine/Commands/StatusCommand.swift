// `apus status`: one look at everything that matters.

import ArgumentParser

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show what serves, and whether it is what was wanted.")

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try ClientSession(global).show("/v1/status", StatusText.text)
    }
}
