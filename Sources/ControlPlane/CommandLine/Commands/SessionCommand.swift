// `apus session`: sessions that end before their time.

import ArgumentParser
import JSON

struct SessionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "session", abstract: "End sessions.", subcommands: [Kill.self])

    struct Kill: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End the sessions that fit all that is said.",
            discussion: """
                With a backend a session is an exchange (or a TCP connection) that has one of its \
                servers or waits for one; without, it is a client's connection. A client that has \
                no byte of an answer yet gets 503, another one an end of its connection. Returns \
                when connections to servers are closed, and says how many sessions there were.
                """)

        @OptionGroup var global: GlobalOptions

        @Option(help: "Of this backend.", completion: .custom(LiveNames.backends))
        var backend: String?

        @Option(
            help: ArgumentHelp("Of this server: `web/web-1`.", valueName: "server"),
            completion: .custom(LiveNames.servers))
        var server: ServerName?

        @Option(help: "Of clients with this address, or in this block: `10.0.0.0/8`.")
        var client: String?

        @Option(help: "Of this generation.", completion: .custom(LiveNames.generations))
        var generation: Int?

        @Option(
            help: ArgumentHelp("That began so long ago: `10m`.", valueName: "duration"))
        var minAge: String?

        @Option(help: "At most so many.")
        var max: Int

        func validate() throws {
            if backend == nil, server == nil, client == nil, generation == nil, minAge == nil {
                throw ValidationError(
                    "say which: --backend, --server, --client, --generation or --min-age")
            }
            if let backend, let server, server.backend != backend {
                throw ValidationError("the server is of another backend than --backend")
            }
        }

        func run() throws {
            var body = JSONObject([.init(name: "max", value: .integer(Int64(max)))])
            if let name = server?.backend ?? backend { body["backend"] = .string(name) }
            if let server { body["server"] = .string(server.name) }
            if let client { body["client"] = .string(client) }
            if let generation { body["generation"] = .integer(Int64(generation)) }
            if let minAge { body["min_age"] = .string(minAge) }
            let session = try ClientSession(global)
            let answer = try session.succeeding(
                session.client.post("/v1/sessions/kill", body: .object(body)))
            session.show(answer) { value, _ in Self.text(value) }
            // Not all workers have answered: what they did is not known.
            if answer.value["complete"]?.boolValue != true {
                throw CommandFailure(.other, "not all workers have answered")
            }
        }

        private static func text(_ value: JSONValue) -> String {
            let (matched, killed) = (
                value["matched"]?.integerValue ?? 0, value["killed"]?.integerValue ?? 0
            )
            return "\(killed) of \(matched) sessions ended\n"
        }
    }
}
