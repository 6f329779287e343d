// `apus config validate`: every problem of a configuration, with its place.

import AdminAPI
import ArgumentParser
import ConfigurationLanguage
import JSON

extension ConfigCommand {
    struct Validate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a configuration file and what it includes; changes nothing.",
            discussion: """
                Levels: `schema` is the shape of every value, and opens no further file; \
                `semantic` is what they say together, and what is in the certificates, keys and \
                tokens that `admin` names; `probe` has a master start a throwaway worker with it, \
                which serves nothing.

                Every problem is printed as `file:line:column: error: text (pointer)`. The exit \
                code is 3 if there is an error, 0 if there are warnings only.

                Variables, files and credentials that the configuration refers to, and files that \
                `admin` names, are those of this command. One that is not there is a warning, \
                since the master may have it; with --strict it is an error, as it would be for the \
                master, and so is a certificate that is not valid now.
                """)

        @OptionGroup var global: GlobalOptions

        @Flag(help: "Take what is not there for a reference as an error.")
        var strict = false

        @Argument(help: "The file, YAML or JSON.")
        var file: String

        @Option(help: ArgumentHelp("schema, semantic or probe.", valueName: "level"))
        var level = LevelArgument.semantic

        func run() throws {
            let report = report()
            let findings = level == .schema ? [] : AdminFileCheck.findings(in: report.files)
            let found = findings.map { $0.problem(severity($0.kind)) }
            let errors = report.errors + found.filter { $0.severity == .error }
            let warnings = found.filter { $0.severity == .warning }
            if level == .probe, errors.isEmpty {
                // The master tells the others; it opens no file that a text from here names.
                for problem in warnings { Console.error("\(problem)") }
                return try MasterPlan(global, file: file, level: .probe).run()
            }
            show(errors, report.warnings + warnings)
            if !errors.isEmpty { throw CommandFailure(.configurationInvalid) }
        }

        private typealias Report = (
            errors: [ConfigurationProblem], warnings: [ConfigurationProblem], files: [AdminFile]
        )

        private func report() -> Report {
            do throws(ConfigurationProblem) {
                let report = try ConfigurationFile.load(file)
                    .report(resolving: strict ? .surroundings : .lenientSurroundings)
                return (
                    report.errors.filter { $0.belongs(to: level.level) },
                    report.warnings.filter { $0.belongs(to: level.level) }, report.adminFiles
                )
            } catch {
                return ([error], [], [])
            }
        }

        private func severity(
            _ kind: AdminFileFinding.Kind
        ) -> ConfigurationProblem.Severity {
            switch kind {
            case .absent, .invalidNow: strict ? .error : .warning
            case .unfit: .error
            case .expiring: .warning
            }
        }

        private func show(_ errors: [ConfigurationProblem], _ warnings: [ConfigurationProblem]) {
            for problem in errors + warnings { Console.error("\(problem)") }
            let report: JSONValue = [
                "valid": .bool(errors.isEmpty), "errors": .array(errors.map(Self.json)),
                "warnings": .array(warnings.map(Self.json)),
            ]
            Printer(global).show(report) { _, _ in
                errors.isEmpty ? "\(TerminalText.clean(file)) is valid" : ""
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
