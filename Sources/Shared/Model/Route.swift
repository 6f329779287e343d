/// One entry of a frontend's ordered routes: what it matches, and what is then done. Filters (headers)
/// apply to every request that the route matches; an action ends the search.
public struct Route: Codable, Sendable, Equatable {
    /// Unique in its frontend.
    public var id: String
    public var match: RouteMatch
    /// Nil: only filters, after which the next routes are looked at.
    public var action: RouteAction?
    public var headers: HeaderRules

    /// Whether the search ends here.
    public var isTerminal: Bool { action != nil }

    public init(
        id: String, match: RouteMatch = RouteMatch(), action: RouteAction? = nil,
        headers: HeaderRules = HeaderRules()
    ) {
        self.id = id
        self.match = match
        self.action = action
        self.headers = headers
    }
}

/// All given kinds must match; within one kind any entry does, but every name of `headers` must be
/// there with any of its values. An empty match takes everything.
public struct RouteMatch: Codable, Sendable, Equatable {
    /// Lower case, without port.
    public var hosts: [HostPattern] = []
    /// Exact paths, compared byte for byte with the normalised path.
    public var paths: [String] = []
    /// Prefixes on whole segments: `/api` takes `/api` and `/api/x`, not `/apis`.
    public var pathPrefixes: [String] = []
    /// Exact, upper case as usual: methods are case-sensitive (RFC 9110 §9.1).
    public var methods: [String] = []
    public var headers: [HeaderMatch] = []
    /// TCP: lower case; the name that the client's TLS hello asks for.
    public var serverNames: [HostPattern] = []
    /// TCP: where the client is.
    public var clientRanges: [AddressRange] = []

    public init() {}
}

public enum HostPattern: Codable, Sendable, Equatable {
    case exact(String)
    /// `*.example.com` is held as `.example.com` and takes one or more labels before it.
    case suffix(String)
}

/// A request field by name, with this exact value (one of the values, if it stands repeatedly).
public struct HeaderMatch: Codable, Sendable, Equatable {
    /// Lower case.
    public var name: String
    /// Nil: the field is there, with whatever value.
    public var value: String?

    public init(name: String, value: String?) {
        self.name = name
        self.value = value
    }
}

public enum RouteAction: Codable, Sendable, Equatable {
    /// The name of a backend of the same mode, which exists.
    case backend(String)
    case respond(LocalResponse)
    case redirect(Redirect)
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
