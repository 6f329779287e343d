// `apus config diff`: what leads from one configuration to another. With two files no master is
// needed.

import ArgumentParser
import ConfigurationLanguage
import JSON

extension ConfigCommand {
    struct Diff: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what leads from one configuration to another.",
            discussion: """
                Two files are compared offline, with their references as they are written; one file \
                is compared with what the master serves.
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "A file; the old one, if there are two.")
        var file: String

        @Argument(help: "The new file.")
        var newFile: String?

        @Flag(help: "Compare the texts of two files, line by line.")
        var text = false

        func validate() throws {
            if text, newFile == nil { throw ValidationError("--text compares two files") }
        }

        func run() throws {
            guard let newFile else {
                return try MasterPlan(global, file: file, level: .semantic).run()
            }
            let old = try ConfigurationText.source(path: file)
            let new = try ConfigurationText.source(path: newFile)
            if text {
                let difference = TextDifference(
                    from: old.text, named: file, to: new.text, named: newFile)
                if !global.quiet, !difference.unified.isEmpty { Console.output(difference.unified) }
                return
            }
            let difference = ConfigurationDifference(
                from: try Self.document(old), to: try Self.document(new))
            Printer(global).show(.object(difference.json), PlanText.text)
        }

        private static func document(
            _ source: ConfigurationSource
        ) throws(CommandFailure) -> EffectiveDocument {
            let report = source.report(resolving: .lenientSurroundings)
            guard let shown = report.shown else {
                for problem in report.errors { Console.error("\(problem)") }
                throw CommandFailure(.configurationInvalid)
            }
            return EffectiveDocument(shown)
        }
    }
}
