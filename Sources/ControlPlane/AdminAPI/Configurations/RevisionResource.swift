// /v1/config/revisions: what was served, who brought it and why, and how one differs from another.

import ConfigurationLanguage
import JSON
import Master
import Store

struct RevisionResource: Sendable {
    let port: any ControlPort

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/v1/config/revisions", summary: "All revisions, newest first",
                query: Page.parameters, answer: list),
            Route(
                method: .get, path: "/v1/config/revisions/{n}",
                summary: "One revision; with `view` or as YAML, its configuration",
                query: ["view"], answer: show),
            Route(
                method: .get, path: "/v1/config/revisions/{n}/diff",
                summary: "What leads to a revision from the one before it, or from another",
                query: ["against"], answer: compare),
        ]
    }

    private func list(_ request: RouteRequest) async throws -> Answer {
        let applied = port.snapshot().appliedRevision
        return try await .resource(
            Page.json(
                of: revisions(), query: request.query, key: { String($0.number) },
                item: { $0.json(applied: applied) }))
    }

    private func show(_ request: RouteRequest) async throws -> Answer {
        let revisions = try await revisions()
        let revision = try Self.find(request.parameters["n"] ?? "", in: revisions)
        if request.query.text("view") != nil || YAMLMediaType.isWanted(by: request.accept) {
            return try await ConfigurationResource(port: port).document(
                of: revision.number, request)
        }
        return try .resource(revision.json(applied: port.snapshot().appliedRevision))
    }

    private func compare(_ request: RouteRequest) async throws -> Answer {
        let revisions = try await revisions()
        let new = try Self.find(request.parameters["n"] ?? "", in: revisions)
        let old: RevisionSummary
        if let against = request.query.text("against") {
            old = try Self.find(against, in: revisions)
        } else if let before = revisions.first(where: { $0.number < new.number }) {
            old = before
        } else {
            throw Problem(
                .notFound, "no revision before \(new.number) is kept; name one with against")
        }
        if Self.wantsText(request.accept) {
            return .text(
                try await textDifference(from: old.number, to: new.number).unified,
                type: "text/plain; charset=utf-8")
        }
        var object = JSONObject([
            .init(name: "from", value: .number(old.number)),
            .init(name: "to", value: .number(new.number)),
        ])
        let difference = try await difference(from: old.number, to: new.number)
        for member in difference.json.members { object[member.name] = member.value }
        return try .resource(.object(object))
    }

    private func difference(
        from old: Int, to new: Int
    ) async throws(Problem) -> ConfigurationDifference {
        do throws(ConfigurationDeskError) {
            return try await port.configurationPort.difference(from: old, to: new)
        } catch {
            throw Problem(error)
        }
    }

    private func textDifference(from old: Int, to new: Int) async throws(Problem) -> TextDifference
    {
        do throws(ConfigurationDeskError) {
            return try await port.configurationPort.textDifference(from: old, to: new)
        } catch {
            throw Problem(error)
        }
    }

    private func revisions() async throws(Problem) -> [RevisionSummary] {
        do throws(ConfigurationDeskError) {
            return try await port.configurationPort.revisions()
        } catch {
            throw Problem(error)
        }
    }

    private static func find(
        _ text: String, in revisions: [RevisionSummary]
    ) throws(Problem) -> RevisionSummary {
        guard let number = Int(text), let revision = revisions.first(where: { $0.number == number })
        else {
            let shown = text.utf8.count <= 20 ? text : "of that number"
            throw Problem(
                .notFound,
                "no revision \(shown); the last \(Store.revisionCountMax) are kept")
        }
        return revision
    }

    private static func wantsText(_ accept: String?) -> Bool {
        (accept ?? "").split(separator: ",").contains { type in
            type.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased()
                == "text/plain"
        }
    }
}

extension RevisionSummary {
    fileprivate func json(applied: Int?) -> JSONValue {
        [
            "revision": .number(number), "sha256": .string(sha256),
            "size_bytes": .number(byteCount), "source": .string(sourceName),
            "created_at": .time(createdAt), "reload": .optional(origin?.reload),
            "principal": .optional(origin?.principal), "reason": .optional(origin?.reason),
            "is_good": .bool(isGood), "applied": .bool(number == applied),
        ]
    }
}
