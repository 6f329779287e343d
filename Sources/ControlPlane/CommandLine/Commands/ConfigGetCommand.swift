// `apus config get`: the configuration that a master serves, or a revision of it.

import ArgumentParser
import ConfigurationLanguage
import JSON
import NIOHTTP1

extension ConfigCommand {
    struct Get: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the configuration that is served.",
            discussion: """
                For people and with -o yaml the written view is the text as it was loaded, \
                comments included.
                """)

        enum View: String, ExpressibleByArgument, CaseIterable { case written, effective }

        @OptionGroup var global: GlobalOptions

        @Option(
            help: ArgumentHelp(
                "written, or effective with every default filled in.", valueName: "view"))
        var view = View.written

        @Option(help: ArgumentHelp("That revision and not the one that serves.", valueName: "n"))
        var revision: Int?

        func run() throws {
            let session = try ClientSession(global)
            let path: RequestTarget =
                revision.map { "/v1/config/revisions/\($0)" } ?? "/v1/config"
            let target = path.with("view", view.rawValue)
            let format = session.printer.format
            guard view == .written, format.isForPeople || format == .yaml else {
                return try session.show(target) { value, _ in YAMLText.document(value) }
            }
            let response = try session.client.raw(
                .GET, target, fields: [("Accept", "application/yaml")], body: nil, waiting: .zero)
            guard response.status == 200 else {
                throw session.failure(try session.client.answer(response), ProblemText.summary)
            }
            if session.quiet { return }
            if Console.isTerminal {
                let lines = String(decoding: response.body, as: UTF8.self)
                    .split(separator: "\n", omittingEmptySubsequences: false)
                Console.output(lines.map { TerminalText.clean(String($0)) }.joined(separator: "\n"))
            } else {
                Console.output(bytes: response.body)
            }
        }
    }
}
