// Configuration files for tests, in the language that users write.

/// A configuration as text, put together from pieces of YAML in flow style.
public struct TestConfiguration: Sendable {
    /// Fields of `process:`.
    public var process: [String: String] = [
        "threads": "2", "max_reloads": "5", "ready_timeout": "5s", "switch_timeout": "3s",
        "kill_after": "1s", "probation": "300ms", "hard_stop_after": "60s", "reload_rate": "1000/s",
    ]
    public var accessLog = "off"
    public var accessFormat = "json"
    public var frontends: [String: String] = [:]
    public var backends: [String: String] = [:]
    public var timeouts: [String: String] = [:]
    /// Lines of their own.
    public var more = ""

    public init() {}

    /// One HTTP frontend on `port` that sends everything to the server at `serverPort`.
    public init(port: Int, serverPort: Int) {
        frontends["main"] = "{bind: \"127.0.0.1:\(port)\", backend: echo}"
        backends["echo"] = "{servers: {one: {address: \"127.0.0.1:\(serverPort)\"}}}"
    }

    /// One HTTP frontend on `port` that answers every request with that body.
    public init(port: Int, body: String) {
        frontends["main"] =
            "{bind: \"127.0.0.1:\(port)\", routes: [{id: all, respond: {body: \"\(body)\"}}]}"
    }

    /// Adds a frontend that answers by itself.
    public mutating func addListener(_ name: String, port: Int, body: String = "extra") {
        frontends[name] =
            "{bind: \"127.0.0.1:\(port)\", routes: [{id: all, respond: {body: \"\(body)\"}}]}"
    }

    public var text: String {
        var lines = ["version: 1", "process: \(Self.flow(process))"]
        lines.append("log: {access: {to: \(accessLog), format: \(accessFormat)}}")
        if !timeouts.isEmpty { lines.append("defaults: {timeouts: \(Self.flow(timeouts))}") }
        for (title, members) in [("frontends", frontends), ("backends", backends)]
        where !members.isEmpty {
            lines.append("\(title):")
            for (name, value) in members.sorted(by: { $0.key < $1.key }) {
                lines.append("  \(name): \(value)")
            }
        }
        if !more.isEmpty { lines.append(more) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func flow(_ fields: [String: String]) -> String {
        let members = fields.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        return "{\(members.joined(separator: ", "))}"
    }
}
