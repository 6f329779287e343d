// `apus server`: the servers of backends, and how they are.

import ArgumentParser
import JSON

struct ServerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server", abstract: "List or show servers and their health.",
        subcommands: [List.self, Show.self], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the servers of one backend, or of all.")

        @OptionGroup var global: GlobalOptions

        @Argument(help: "Only of this backend.", completion: .custom(LiveNames.backends))
        var backend: String?

        func run() throws {
            let session = try ClientSession(global)
            if let backend {
                try session.show(Self.target(backend)) { ServerTable.text($0.items, $1) }
                return
            }
            let backends = try session.succeeding(
                session.client.get("/v1/backends?limit=1000"))
            var items: [JSONValue] = []
            for name in backends.value.items.compactMap({ $0["name"]?.stringValue }) {
                let answer = try session.client.get(Self.target(name).text)
                // A backend may have gone meanwhile.
                if answer.status != 404 { items += try session.succeeding(answer).value.items }
            }
            let all: JSONValue = ["items": .array(items), "next_cursor": .null]
            session.printer.show(all) { ServerTable.text($0.items, $1) }
        }

        private static func target(_ backend: String) -> RequestTarget {
            "/v1/backends/\(backend)/servers?limit=1000"
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one server.")

        @OptionGroup var global: GlobalOptions

        @Argument(
            help: ArgumentHelp("Its backend and its name: `web/web-1`.", valueName: "server"),
            completion: .custom(LiveNames.servers))
        var server: ServerName

        func run() throws {
            let target: RequestTarget = "/v1/backends/\(server.backend)/servers/\(server.name)"
            try ClientSession(global).show(target) { value, style in
                var style = style
                style.isWide = true
                return ServerTable.text([value], style)
            }
        }
    }
}

/// `BACKEND/NAME`.
struct ServerName: ExpressibleByArgument {
    var backend: String
    var name: String

    init?(argument: String) {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        backend = String(parts[0])
        name = String(parts[1])
    }
}
