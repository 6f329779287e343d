/// One entry of a frontend's ordered routes: what it matches, and what is then done. Filters
/// (rate_limit, rewrite, headers) apply to every request that the route matches; an action ends the search.
public struct Route: Codable, Sendable, Equatable {
    /// Unique in its frontend.
    public var id: String
    public var match: RouteMatch
    /// Nil: only filters, after which the next routes are looked at.
    public var action: RouteAction?
    public var headers: HeaderRules
    /// Of path and query, before the next routes are looked at and before the action.
    public var rewrite: Rewrite
    /// Asked before anything else is done; a request beyond it is answered here.
    public var rateLimit: RateLimitUse?
    /// Asked next; who does not say a right password gets 401.
    public var authentication: Authentication?
    /// 0…9, whose turn it is when exchanges wait for a server: smaller goes first.
    public var priority: Int
    public static let defaultPriority = 5

    /// Whether the search ends here.
    public var isTerminal: Bool { action != nil }

    public init(
        id: String, match: RouteMatch = RouteMatch(), action: RouteAction? = nil,
        headers: HeaderRules = HeaderRules(), rewrite: Rewrite = Rewrite(),
        priority: Int = Route.defaultPriority
    ) {
        self.id = id
        self.match = match
        self.action = action
        self.headers = headers
        self.rewrite = rewrite
        self.priority = priority
    }
}

public enum RouteAction: Codable, Sendable, Equatable {
    /// The name of a backend of the same mode, which exists.
    case backend(String)
    /// TCP: the name of an HTTP frontend, which exists: the connection goes on as one of its own.
    case frontend(String)
    /// The backend that a map of this name says; a request for which it says none is not taken.
    case mappedBackend(String)
    case respond(LocalResponse)
    case redirect(Redirect)
    case deny(Denial)
}

/// `respond:` — an answer without a server.
public struct LocalResponse: Codable, Sendable, Equatable {
    /// 200…599.
    public var status: Int
    public var contentType: String
    public var body: Template

    public init(status: Int, contentType: String = "text/plain; charset=utf-8", body: Template) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }
}

/// `redirect:` — a whole `location`, or the request's own URL with the given parts replaced.
public struct Redirect: Codable, Sendable, Equatable {
    /// 301, 302, 303, 307 or 308.
    public var status: Int
    public var location: Template?
    /// `http` or `https`.
    public var scheme: String?
    /// Host with an optional port.
    public var host: String?
    /// Begins with `/`; the query is kept only where the path is.
    public var path: String?

    public init(
        status: Int = 302, location: Template? = nil, scheme: String? = nil, host: String? = nil,
        path: String? = nil
    ) {
        self.status = status
        self.location = location
        self.scheme = scheme
        self.host = host
        self.path = path
    }
}
