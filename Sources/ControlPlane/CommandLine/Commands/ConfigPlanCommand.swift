// `apus config plan`: what a configuration would change, without changing anything.

import ArgumentParser
import ConfigurationLanguage

extension ConfigCommand {
    struct Plan: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what a configuration would change in the running master.",
            discussion: """
                Each change has an impact, the lightest way in which it can be applied: HOT, \
                RELOAD or RESTART. Nothing happens. Exit code 3 if the configuration is invalid.
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The file, YAML or JSON. Without it the master's own, as it is now.")
        var file: String?

        func run() throws {
            try MasterPlan(global, file: file, level: .semantic).run()
        }
    }
}
