// Options that every client command takes, before or after its name.

import AdminAPI
import ArgumentParser

struct GlobalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The master's admin socket.",
            discussion: "Default: $APUS_SOCKET, else admin.sock in the runtime directory.",
            valueName: "path"),
        completion: .file())
    var socket: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "table, wide, json, yaml or ndjson. Default: table on a terminal, json elsewhere.",
            valueName: "format"))
    var output: OutputFormat?

    @Flag(help: "Print nothing but errors.")
    var quiet = false
}

/// A duration with a unit: `60s`, `500ms`.
struct WaitArgument: ExpressibleByArgument, Equatable {
    static let longest = Duration.seconds(300)

    var duration: Duration
    /// As it was written, which the API understands too.
    var text: String

    init?(argument: String) {
        guard let duration = DurationText.parse(argument), duration <= Self.longest else {
            return nil
        }
        self.duration = duration
        text = argument
    }
}
