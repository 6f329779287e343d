// `apus config history`: the revisions that a master keeps.

import ArgumentParser
import JSON

extension ConfigCommand {
    struct History: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the revisions that were found by reloads, newest first.")

        @OptionGroup var global: GlobalOptions

        func run() throws {
            try ClientSession(global).show("/v1/config/revisions?limit=1000") { value, style in
                PlanText.revisions(value["items"]?.arrayValue ?? [], style)
            }
        }
    }
}
