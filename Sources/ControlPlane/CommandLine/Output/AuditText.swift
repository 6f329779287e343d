// The audit for a terminal. Pure.

internal import ConfigurationLanguage
import JSON

enum AuditText {
    static func table(_ lines: [JSONValue], _ style: Printer.Style) -> String {
        let columns: [ItemTable.Column] = [
            .member("SEQ", "seq"), .member("TIME", "time"), .member("PRINCIPAL", "principal"),
            .member("ROLE", "role"), .member("METHOD", "method"), .made("PATH", path),
            .state("OUTCOME", "outcome"), .member("STATUS", "status"),
            .measure("TOOK", "latency_ms", unit: "ms"), .member("OPERATION", "operation_id"),
            .member("COMMAND", "peer", "comm").wide, .member("PID", "peer", "pid").wide,
            .member("REQUEST", "request_id").wide, .member("BODY", "body_sha256").wide,
        ]
        return ItemTable(columns: columns).text(lines, style)
    }

    private static func path(_ line: JSONValue) -> TextTable.Cell {
        .init(TerminalText.clean(String((line["path"]?.stringValue ?? "-").prefix(60))))
    }
}
