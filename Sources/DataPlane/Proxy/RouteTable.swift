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
    /// Place of the limit that is asked first; -1: none.
    let rateLimit: Int
    /// What is answered beyond it.
    let rateLimitStatus: Int
    /// Place of the list of users who may pass; -1: everybody.
    let userList: Int
    let realm: Bytes
    let rewrite: CompiledRewrite
    /// The frontend's and the route's in one.
    fileprivate let requestRules: CompiledRules
    fileprivate let responseRules: RulesByStatus
    /// The route's alone, for when filters stand between.
    fileprivate let ownRequestRules: CompiledRules
    fileprivate let ownResponseRules: RulesByStatus
    /// The same two of our own error answers.
    fileprivate let errorRules: RulesByStatus
    fileprivate let ownErrorRules: RulesByStatus
}

/// What routes of all frontends lead to and name.
struct RouteSurroundings {
    /// Places of the backends by name.
    let backends: [String: Int]
    /// Of the frontends.
    let frontends: [String: Int]
    let names: RuleNames
    let conditions: ConditionTable
    let conditionNumbers: [String: Int]
    /// Places of the rate limits by name.
    let rateLimits: [String: Int]
    /// Places of the lists of users by name.
    let userLists: [String: Int]

    init(_ configuration: Configuration, arena: ConfigurationArena) {
        backends = Dictionary(
            configuration.backends.enumerated().map { ($1.name, $0) },
            uniquingKeysWith: { first, _ in first })
        frontends = Dictionary(
            configuration.frontends.enumerated().map { ($1.name, $0) },
            uniquingKeysWith: { first, _ in first })
        names = RuleNames(configuration, backends: backends, arena: arena)
        conditions = ConditionTable(configuration.conditions, arena: arena, names: names)
        conditionNumbers = ConditionTable.numbers(configuration.conditions)
        rateLimits = Dictionary(
            configuration.rateLimits.enumerated().map { ($1.name, $0) },
            uniquingKeysWith: { first, _ in first })
        userLists = Dictionary(
            configuration.users.enumerated().map { ($1.name, $0) },
            uniquingKeysWith: { first, _ in first })
    }
}

/// Good for as long as the arena it was compiled into.
struct RouteTable: BitwiseCopyable, @unchecked Sendable {
    private let routes: Run<CompiledRoute>
    /// Of the routes by place: apart, so that a search reads nothing else.
    private let matches: Run<CompiledMatch>
    private let conditions: ConditionTable
    let frontend: Bytes
    /// The frontend's, then those of the filters by number.
    private let requestLevels: Run<RulesByStatus>
    private let responseLevels: Run<RulesByStatus>
    private let errorLevels: Run<RulesByStatus>
    private let noRules: CompiledRules
    private let errorPages: Run<CompiledResponse>
    /// Error answers may say something of the request, which is to be kept for them.
    let errorsNeedRequest: Bool

    /// A route to a backend that `backends` lacks cannot be: a Configuration has only references
    /// that hold. Such a route would answer 503.
    init(_ frontend: Frontend, _ surroundings: RouteSurroundings, arena: ConfigurationArena) {
        conditions = surroundings.conditions
        matches = arena.run(
            frontend.routes.map {
                CompiledMatch(
                    $0.match, arena: arena, names: surroundings.names,
                    conditions: surroundings.conditionNumbers)
            })
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
                    route, number, of: frontend, surroundings, arena: arena)
            })
        requestLevels = arena.run(
            levels.map { level in
                RulesByStatus(
                    CompiledRules([level.request], arena: arena, names: surroundings.names),
                    arena: arena)
            })
        responseLevels = arena.run(levels.map { RulesByStatus([$0], arena: arena) })
        errorLevels = arena.run(levels.map { RulesByStatus($0.errorLevels, arena: arena) })
        errorsNeedRequest =
            !frontend.errors.isEmpty || frontend.headers.coversErrors
            || frontend.routes.contains { $0.headers.coversErrors }
        noRules = CompiledRules([], arena: arena)
        errorPages = arena.run(
            frontend.errors.map { page in
                CompiledResponse(
                    status: page.status, contentType: arena.bytes(page.contentType),
                    body: CompiledTemplate(
                        page.body, escape: TemplateEscape(contentType: page.contentType),
                        arena: arena, names: surroundings.names))
            })
    }

    /// What an answer of our own with that status says, nil: its status and reason.
    func errorPage(_ status: Int) -> CompiledResponse? {
        var index = 0
        while index < errorPages.count {
            if errorPages[index].status == status { return errorPages[index] }
            index &+= 1
        }
        return nil
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

    /// The same for the response's of that status.
    @inline(__always)
    func responseRules(_ route: Int, _ filters: FilterSet, status: Int) -> AppliedRules {
        if filters.isEmpty, route >= 0 {
            return AppliedRules(routes[route].responseRules.rules(for: status))
        }
        let own = route < 0 ? noRules : routes[route].ownResponseRules.rules(for: status)
        return AppliedRules(responseLevels, filters, status: status, last: own)
    }

    /// Whether these, whatever the status is going to be, may say something of the request, which is
    /// to be kept for them.
    @inline(__always)
    func responseNeedsRequest(_ route: Int, _ filters: FilterSet) -> Bool {
        !filters.isEmpty || route < 0 || !routes[route].responseRules.saysNothing
    }

    /// And for an error answer's of our own.
    func errorRules(_ route: Int, _ filters: FilterSet, status: Int) -> AppliedRules {
        if filters.isEmpty {
            let rules = route < 0 ? errorLevels[0] : routes[route].errorRules
            return AppliedRules(rules.rules(for: status))
        }
        let own = route < 0 ? noRules : routes[route].ownErrorRules.rules(for: status)
        return AppliedRules(errorLevels, filters, status: status, last: own)
    }

    /// The first route that takes the request, from the one at `start`; nil: none does.
    @inline(__always)
    func match(
        _ facts: inout ExchangeFacts, _ memory: inout ConditionMemory, from start: Int = 0
    ) -> Int? {
        var index = start
        while index < matches.count {
            if matches[index].takes(&facts, conditions, &memory) { return index }
            index &+= 1
        }
        return nil
    }
}

extension HeaderRules {
    /// Itself, where its rules of the response are of our own error answers too.
    fileprivate var errorLevels: [HeaderRules] { coversErrors ? [self] : [] }
}

extension RouteTable {
    private static func compile(
        _ route: Route, _ filterNumber: Int, of frontend: Frontend,
        _ surroundings: RouteSurroundings, arena: ConfigurationArena
    ) -> CompiledRoute {
        let names = surroundings.names
        return CompiledRoute(
            id: arena.bytes(route.id),
            action: route.action.map { compile($0, surroundings, arena: arena) },
            filterNumber: filterNumber,
            rateLimit: route.rateLimit.flatMap { surroundings.rateLimits[$0.limit] } ?? -1,
            rateLimitStatus: route.rateLimit?.status ?? 429,
            // A list that is not there lets nobody pass.
            userList: route.authentication.map {
                surroundings.userLists[$0.users] ?? surroundings.userLists.count
            } ?? -1,
            realm: arena.bytes(route.authentication?.realm ?? ""),
            rewrite: CompiledRewrite(route.rewrite, frontend.paths, arena: arena, names: names),
            requestRules: CompiledRules(
                [frontend.headers.request, route.headers.request], arena: arena, names: names),
            responseRules: RulesByStatus([frontend.headers, route.headers], arena: arena),
            ownRequestRules: CompiledRules([route.headers.request], arena: arena, names: names),
            ownResponseRules: RulesByStatus([route.headers], arena: arena),
            errorRules: RulesByStatus(
                frontend.headers.errorLevels + route.headers.errorLevels, arena: arena),
            ownErrorRules: RulesByStatus(route.headers.errorLevels, arena: arena))
    }

    private static func unavailable(_ arena: ConfigurationArena) -> CompiledAction {
        .respond(
            CompiledResponse(
                status: 503, contentType: arena.bytes("text/plain"),
                body: CompiledTemplate(Template(literal: ""), escape: .plain, arena: arena)))
    }

    private static func compile(
        _ action: RouteAction, _ surroundings: RouteSurroundings, arena: ConfigurationArena
    ) -> CompiledAction {
        let names = surroundings.names
        switch action {
        case .backend(let name):
            guard let index = surroundings.backends[name] else { return unavailable(arena) }
            return .backend(index)
        case .frontend:
            // Of TCP routes (`TCPRouteTable`).
            return unavailable(arena)
        case .mappedBackend(let name):
            // As above.
            guard let map = names.maps[name] else { return unavailable(arena) }
            return .mappedBackend(map)
        case .respond(let response):
            return .respond(
                CompiledResponse(
                    status: response.status, contentType: arena.bytes(response.contentType),
                    body: CompiledTemplate(
                        response.body, escape: TemplateEscape(contentType: response.contentType),
                        arena: arena, names: names)))
        case .deny(let denial):
            return .deny(status: denial.status, delay: Int64(denial.delay / .milliseconds(1)))
        case .redirect(let redirect):
            return .redirect(
                CompiledRedirect(
                    status: redirect.status,
                    location: CompiledTemplate(
                        redirect.location ?? Template(literal: ""), escape: .target, arena: arena,
                        names: names),
                    scheme: arena.bytes(redirect.scheme ?? ""),
                    host: arena.bytes(redirect.host ?? ""),
                    path: arena.bytes(redirect.path ?? "")))
        }
    }
}
