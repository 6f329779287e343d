// `apus config bundle`: a configuration with all that it includes, as one text.

import ArgumentParser
import ConfigurationLanguage

extension ConfigCommand {
    struct Bundle: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a configuration and the files that it includes as one text.",
            discussion: """
                The text is what the master keeps as a revision, and is taken wherever a \
                configuration is. A file that includes no others is printed as it is.
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The file, YAML or JSON.")
        var file: String

        func run() throws {
            Console.output(bytes: try ConfigurationText.source(path: file).text.bytes)
        }
    }
}
