// What is known of a request while it is being answered: for metrics, the audit and the log. Pure
// value; one request's task.

import Clock
import ConfigurationLanguage
import JSON
import Model
import Store

struct RequestTrace: Sendable {
    /// What became of a request, as the audit says it.
    enum Outcome: String, Sendable, CaseIterable {
        case succeeded = "SUCCEEDED"
        case failed = "FAILED"
        /// Who asked may not, or is not known.
        case denied = "DENIED"
    }

    let requestID: String
    let method: String
    /// As it came, without the query.
    let path: String
    let begun = Instant.now()
    var route: Route?
    var principal = Principal.unknown
    var role: AccessRole?
    /// Of what was read of the body.
    var bodySHA256: String?
    var revisionBefore: Int?
    var problem: ProblemCode?

    init(requestID: String, method: String, path: String) {
        self.requestID = requestID
        self.method = method
        self.path = path
    }

    /// `GET /v1/status`; one name for all that is no route, so that names are bounded.
    var routeName: String {
        route.map { "\($0.method.rawValue) \($0.path)" } ?? "none"
    }

    var isDenied: Bool { problem?.isDenial ?? false }

    /// Whether the audit has to say that it was let through.
    var isChange: Bool { route?.changesState ?? false }

    /// The line of the audit, all members always there.
    func auditLine(_ answer: Answer, revisionAfter: Int?, at time: WallTime = .now()) -> StoredAudit
    {
        let outcome: Outcome =
            isDenied ? .denied : answer.status < 400 ? .succeeded : .failed
        let latency = Instant.now() - begun
        let object: JSONValue = [
            "time": .time(time), "request_id": .string(requestID),
            "principal": .string(principal.name), "peer": principal.peer,
            "role": .optional(role?.rawValue), "method": .string(Self.shown(method)),
            "route": .optional(route?.path), "path": .string(Self.shown(path)),
            "body_sha256": .optional(bodySHA256), "revision_before": .optional(revisionBefore),
            "revision_after": .optional(revisionAfter),
            "operation_id": .optional(Self.operation(answer)),
            "outcome": .string(outcome.rawValue), "status": .number(answer.status),
            "code": .optional(problem?.rawValue),
            "latency_ms": .number(max(0, latency.wholeMilliseconds)),
        ]
        // It holds nothing that cannot be written.
        let payload = (try? JSONText.write(object)) ?? []
        return StoredAudit(
            time: time, principal: principal.name, outcome: outcome.rawValue, payload: payload)
    }

    /// A reload that was made, found or cancelled shows its id.
    private static func operation(_ answer: Answer) -> String? {
        guard let body = try? JSONText.parse(answer.body) else { return nil }
        return (body["operation"]?["id"] ?? body["id"])?.stringValue
    }

    /// Foreign text, cut and without what could turn a line around.
    static func shown(_ text: String) -> String {
        TerminalText.clean(String(text.unicodeScalars.prefix(256).map(Character.init)))
    }
}
