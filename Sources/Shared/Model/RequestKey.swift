/// What of a request tells one client from another: for hashing, limits and stickiness. Written
/// `client_ip`, `path`, `uri`, `host`, `header:NAME`, `cookie:NAME`, `query:NAME`.
public enum RequestKey: Codable, Sendable, Hashable {
    /// The client's address, without port.
    case clientIP
    /// Normalised, without query.
    case path
    /// Path and query.
    case uri
    /// Lower case, without port.
    case host
    /// The first field of that name; lower case.
    case header(String)
    /// As written: names of cookies are case-sensitive (RFC 6265 §5.4).
    case cookie(String)
    /// The first parameter of that name, as it stands in the query.
    case query(String)

    /// Whether TCP knows it, too.
    public var isOfConnection: Bool { self == .clientIP }

    /// As it is written.
    public var text: String {
        switch self {
        case .clientIP: "client_ip"
        case .path: "path"
        case .uri: "uri"
        case .host: "host"
        case .header(let name): "header:\(name)"
        case .cookie(let name): "cookie:\(name)"
        case .query(let name): "query:\(name)"
        }
    }

    /// The keys without a name, as they are written.
    public static let plain: [RequestKey] = [.clientIP, .path, .uri, .host]
}
