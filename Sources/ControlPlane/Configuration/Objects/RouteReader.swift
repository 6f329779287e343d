// `frontends.NAME.routes.N`: an id, a match, filters (headers) and at most one action.

import Model

extension ValueReader {
    func route(number: Int, _ mode: ProxyMode) -> Route? {
        object { fields -> Route? in
            let id = fields.take("id").map { $0.routeID() } ?? "route-\(number)"
            fields.take("labels")?.checkLabels()
            var match = RouteMatch()
            var headers = HeaderRules()
            var rewrite = Rewrite()
            if mode == .tcp {
                match = fields.take("match")?.matchOfTCP() ?? match
                fields.refuse(
                    ["respond", "redirect", "backend_map", "headers", "rewrite"], .wrongMode,
                    "has no meaning in a frontend of mode tcp")
            } else {
                match = fields.take("match")?.routeMatch() ?? match
                rewrite = fields.take("rewrite")?.rewrite() ?? rewrite
                headers = fields.take("headers")?.headerRules() ?? headers
            }
            let action = readAction(&fields, mode)
            fields.notSupportedYet("rate_limit", "cache", "mirror", "split")
            guard let id, let action else { return nil }
            return Route(
                id: id, match: match, action: action.value, headers: headers, rewrite: rewrite)
        }?.flatMap { $0 }
    }

    /// The name of a backend, noted for the check of references.
    func backendName(_ mode: ProxyMode) -> String? {
        guard !refusesReference(as: "the name of a backend"), let name = line() else { return nil }
        reading.document.backendReferences.append(.init(name: name, mode: mode, value: self))
        return name
    }

    /// The name of a map whose values are names of backends.
    private func backendMap(_ mode: ProxyMode) -> String? {
        guard !refusesReference(as: "the name of a map"), let name = line() else { return nil }
        note(map: name, namesBackends: mode)
        return name
    }

    private func routeID() -> String? {
        guard !refusesReference(as: "the id of a route"), let id = line() else { return nil }
        guard Names.isName(id) else {
            report(
                .invalidValue,
                "\(quoted(id)) cannot name a route: 1 to 64 of A-Z a-z 0-9 _ . - are allowed")
            return nil
        }
        return id
    }

    /// What a route may do without ending the search.
    private static var filterNames: [String] { ["headers", "rewrite"] }

    /// What was read of an action, which may be none.
    private struct ReadAction {
        var value: RouteAction?
    }

    /// Nil if there was a problem.
    private func readAction(_ fields: inout MappingReader, _ mode: ProxyMode) -> ReadAction? {
        let given = ["backend", "backend_map", "respond", "redirect"].filter(fields.has)
        let backend = fields.take("backend")
        let map = mode == .tcp ? nil : fields.take("backend_map")
        // In a TCP frontend these are refused already.
        let respond = mode == .tcp ? nil : fields.take("respond")
        let redirect = mode == .tcp ? nil : fields.take("redirect")
        if given.isEmpty {
            if mode == .tcp {
                fields.report(.missingField, "a route needs a backend")
                return nil
            }
            if Self.filterNames.contains(where: fields.has) { return ReadAction() }
            // A filter such as rate_limit is refused as such, with nothing to add.
            if !fields.has("rate_limit") {
                fields.report(
                    .missingField,
                    "a route needs one of backend, backend_map, respond or redirect, or a filter: "
                        + Self.filterNames.joined(separator: ", "))
            }
            return nil
        }
        if mode == .http, given.count > 1 {
            fields.report(
                .conflictingFields,
                "a route does one thing, here are \(given.joined(separator: " and "))")
        }
        let action =
            if let backend {
                backend.backendName(mode).map(RouteAction.backend)
            } else if let map {
                map.backendMap(mode).map(RouteAction.mappedBackend)
            } else if let respond {
                respond.localResponse().map(RouteAction.respond)
            } else {
                redirect?.redirect().map(RouteAction.redirect)
            }
        return action.map { ReadAction(value: $0) }
    }
}
