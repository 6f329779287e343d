// `frontends.NAME`

import Model

extension ValueReader {
    func frontend(
        _ name: String, _ inherited: Timeouts, _ errors: [ErrorPage]
    ) -> Frontend? {
        reading.document.captureNames = []
        return object { fields in
            let mode = fields.take("mode")?.choice(ProxyMode.self) ?? .http
            fields.take("labels")?.checkLabels()
            var frontend = Frontend(name: name, mode: mode, bind: [])
            frontend.bind = readBind(&fields, name, mode)
            frontend.maxConnections =
                fields.take("max_connections")?.integer(in: 1...10_000_000)
            frontend.timeouts =
                fields.take("timeouts")?.timeouts(.frontend, inherited: inherited) ?? inherited
            if mode == .tcp {
                fields.refuse(
                    ["limits", "paths", "headers", "errors"], .wrongMode,
                    "has no meaning in a frontend of mode tcp")
            } else {
                frontend.limits = fields.take("limits")?.messageLimits() ?? MessageLimits()
                frontend.paths = fields.take("paths")?.pathRules() ?? PathRules()
                frontend.errors =
                    fields.take("errors")?.errorPages(inherited: errors) ?? errors
                if let headers = fields.take("headers")?.frontendHeaders() {
                    frontend.headers = headers.rules
                    frontend.forwardedFor = headers.forwardedFor
                }
            }
            frontend.routes = readRoutes(&fields, mode)
            let proxyProtocol = fields.take("proxy_protocol")
            frontend.proxyProtocol = proxyProtocol?.proxyProtocolInput()
            if frontend.proxyProtocol != nil,
                frontend.bind.contains(where: { $0.isAbstract })
            {
                proxyProtocol?.report(
                    .conflictingFields,
                    "anybody on this machine may connect to a name that is no file, and would be "
                        + "believed: bind unix:/PATH")
            }
            fields.notSupportedYet("tls", "rate_limit", "compression")
            return frontend
        }
    }

    /// None, where routes of TCP frontends lead to this one.
    private func readBind(
        _ fields: inout MappingReader, _ name: String, _ mode: ProxyMode
    ) -> [Bind] {
        let field =
            mode == .http
            ? fields.take("bind") : fields.require("bind", "such as [\"*:80\", \"[::]:80\"]")
        guard let field else {
            if mode == .http {
                reading.document.frontendsWithoutBind.append(.init(name: name, value: self))
                fields.refuse(
                    ["proxy_protocol"], .conflictingFields,
                    "is for a frontend with \"bind\": the one that hands connections over says it")
            }
            return []
        }
        let items = field.list()
        if case .sequence = field.node.content, items.isEmpty {
            field.report(.missingField, "a frontend binds at least one address")
        }
        return items.compactMap { $0.bind() }
    }

    private func messageLimits() -> MessageLimits? {
        object { fields in
            var limits = MessageLimits()
            if let head = fields.take("head")?.size(in: 1_024...15_360) { limits.headBytes = head }
            if let count = fields.take("fields")?.integer(in: 1...128) { limits.fieldCount = count }
            if let target = fields.take("target")?.size(in: 64...15_360) {
                limits.targetBytes = target
            }
            if let body = fields.take("body")?.size(in: 0...(1 << 50)) { limits.bodyBytes = body }
            if let rate = fields.take("min_rate")?.size(in: 0...(1 << 20)) {
                limits.minRateBytes = rate
            }
            return limits
        }
    }

    private func pathRules() -> PathRules? {
        object { fields in
            var rules = PathRules()
            if let merges = fields.take("merge_slashes")?.boolean() {
                rules.mergesSlashes = merges
            }
            if let parameters = fields.take("parameters")?.choice(PathParameters.self) {
                rules.parameters = parameters
            }
            return rules
        }
    }

    /// `routes`, or `backend` alone for the one route that takes everything.
    private func readRoutes(_ fields: inout MappingReader, _ mode: ProxyMode) -> [Route] {
        let routes = fields.take("routes")
        let backend = fields.take("backend")
        if let backend {
            if routes != nil {
                backend.report(
                    .conflictingFields,
                    "\"backend\" stands for a single route, leave out one of "
                        + "\"backend\" and \"routes\"")
            }
            guard let name = backend.backendName(mode) else { return [] }
            return [Route(id: "route-1", action: .backend(name))]
        }
        guard let routes else {
            fields.report(.missingField, "a frontend needs \"routes\" or a \"backend\"")
            return []
        }
        guard let items = routes.items("a list of routes, in order") else { return [] }
        if items.isEmpty { routes.report(.missingField, "at least one route is needed") }
        let read = items.enumerated().map { index, item in
            (value: item, route: item.route(number: index + 1, mode))
        }
        checkOrder(read)
        let filterCount = read.count { $0.route?.isTerminal == false }
        if filterCount > Frontend.filterRoutesMax {
            routes.report(
                .tooLarge,
                "\(filterCount) routes have no action, at most \(Frontend.filterRoutesMax) may")
        }
        return read.compactMap(\.route)
    }

    /// Ids are unique, and nothing comes after a route that takes everything.
    private func checkOrder(_ routes: [(value: ValueReader, route: Route?)]) {
        var places: [String: TextPosition] = [:]
        var matchAll: String?
        for (value, route) in routes {
            guard let route else { continue }
            if let first = places[route.id] {
                value.report(
                    .duplicateKey,
                    "a second route has the id \(quoted(route.id)), first in line \(first.line), "
                        + "column \(first.column)")
            }
            places[route.id] = places[route.id] ?? value.node.position
            if let matchAll {
                value.report(
                    .unreachableRoute,
                    "never reached: route \(quoted(matchAll)) before it takes everything",
                    severity: .warning)
            } else if route.decides, route.match.takesEverything {
                matchAll = route.id
            }
        }
    }
}

extension Route {
    /// Whether it has an action for whatever it matches. A map may have none.
    fileprivate var decides: Bool {
        if case .mappedBackend = action { false } else { isTerminal }
    }
}

extension RouteMatch {
    fileprivate var takesEverything: Bool {
        serverNames.isEmpty && speaksHTTP == nil && clientRanges.isEmpty && ports.isEmpty
            && hosts.isEmpty && paths.isEmpty && methods.isEmpty && scheme == nil
            && headers.isEmpty && (pathPrefixes.isEmpty || pathPrefixes.contains("/"))
            && pathSuffixes.isEmpty && pathPatterns.isEmpty && pathRegexes.isEmpty
            && queries.isEmpty && cookies.isEmpty && maps.isEmpty && serversUp.isEmpty
            && connectionsFree.isEmpty && sharePercent == nil && all.isEmpty && any.isEmpty
            && none.isEmpty
    }
}
