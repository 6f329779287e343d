// `apus config`: configurations, offline and as a master sees them. Each subcommand has a file of
// its own.

import ArgumentParser

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Check and compare configurations, and show what was served.",
        subcommands: [
            Get.self, Plan.self, Diff.self, History.self, Validate.self, Format.self,
            Bundle.self, Schema.self,
        ])
}
