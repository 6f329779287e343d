// `apus version`: the version of this program. Text unless a format is named, also in a pipe.

import ArgumentParser
import JSON
import Wire

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Show the version of this program.")

    @OptionGroup var global: GlobalOptions

    func run() {
        var options = global
        options.output = global.output ?? .table
        Printer(options).show(["version": .string(ApusVersion.current)]) { _, _ in
            "apus \(ApusVersion.current)"
        }
    }
}
