// `apus config schema`: the JSON Schema of the configuration language, offline.

import ArgumentParser
import ConfigurationLanguage

extension ConfigCommand {
    struct Schema: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the JSON Schema of the configuration language.",
            discussion: """
                JSON Schema 2020-12, for editors and pipelines. An editor with a YAML language \
                server takes it from the first line of a file: \
                `# yaml-language-server: $schema=PATH`.
                """)

        @OptionGroup var global: GlobalOptions

        func run() throws {
            Console.output(bytes: ConfigurationSchema.bytes)
        }
    }
}
