/// What a route or a condition takes. All given kinds must match; within one kind any entry does,
/// but every name of `headers`, `queries` and `cookies` must be there with any of its values. An
/// empty match takes everything.
public struct RouteMatch: Codable, Sendable, Equatable {
    /// Lower case, without port.
    public var hosts: [HostPattern] = []
    /// Exact paths, compared byte for byte with the normalised path.
    public var paths: [String] = []
    /// Prefixes on whole segments: `/api` takes `/api` and `/api/x`, not `/apis`.
    public var pathPrefixes: [String] = []
    /// Ends of the path, byte for byte: `.jpg`.
    public var pathSuffixes: [String] = []
    public var pathPatterns: [PathPattern] = []
    /// Found anywhere in the path, unless the expression says where.
    public var pathRegexes: [RegularExpression] = []
    /// Exact, upper case as usual: methods are case-sensitive (RFC 9110 §9.1).
    public var methods: [String] = []
    /// What the client speaks; nil: either.
    public var scheme: Scheme?
    public var headers: [ValueMatch] = []
    /// Parameters of the query, names and values compared without their escapes.
    public var queries: [ValueMatch] = []
    public var cookies: [ValueMatch] = []
    /// Values of maps, by the name of the map; nil: there is a value.
    public var maps: [ValueMatch] = []
    /// Of each backend so many servers take traffic.
    public var serversUp: [BackendLeast] = []
    /// Of each backend the `max_connections` of those servers allow so many exchanges more; a server
    /// without a limit any number.
    public var connectionsFree: [BackendLeast] = []
    /// Of all requests, by chance, so many percent: 0…100; nil: all.
    public var sharePercent: Int?
    /// Where the client is.
    public var clientRanges: [AddressRange] = []
    /// What the client connected to, 1…65535: of the listener, or as a trusted PROXY header says.
    public var ports: [Int] = []
    /// TCP: lower case; the name that the client's TLS hello asks for.
    public var serverNames: [HostPattern] = []
    /// TCP: whether the first line that the client sends is one of HTTP/1; nil: either.
    public var speaksHTTP: Bool?
    /// Names of conditions, which exist: all must hold, one of `any` must, none of `none` may.
    public var all: [String] = []
    public var any: [String] = []
    public var none: [String] = []

    public init() {}
}

/// A backend that has so many of something at least.
public struct BackendLeast: Codable, Sendable, Equatable {
    public static let serversMax = 10_000
    public static let connectionsMax = 1_000_000

    /// The name of a backend, which exists.
    public var backend: String
    /// 1…`serversMax` or `connectionsMax`.
    public var least: Int

    public init(backend: String, least: Int) {
        self.backend = backend
        self.least = least
    }
}

/// What a client speaks, with us or with the trusted proxy before us.
public enum Scheme: String, Codable, Sendable, CaseIterable {
    case http, https
}

/// A named match, for use in others. No condition leads back to itself.
public struct Condition: Codable, Sendable, Equatable {
    public var name: String
    public var match: RouteMatch

    public init(name: String, match: RouteMatch) {
        self.name = name
        self.match = match
    }
}

public enum HostPattern: Codable, Sendable, Equatable {
    case exact(String)
    /// `*.example.com` is held as `.example.com` and takes one or more labels before it.
    case suffix(String)
}

/// A header field, parameter or cookie by name, with this value (one of the values, if it stands
/// repeatedly).
public struct ValueMatch: Codable, Sendable, Equatable {
    /// How a value is compared, byte for byte; `regex` asks whether a regular expression is found
    /// in it.
    public enum Comparison: String, Codable, Sendable, CaseIterable {
        case exact, prefix, suffix, contains, regex
    }
    /// Of a header field: lower case.
    public var name: String
    /// Nil: it is there, with whatever value. For `regex` a text that is a `RegularExpression`.
    public var value: String?
    public var comparison: Comparison

    public init(name: String, value: String?, comparison: Comparison = .exact) {
        self.name = name
        self.value = value
        self.comparison = comparison
    }
}
