// Servers for a terminal. Pure.

import JSON

enum ServerTable {
    static func text(_ servers: [JSONValue], _ style: Printer.Style) -> String {
        let columns: [ItemTable.Column] = [
            .member("BACKEND", "backend"), .member("SERVER", "name"),
            .made("ADDRESS", address), .state("ADMIN", "admin_state"),
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

    /// `10.0.0.5:8080`, a star if an operator has said so, and how it is configured where that is a
    /// name: `10.0.0.5:8080 (app.internal:8080)`.
    private static func address(_ server: JSONValue) -> TextTable.Cell {
        let star = server["address_override"]?.stringValue == nil ? "" : "*"
        let address = (server["address"]?.stringValue ?? "-") + star
        guard let configured = server["configured_address"]?.stringValue,
            !star.isEmpty || server["address"]?.stringValue != configured
        else { return .init(address) }
        return .init("\(address) (\(configured))")
    }

    private static func weight(_ server: JSONValue) -> TextTable.Cell {
        setting(server.at(["weight"]))
    }

    private static func limit(_ server: JSONValue) -> TextTable.Cell {
        setting(server.at(["max_connections"]))
    }

    /// `50*/100`: what it has now, a star if an operator has set something else than what is
    /// configured, and that.
    private static func setting(_ setting: JSONValue?) -> TextTable.Cell {
        func number(_ name: String) -> String {
            setting?.at([name])?.integerValue.map { "\($0)" } ?? "-"
        }
        let star = setting?.at(["override"])?.integerValue == nil ? "" : "*"
        let (effective, configured) = (number("effective"), number("configured"))
        return .init(
            effective == configured && star.isEmpty
                ? effective : "\(effective)\(star)/\(configured)")
    }
}
