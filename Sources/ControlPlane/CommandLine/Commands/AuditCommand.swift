// `apus audit`: who changed what, and who was refused.

import ArgumentParser
import JSON

struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Show changes and refusals, newest first.",
        discussion: "Needs the role admin.")

    @OptionGroup var global: GlobalOptions

    @Option(help: ArgumentHelp("At most so many lines, 1 to 1000.", valueName: "count"))
    var limit = 100

    @Option(
        help: ArgumentHelp(
            "Not older than a duration (24h), or newer than the line with this seq.",
            valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("Only of this one: uid:1000.", valueName: "who"))
    var principal: String?

    @Option(help: ArgumentHelp("SUCCEEDED, FAILED or DENIED.", valueName: "outcome"))
    var outcome: String?

    func run() throws {
        try ClientSession(global).show(
            ("/v1/audit" as RequestTarget).with("limit", String(limit)).with("since", since)
                .with("principal", principal).with("outcome", outcome?.uppercased())
        ) { AuditText.table($0.items, $1) }
    }
}
