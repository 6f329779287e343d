// The routes of a frontend, compiled: names became indices, texts became bytes in an arena.
// Matching reads a request head and changes nothing. Hot; read-only, shared by all loops of a
// worker.

import Model

struct CompiledRoute: BitwiseCopyable {
    let id: Bytes
    /// Nil: filters only, the search goes on.
    let action: CompiledAction?
    /// 1…63 where the header rules of a filter are; 0 for all others.
    let filterNumber: Int
    /// The frontend's and the route's in one.
    fileprivate let requestRules: CompiledRules
    fileprivate let responseRules: CompiledRules
    /// The route's alone, for when filters stand between.
    fileprivate let ownRequestRules: CompiledRules
    fileprivate let ownResponseRules: CompiledRules
    fileprivate let hosts: HostPatterns
    fileprivate let paths: Run<Bytes>
    fileprivate let prefixes: Run<Bytes>
    fileprivate let methods: Run<Bytes>
    fileprivate let headers: Run<CompiledHeaderMatch>
}

private struct CompiledHeaderMatch: BitwiseCopyable {
    /// Lower case.
    let name: Bytes
    let value: Bytes
    let hasValue: Bool
    /// The next match is an alternative to this one: the same name, another value.
    let hasAlternative: Bool
}

/// Good for as long as the arena it was compiled into.
struct RouteTable: BitwiseCopyable, @unchecked Sendable {
    private let routes: Run<CompiledRoute>
    let frontend: Bytes
    /// The frontend's, then those of the filters by number.
    private let requestLevels: Run<CompiledRules>
    private let responseLevels: Run<CompiledRules>
    private let noRules: CompiledRules

    /// A route to a backend that `backends` lacks cannot be: a Configuration has only references
    /// that hold. Such a route would answer 503.
    init(_ frontend: Frontend, backends: [String: Int], arena: ConfigurationArena) {
        self.frontend = arena.bytes(frontend.name)
        var levels = [frontend.headers]
        routes = arena.run(
            frontend.routes.map { route in
                var number = 0
                if !route.isTerminal, route.headers != HeaderRules(),
                    levels.count <= FilterSet.numberMax
                {
                    number = levels.count
                    levels.append(route.headers)
                }
                return Self.compile(
                    route, number, of: frontend, backends: backends, arena: arena)
            })
        requestLevels = arena.run(levels.map { CompiledRules([$0.request], arena: arena) })
        responseLevels = arena.run(levels.map { CompiledRules([$0.response], arena: arena) })
        noRules = CompiledRules([], arena: arena)
    }

    var count: Int { routes.count }

    subscript(_ index: Int) -> CompiledRoute {
        @inline(__always) get { routes[index] }
    }

    /// What is done with the request's fields by a route and the filters before it; -1 is no route.
    @inline(__always)
    func requestRules(_ route: Int, _ filters: FilterSet) -> AppliedRules {
        if filters.isEmpty, route >= 0 { return AppliedRules(routes[route].requestRules) }
        return AppliedRules(
            requestLevels, filters, last: route < 0 ? noRules : routes[route].ownRequestRules)
    }

    /// The same for the response's.
    @inline(__always)
    func responseRules(_ route: Int, _ filters: FilterSet) -> AppliedRules {
        if filters.isEmpty, route >= 0 { return AppliedRules(routes[route].responseRules) }
        return AppliedRules(
            responseLevels, filters, last: route < 0 ? noRules : routes[route].ownResponseRules)
    }

    /// The first route that takes the request, from the one at `start`; nil: none does. `bytes` is
    /// the head that was parsed.
    @inline(__always)
    func match(
        _ head: borrowing RequestHead, _ bytes: Bytes, from start: Int = 0
    ) -> Int? {
        let host = bytes.slice(head.host)
        let path = head.path(in: bytes)
        var index = start
        while index < routes.count {
            let route = routes[index]
            if route.hosts.isEmpty || route.hosts.take(host), Self.takesPath(route, path),
                Self.takesMethod(route.methods, bytes.slice(head.methodName)),
                Self.takesHeaders(route.headers, head, bytes)
            {
                return index
            }
            index &+= 1
        }
        return nil
    }

    private static func takesPath(_ route: CompiledRoute, _ path: Bytes) -> Bool {
        if route.paths.isEmpty && route.prefixes.isEmpty { return true }
        // Both given: both must match (`RouteMatch`).
        return takesExactPath(route.paths, path) && takesPrefix(route.prefixes, path)
    }

    private static func takesExactPath(_ paths: Run<Bytes>, _ path: Bytes) -> Bool {
        if paths.isEmpty { return true }
        var index = 0
        while index < paths.count {
            if path.equals(paths[index]) { return true }
            index &+= 1
        }
        return false
    }

    /// `/api` and `/api/` as prefixes are one: `/api` itself and everything below it.
    private static func takesPrefix(_ prefixes: Run<Bytes>, _ path: Bytes) -> Bool {
        if prefixes.isEmpty { return true }
        var index = 0
        while index < prefixes.count {
            // Without its last slash, see `compile`.
            let prefix = prefixes[index]
            if path.count >= prefix.count, path.prefix(prefix.count).equals(prefix) {
                if path.count == prefix.count || path[prefix.count] == ASCII.slash { return true }
            }
            index &+= 1
        }
        return false
    }

    private static func takesMethod(_ methods: Run<Bytes>, _ method: Bytes) -> Bool {
        if methods.isEmpty { return true }
        var index = 0
        while index < methods.count {
            if method.equals(methods[index]) { return true }
            index &+= 1
        }
        return false
    }

    private static func takesHeaders(
        _ matches: Run<CompiledHeaderMatch>, _ head: borrowing RequestHead, _ bytes: Bytes
    ) -> Bool {
        var index = 0
        var isTaken = false
        while index < matches.count {
            let match = matches[index]
            isTaken = isTaken || takesHeader(match, head, bytes)
            if !match.hasAlternative {
                guard isTaken else { return false }
                isTaken = false
            }
            index &+= 1
        }
        return true
    }

    private static func takesHeader(
        _ match: CompiledHeaderMatch, _ head: borrowing RequestHead, _ bytes: Bytes
    ) -> Bool {
        var index = 0
        while index < head.fields.count {
            let slot = head.fields[index]
            if bytes.slice(slot.name).equalsIgnoringCase(match.name),
                !match.hasValue || bytes.slice(slot.value).equals(match.value)
            {
                return true
            }
            index &+= 1
        }
        return false
    }
}

extension RouteTable {
    private static func compile(
        _ route: Route, _ filterNumber: Int, of frontend: Frontend, backends: [String: Int],
        arena: ConfigurationArena
    ) -> CompiledRoute {
        let match = route.match
        return CompiledRoute(
            id: arena.bytes(route.id),
            action: route.action.map { compile($0, backends: backends, arena: arena) },
            filterNumber: filterNumber,
            requestRules: CompiledRules(
                [frontend.headers.request, route.headers.request], arena: arena),
            responseRules: CompiledRules(
                [frontend.headers.response, route.headers.response], arena: arena),
            ownRequestRules: CompiledRules([route.headers.request], arena: arena),
            ownResponseRules: CompiledRules([route.headers.response], arena: arena),
            hosts: HostPatterns(match.hosts, arena: arena),
            paths: arena.run(match.paths.map { arena.bytes($0) }),
            prefixes: arena.run(
                match.pathPrefixes.map {
                    arena.bytes($0.hasSuffix("/") ? String($0.dropLast()) : $0)
                }
            ),
            methods: arena.run(match.methods.map { arena.bytes($0) }),
            headers: arena.run(compile(match.headers, arena: arena)))
    }

    /// Values of one name stand together, as alternatives; names must all be there.
    private static func compile(
        _ headers: [HeaderMatch], arena: ConfigurationArena
    ) -> [CompiledHeaderMatch] {
        let names = headers.map { $0.name.lowercased() }
        let order = names.indices.sorted { (names[$0], $0) < (names[$1], $1) }
        return order.enumerated().map { place, index in
            let next = place + 1 < order.count ? names[order[place + 1]] : nil
            return CompiledHeaderMatch(
                name: arena.bytes(names[index]), value: arena.bytes(headers[index].value ?? ""),
                hasValue: headers[index].value != nil, hasAlternative: next == names[index])
        }
    }

    private static func compile(
        _ action: RouteAction, backends: [String: Int], arena: ConfigurationArena
    ) -> CompiledAction {
        switch action {
        case .backend(let name):
            guard let index = backends[name] else {
                return .respond(
                    CompiledResponse(
                        status: 503, contentType: arena.bytes("text/plain"),
                        body: CompiledTemplate(
                            Template(literal: ""), escape: .plain, arena: arena)))
            }
            return .backend(index)
        case .respond(let response):
            return .respond(
                CompiledResponse(
                    status: response.status, contentType: arena.bytes(response.contentType),
                    body: CompiledTemplate(
                        response.body, escape: TemplateEscape(contentType: response.contentType),
                        arena: arena)))
        case .redirect(let redirect):
            return .redirect(
                CompiledRedirect(
                    status: redirect.status,
                    location: CompiledTemplate(
                        redirect.location ?? Template(literal: ""), escape: .field, arena: arena),
                    scheme: arena.bytes(redirect.scheme ?? ""),
                    host: arena.bytes(redirect.host ?? ""),
                    path: arena.bytes(redirect.path ?? "")))
        }
    }
}
