// `apus config`: the configuration language, offline.

import ArgumentParser
import ConfigurationLanguage
import JSON

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Work with configuration files, without a master.",
        subcommands: [Validate.self, Schema.self])

    struct Validate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a configuration file; touches nothing else.",
            discussion: """
                Every problem is printed as `file:line:column: error: text (pointer)`. The exit \
                code is 3 if there is an error, 0 if there are warnings only.
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The file, YAML or JSON.")
        var file: String

        func run() throws {
            let (errors, warnings) = Self.problems(of: file)
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

        private static func problems(
            of file: String
        ) -> (errors: [ConfigurationProblem], warnings: [ConfigurationProblem]) {
            do throws(ConfigurationProblem) {
                switch try ConfigurationFile.load(file).read() {
                case .valid(_, let warnings): return ([], warnings)
                case .invalid(let problems):
                    return (
                        problems.filter { $0.severity == .error },
                        problems.filter { $0.severity == .warning }
                    )
                }
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
