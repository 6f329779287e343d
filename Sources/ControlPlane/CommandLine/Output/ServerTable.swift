// Servers for a terminal. Pure.

import JSON

enum ServerTable {
    static func text(_ servers: [JSONValue], _ style: Printer.Style) -> String {
        let columns: [ItemTable.Column] = [
            .member("BACKEND", "backend"), .member("SERVER", "name"),
            .member("ADDRESS", "address"), .state("ADMIN", "admin_state"),
            .state("STATE", "operational_state"),
            .made("WEIGHT", weight), .made("LIMIT", limit), .member("CHECK", "check", "result"),
            .member("CODE", "check", "code").wide,
            .made("TOOK") {
                .init($0.at(["check", "latency_ms"])?.integerValue.map { "\($0)ms" } ?? "-")
            },
            .init(title: "SINCE") { server, now in
                .init(Age.since(server.at(["check", "changed_at"])?.stringValue, now: now))
            },
            .init(title: "CHECKED", isWide: true) { server, now in
                .init(Age.since(server.at(["check", "last_at"])?.stringValue, now: now))
            },
            .member("EJECTIONS", "ejection", "count").wide,
        ]
        return ItemTable(columns: columns).text(servers, style)
    }

    /// One server, with all that there is to say.
    static func single(_ server: JSONValue, _ style: Printer.Style) -> String {
        var style = style
        style.isWide = true
        return text([server], style)
    }

    /// `50/100`: what it has now, and what is configured.
    private static func weight(_ server: JSONValue) -> TextTable.Cell {
        let effective = server.at(["weight", "effective"])?.integerValue ?? 0
        let configured = server.at(["weight", "configured"])?.integerValue ?? 0
        return .init(effective == configured ? "\(effective)" : "\(effective)/\(configured)")
    }

    private static func limit(_ server: JSONValue) -> TextTable.Cell {
        .init(
            server.at(["max_connections", "effective"])?.integerValue.map { "\($0)" } ?? "-")
    }
}
