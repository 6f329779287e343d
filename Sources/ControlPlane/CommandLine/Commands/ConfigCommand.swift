// `apus config`: the configuration language, offline. Each subcommand has a file of its own.

import ArgumentParser

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Work with configuration files, without a master.",
        subcommands: [Validate.self, Bundle.self, Schema.self])
}
