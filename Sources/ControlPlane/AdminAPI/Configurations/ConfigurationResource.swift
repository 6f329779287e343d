// /v1/config: the configuration that is served, and what another one would change. Nothing here
// changes anything.

import ConfigurationLanguage
import JSON
import Master
import Model

struct ConfigurationResource: Sendable {
    let port: any ControlPort

    /// Of a configuration that is sent: that of a file, and what wraps it.
    static let bodyBytesMax = (10 << 20) + 1_024

    private enum View: String, CaseIterable { case written, effective }

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/v1/config", summary: "The configuration that is served",
                query: ["view"]
            ) { request in
                try await document(of: nil, request)
            },
            Route(
                method: .post, path: "/v1/config/validate",
                summary: "What a configuration would change; nothing happens",
                query: ["level"], onlyAsks: true,
                mediaTypes: ["application/json"] + YAMLMediaType.names,
                bodyBytesMax: Self.bodyBytesMax, answer: validate),
        ]
    }

    // MARK: Reading

    /// A revision in the form that is asked for; a revision never changes, so its tag tells it.
    func document(of revision: Int?, _ request: RouteRequest) async throws -> Answer {
        let view = try request.query.choice("view", as: View.self)
        let isYAML = view != .effective && YAMLMediaType.isWanted(by: request.accept)
        let form: DocumentForm =
            view == .effective ? .effective : isYAML ? .asWritten : .written
        let document: RevisionDocument
        do throws(ConfigurationDeskError) {
            document = try await port.configurationPort.document(of: revision, as: form)
        } catch {
            throw Problem(error)
        }
        let tag = EntityTag(document.text.sha256)
        let fields = [
            Answer.Field(name: "ETag", value: tag.text),
            Answer.Field(name: "Vary", value: "Accept"),
            Answer.Field(name: "X-Config-Revision", value: String(document.revision)),
        ]
        if let known = request.ifNoneMatch, tag.isAmong(known) {
            return Answer(status: 304, fields: fields, body: [])
        }
        let type = isYAML ? "application/yaml" : "application/json"
        return Answer(
            status: 200,
            fields: [
                .init(name: "Content-Type", value: type),
                .init(name: "Cache-Control", value: "no-cache"),
            ] + fields, body: document.text.bytes)
    }

    // MARK: Plans

    private func validate(_ request: RouteRequest) async throws -> Answer {
        let level = try request.query.choice("level", as: ValidationLevel.self) ?? .semantic
        if level == .probe {
            try AccessGate.check(request.role, of: request.principal, isAtLeast: .operate)
        }
        let planned = try planned(request)
        var plan: ConfigurationPlan
        do throws(ConfigurationDeskError) {
            plan = try await port.configurationPort.plan(planned, level: level)
        } catch {
            throw Problem(error)
        }
        guard plan.errors.isEmpty else { throw Problem(refused: plan) }
        // A reload takes the configuration all the same; the next start may not.
        plan.warnings += AdminFileCheck.findings(in: plan.adminFiles).map { $0.problem(.warning) }
        return try .resource(plan.json(level: level))
    }

    private func planned(_ request: RouteRequest) throws -> PlannedConfiguration {
        if request.mediaType != "application/json" {
            return .text(ConfigurationText(bytes: request.body))
        }
        var body = try RequestObject(request.body, byteCountMax: Self.bodyBytesMax)
        body.allow(["config"])
        let configuration = body.object("config")
        try body.finish()
        guard let configuration else { return .file }
        // The rest of the body becomes blanks, so that places are those of the body.
        let text = JSONMember.blanking(allBut: "config", of: request.body)
        return .text(ConfigurationText(bytes: try text ?? JSONText.write(configuration)))
    }
}
