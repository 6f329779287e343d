// `apus status`: one look at everything that matters.

import ArgumentParser
import Clock

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show what serves, and whether it is what was wanted.")

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let session = try ClientSession(global)
        let answer = try session.succeeding(session.client.get("/v1/status"))
        session.show(answer) { value, style in
            StatusText.text(value, colour: style.colour, now: .now())
        }
    }
}
