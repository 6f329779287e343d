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
        help: ArgumentHelp(
            "A master by TCP, instead of its socket: https://HOST[:PORT].",
            discussion: "Default: $APUS_URL, if that is set and --socket is not given.",
            valueName: "url"))
    var url: String?

    @Option(
        help: ArgumentHelp(
            "With --url: file with a bearer token on its first line. Default: $APUS_TOKEN_FILE.",
            valueName: "file"), completion: .file())
    var tokenFile: String?

    @Option(
        help: ArgumentHelp(
            "With --url: PEM file of the authorities to trust. Default: $APUS_CA_FILE, else those "
                + "of the system.", valueName: "file"), completion: .file())
    var caFile: String?

    @Option(
        help: ArgumentHelp(
            "With --url: PEM file of this client's certificate. Default: $APUS_CLIENT_CERTIFICATE.",
            valueName: "file"), completion: .file())
    var clientCertificate: String?

    @Option(
        help: ArgumentHelp(
            "With --url: PEM file of its key. Default: $APUS_CLIENT_KEY.", valueName: "file"),
        completion: .file())
    var clientKey: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "table, wide, json, yaml or ndjson. Default: table on a terminal, json elsewhere.",
            valueName: "format"))
    var output: OutputFormat?

    @Flag(help: "Print nothing but errors.")
    var quiet = false

    /// Those that are for a master by TCP only and were given, as they are written.
    var network: [String] {
        [
            ("--token-file", tokenFile), ("--ca-file", caFile),
            ("--client-certificate", clientCertificate), ("--client-key", clientKey),
        ].compactMap { $0.1 == nil ? nil : $0.0 }
    }
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
