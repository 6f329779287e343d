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
            var limit: RateLimitUse?
            var authentication: Authentication?
            if mode == .tcp {
                match = fields.take("match")?.matchOfTCP() ?? match
                limit = fields.take("rate_limit")?.rateLimitUse(mode)
                fields.refuse(
                    ["respond", "redirect", "backend_map", "tarpit", "headers", "rewrite", "auth"],
                    .wrongMode,
                    "has no meaning in a frontend of mode tcp")
            } else {
                match = fields.take("match")?.routeMatch() ?? match
                limit = fields.take("rate_limit")?.rateLimitUse(mode)
                authentication = fields.take("auth")?.authentication()
                fields.refuse(
                    ["frontend"], .wrongMode, "has no meaning in a frontend of mode http")
                rewrite = fields.take("rewrite")?.rewrite() ?? rewrite
                headers = fields.take("headers")?.headerRules() ?? headers
            }
            let priority = readPriority(&fields)
            let action = readAction(&fields, mode)
            fields.notSupportedYet("cache", "mirror", "split")
            guard let id, let action else { return nil }
            var route = Route(
                id: id, match: match, action: action.value, headers: headers, rewrite: rewrite,
                priority: priority)
            route.rateLimit = limit
            route.authentication = authentication
            return route
        }?.flatMap { $0 }
    }

    /// Whose turn it is where exchanges wait for a server.
    private func readPriority(_ fields: inout MappingReader) -> Int {
        guard let field = fields.take("priority") else { return Route.defaultPriority }
        if !fields.has("backend"), !fields.has("backend_map") {
            field.report(
                .conflictingFields, "`priority` has no meaning without `backend`: nobody waits")
        }
        return field.integer(in: 0...9) ?? Route.defaultPriority
    }

    /// The name of a backend, noted for the check of references.
    func backendName(_ mode: ProxyMode) -> String? {
        guard !refusesReference(as: "the name of a backend"), let name = line() else { return nil }
        reading.document.backendReferences.append(.init(name: name, mode: mode, value: self))
        return name
    }

    /// The name of an HTTP frontend, noted for the check of references.
    private func frontendName() -> String? {
        guard !refusesReference(as: "the name of a frontend"), let name = line() else { return nil }
        reading.document.frontendReferences.append(.init(name: name, value: self))
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
    private static var filterNames: [String] { ["rate_limit", "auth", "rewrite", "headers"] }
    private static var actionsOfTCP: [String] { ["backend", "frontend", "deny"] }
    private static var actionsOfHTTP: [String] {
        ["backend", "backend_map", "respond", "redirect", "deny", "tarpit"]
    }

    /// What was read of an action, which may be none.
    private struct ReadAction {
        var value: RouteAction?
    }

    /// Nil if there was a problem.
    private func readAction(_ fields: inout MappingReader, _ mode: ProxyMode) -> ReadAction? {
        let own = mode == .tcp ? Self.actionsOfTCP : Self.actionsOfHTTP
        let given = own.filter(fields.has)
        let backend = fields.take("backend")
        let deny = fields.take("deny")
        let frontend = mode == .http ? nil : fields.take("frontend")
        let map = mode == .tcp ? nil : fields.take("backend_map")
        let respond = mode == .tcp ? nil : fields.take("respond")
        let redirect = mode == .tcp ? nil : fields.take("redirect")
        let tarpit = mode == .tcp ? nil : fields.take("tarpit")
        // Those of the other mode are refused already.
        if given.isEmpty, (Self.actionsOfTCP + Self.actionsOfHTTP).contains(where: fields.has) {
            return nil
        }
        if given.isEmpty {
            if mode == .tcp {
                if fields.has("rate_limit") { return ReadAction() }
                fields.report(
                    .missingField,
                    "a route needs one of backend, frontend and deny, or a rate_limit")
                return nil
            }
            if Self.filterNames.contains(where: fields.has) { return ReadAction() }
            fields.report(
                .missingField,
                "a route needs one of backend, backend_map, respond, redirect, deny or tarpit, or "
                    + "a filter: " + Self.filterNames.joined(separator: ", "))
            return nil
        }
        if given.count > 1 {
            fields.report(
                .conflictingFields,
                "a route does one thing, here are \(given.joined(separator: " and "))")
        }
        let action =
            if let backend {
                backend.backendName(mode).map(RouteAction.backend)
            } else if let frontend {
                frontend.frontendName().map(RouteAction.frontend)
            } else if let map {
                map.backendMap(mode).map(RouteAction.mappedBackend)
            } else if let respond {
                respond.localResponse().map(RouteAction.respond)
            } else if let deny {
                deny.denial(mode).map(RouteAction.deny)
            } else if let tarpit {
                tarpit.tarpit().map(RouteAction.deny)
            } else {
                redirect?.redirect().map(RouteAction.redirect)
            }
        return action.map { ReadAction(value: $0) }
    }
}
