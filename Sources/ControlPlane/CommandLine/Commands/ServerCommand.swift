// `apus server`: the servers of backends, how they are, and what an operator wants of them.

import ArgumentParser
import JSON

struct ServerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server", abstract: "List, show or change servers.",
        subcommands: [
            List.self, Show.self, Set.self, Ready.self, Drain.self, Maint.self,
        ], defaultSubcommand: List.self)

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

        @OptionGroup var server: ServerArgument

        func run() throws {
            try ClientSession(global).show(server.target, ServerTable.single)
        }
    }

    struct Set: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a server at run time.",
            discussion: """
                What is set holds over reloads, crashes and restarts of the master, until it is \
                taken back with `configured` or `--reset`, or until a new configuration says \
                something else about the same thing or has no such server.
                """)

        @OptionGroup var global: GlobalOptions

        @OptionGroup var server: ServerArgument

        @Option(help: "Where it is, an IP address with a port; or `configured`.")
        var address: ServerAddressSetting?

        @Option(help: "Its share of new exchanges, 0 to 256; 0 takes none; or `configured`.")
        var weight: ServerSetting?

        @Option(help: "Exchanges at once, 1 to 100000; or `configured`.")
        var maxConnections: ServerSetting?

        @Flag(help: "Take back all that was said of it: it is as the configuration says.")
        var reset = false

        func validate() throws {
            if address == nil, weight == nil, maxConnections == nil, !reset {
                throw ValidationError(
                    "say what: --address, --weight, --max-connections or --reset")
            }
        }

        func run() throws { try server.change(body, global) }

        /// What is named after all was taken back.
        var body: JSONValue {
            var body = JSONObject()
            if reset {
                for name in ["admin_state", "address", "weight", "max_connections"] {
                    body[name] = .null
                }
            }
            if let address { body["address"] = address.json }
            if let weight { body["weight"] = weight.json }
            if let maxConnections { body["max_connections"] = maxConnections.json }
            return .object(body)
        }
    }

    struct Ready: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a server take traffic again.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var server: ServerArgument

        func run() throws { try server.change(["admin_state": "READY"], global) }
    }

    struct Drain: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send a server nothing new; what it has goes on.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var server: ServerArgument

        func run() throws { try server.change(["admin_state": "DRAIN"], global) }
    }

    struct Maint: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send a server nothing at all, and close idle connections to it.",
            discussion: "Sessions that it has go on; `apus session kill` ends them.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var server: ServerArgument

        func run() throws { try server.change(["admin_state": "MAINT"], global) }
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

struct ServerArgument: ParsableArguments {
    @Argument(
        help: ArgumentHelp("Its backend and its name: `web/web-1`.", valueName: "server"),
        completion: .custom(LiveNames.servers))
    var server: ServerName

    var target: RequestTarget { "/v1/backends/\(server.backend)/servers/\(server.name)" }

    /// Shows the server as it is then.
    func change(_ body: JSONValue, _ global: GlobalOptions) throws {
        let session = try ClientSession(global)
        session.show(
            try session.succeeding(session.client.patch(target.text, body: body)),
            ServerTable.single)
    }
}

/// An address, or `configured`.
struct ServerAddressSetting: ExpressibleByArgument {
    var json: JSONValue

    init(argument: String) {
        json = argument == "configured" ? .null : .string(argument)
    }
}

/// A number, or `configured`.
struct ServerSetting: ExpressibleByArgument {
    var json: JSONValue

    init?(argument: String) {
        if argument == "configured" {
            json = .null
        } else {
            guard let number = Int64(argument) else { return nil }
            json = .integer(number)
        }
    }
}
