// `apus config fmt`: the canonical layout. Only when asked, and never by the master.

import ArgumentParser
import ConfigurationLanguage

extension ConfigCommand {
    struct Format: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "fmt",
            abstract: "Format configuration files; comments and the order of keys stay.",
            discussion: """
                Without an option the result is printed. The exit code is 3 if a file cannot be \
                read as YAML or JSON; with --check it is 1 if a file is not formatted. Included \
                files are files of their own.
                """)

        @OptionGroup var global: GlobalOptions

        @Flag(help: "Name the files that are not formatted; change nothing.")
        var check = false

        @Flag(help: "Replace the files, at once and with their mode and owner.")
        var write = false

        @Argument(help: "The files, YAML or JSON.")
        var files: [String]

        func validate() throws {
            if check, write { throw ValidationError("--check and --write exclude each other") }
            if files.count > 1, !check, !write {
                throw ValidationError("several files need --check or --write")
            }
        }

        func run() throws {
            var isInvalid = false
            var unformatted: [String] = []
            for file in files {
                guard let (before, after) = formatted(file) else {
                    isInvalid = true
                    continue
                }
                if !check, !write { Console.output(bytes: after.bytes) }
                guard before != after else { continue }
                unformatted.append(file)
                if write {
                    try FolderLock.holding(folderOf: file) { () throws(CommandFailure) in
                        try FileReplacement.replace(file, that: before.bytes, with: after.bytes)
                    }
                }
            }
            if check || write, !global.quiet {
                let word = write ? "formatted" : "not formatted"
                for file in unformatted { Console.output("\(TerminalText.clean(file)): \(word)") }
            }
            if isInvalid { throw CommandFailure(.configurationInvalid) }
            if check, !unformatted.isEmpty { throw CommandFailure(.other) }
        }

        /// Nil for what was reported.
        private func formatted(
            _ file: String
        ) -> (before: ConfigurationText, after: ConfigurationText)? {
            do {
                let text = try ConfigurationFile.text(file)
                return (text, try ConfigurationFormatter.format(text, fileName: file))
            } catch let problem as ConfigurationProblem {
                Console.error("\(problem)")
            } catch let failure as FormattingFailure {
                for problem in failure.problems { Console.error("\(problem)") }
            } catch {
                Console.error("\(TerminalText.clean(file)): \(error)")
            }
            return nil
        }
    }
}
