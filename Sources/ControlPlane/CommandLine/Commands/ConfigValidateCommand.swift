// `apus config validate`: every problem of a configuration, with its place.

import ArgumentParser
import ConfigurationLanguage
import JSON

extension ConfigCommand {
    struct Validate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a configuration file and what it includes; touches nothing else.",
            discussion: """
                Levels: `schema` is the shape of every value, `semantic` what they say together, \
                and `probe` has a master start a throwaway worker with it, which serves nothing.

                Every problem is printed as `file:line:column: error: text (pointer)`. The exit \
                code is 3 if there is an error, 0 if there are warnings only.

                Variables, files and credentials that the configuration refers to are those of \
                this command. One that is not there is a warning, since the master may have it; \
                with --strict it is an error, as it would be for the master.
                """)

        @OptionGroup var global: GlobalOptions

        @Flag(help: "Take what is not there for a reference as an error.")
        var strict = false

        @Argument(help: "The file, YAML or JSON.")
        var file: String

        @Option(help: ArgumentHelp("schema, semantic or probe.", valueName: "level"))
        var level = LevelArgument.semantic

        func run() throws {
            var (errors, warnings) = problems()
            errors.removeAll { !$0.belongs(to: level.level) }
            warnings.removeAll { !$0.belongs(to: level.level) }
            if level == .probe, errors.isEmpty {
                return try MasterPlan(global, file: file, level: .probe).run()
            }
            for problem in errors + warnings { Console.error("\(problem)") }
            let report: JSONValue = [
                "valid": .bool(errors.isEmpty), "errors": .array(errors.map(Self.json)),
                "warnings": .array(warnings.map(Self.json)),
            ]
            Printer(global).show(report) { _, _ in
                errors.isEmpty ? "\(TerminalText.clean(file)) is valid" : ""
            }
            if !errors.isEmpty { throw CommandFailure(.configurationInvalid) }
        }

        private func problems() -> (
            errors: [ConfigurationProblem], warnings: [ConfigurationProblem]
        ) {
            do throws(ConfigurationProblem) {
                let report = try ConfigurationFile.load(file)
                    .report(resolving: strict ? .surroundings : .lenientSurroundings)
                return (report.errors, report.warnings)
            } catch {
                return ([error], [])
            }
        }

        private static func json(_ problem: ConfigurationProblem) -> JSONValue {
            func optional(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
            func number(_ value: Int?) -> JSONValue { value.map { .integer(Int64($0)) } ?? .null }
            return [
                "code": .string(problem.code.rawValue),
                "severity": .string(problem.severity.rawValue), "file": .string(problem.file),
                "line": number(problem.position?.line), "column": number(problem.position?.column),
                "pointer": .string(problem.pointer), "message": .string(problem.message),
                "suggestion": optional(problem.suggestion), "owner": optional(problem.owner),
            ]
        }
    }
}
