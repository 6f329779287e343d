// `apus version`: the version alone, for scripts.

import ArgumentParser
import Wire

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Show the version of this program.")

    func run() {
        Console.output("apus \(ApusVersion.current)")
    }
}
