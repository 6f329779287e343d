// /v1/audit: who changed what, and who was refused, newest first.

import Clock
import JSON
import Model
import Store

struct AuditResource: Sendable {
    let port: any ControlPort

    private static let countDefault = 100
    private static let countMax = 1000
    private static let ageMax = Duration.seconds(100 * 365 * 86_400)

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/v1/audit",
                summary: "Changes and refusals, newest first",
                query: ["limit", "cursor", "since", "principal", "outcome"],
                access: .atLeast(.admin), answer: list)
        ]
    }

    private func list(_ request: RouteRequest) async throws -> Answer {
        let query = request.query
        let limit = try query.integer("limit", in: 1...Self.countMax) ?? Self.countDefault
        var filter = AuditFilter(
            before: try query.integer("cursor", in: 1...Int.max),
            principal: query.text("principal"),
            outcome: try query.choice("outcome", as: RequestTrace.Outcome.self)?.rawValue,
            // One more tells whether there is a next page.
            countMax: limit + 1)
        try Self.read(since: query.text("since"), into: &filter)
        let lines: [StoredAudit]
        do {
            lines = try await port.audit(filter)
        } catch {
            throw Problem(
                .internalError, "the audit cannot be read; the master's log has every line of it")
        }
        let page = lines.prefix(limit)
        return try .resource([
            "items": .array(page.map(Self.json)),
            "next_cursor": .optional(
                lines.count > limit ? page.last.map { String($0.sequence) } : nil),
        ])
    }

    /// A sequence: what came after it. A duration: what is not older.
    private static func read(since text: String?, into filter: inout AuditFilter) throws(Problem) {
        guard let text else { return }
        if let sequence = Int(text), sequence >= 0 {
            filter.after = sequence
        } else if let age = DurationText.parse(text), age <= ageMax {
            filter.since = .now() + (.zero - age)
        } else {
            throw Problem(
                .invalidParameter, "since is the seq of a line, or a duration such as 15m or 24h")
        }
    }

    private static func json(_ line: StoredAudit) -> JSONValue {
        let stored = (try? JSONText.parse(line.payload))?.objectValue?.members ?? []
        return .object(
            JSONObject([.init(name: "seq", value: .number(line.sequence))] + stored))
    }
}
