/// `frontends.NAME` — what clients reach: addresses, limits, and the ordered routes.
public struct Frontend: Codable, Sendable, Equatable {
    /// Routes without an action: what of them took a request is remembered as bits of a word.
    public static let filterRoutesMax = 63

    public var name: String
    public var mode: ProxyMode
    /// An address stands in one frontend only. None: an HTTP frontend to which routes of TCP frontends
    /// lead.
    public var bind: [Bind]
    /// Client connections of this frontend over all workers; nil is no limit of its own.
    public var maxConnections: Int?
    public var timeouts: Timeouts
    public var limits: MessageLimits
    public var paths = PathRules()
    public var forwardedFor: ForwardedFor
    /// Of answers of our own, in order of their status.
    public var errors: [ErrorPage]
    /// Applied to every exchange before the route's own.
    public var headers: HeaderRules
    /// The first match with an action wins, filters run on the way; a request that matches no action
    /// gets 404, a TCP connection is closed. TCP routes lead to backends or HTTP
    /// frontends and are no filters.
    public var routes: [Route]
    /// Nil: where a client is, the kernel says.
    public var proxyProtocol: ProxyProtocolInput?

    /// With all addresses bound alike.
    public init(
        name: String, mode: ProxyMode, bind: [SocketAddress], maxConnections: Int? = nil,
        timeouts: Timeouts = Timeouts(), limits: MessageLimits = MessageLimits(),
        forwardedFor: ForwardedFor = .replace, errors: [ErrorPage] = [],
        headers: HeaderRules = HeaderRules(),
        routes: [Route] = []
    ) {
        self.name = name
        self.mode = mode
        self.bind = bind.map { Bind($0) }
        self.maxConnections = maxConnections
        self.timeouts = timeouts
        self.limits = limits
        self.forwardedFor = forwardedFor
        self.errors = errors
        self.headers = headers
        self.routes = routes
    }
}

/// What is done with X-Forwarded-For and X-Forwarded-Proto of a request.
public enum ForwardedFor: String, Codable, Sendable, CaseIterable {
    /// The client's own are dropped and ours are set: right at the edge, the default.
    case replace
    /// Ours is appended to the client's X-Forwarded-For: right behind a proxy that is trusted.
    case append
    /// Both pass as they came.
    case off
}

/// `limits:` — how large the parts of a request may be before it is refused, and how slow.
public struct MessageLimits: Codable, Sendable, Equatable {
    /// Request or response head, 1024…15360 bytes; more is 431 (or 502 from a server).
    public var headBytes: Int = 15_360
    /// Fields of a head, 1…128; more is 431.
    public var fieldCount: Int = 100
    /// Request target, 64…15360 bytes; more is 414.
    public var targetBytes: Int = 8_192
    /// Request body, 0… bytes; more is 413.
    public var bodyBytes: Int = 1 << 30
    /// Bytes a second, 0…2^20, that a client sends of a body and takes of a response, on average over
    /// the time it is waited for; less is 408, or the end. 0: any.
    public var minRateBytes: Int = 500

    public init() {}
}
