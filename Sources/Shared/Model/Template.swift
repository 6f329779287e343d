/// Text with `%{variable}` in it, parsed when the configuration is loaded; `%%` is a percent sign.
public struct Template: Codable, Sendable, Equatable {
    public enum Part: Codable, Sendable, Equatable {
        case literal(String)
        case variable(Variable)
        case request(RequestValue)
        /// What a group of the regular expression took in whose place the text stands, by its name
        /// or number.
        case group(String)
        /// A value, never a literal, and what is made of it: 1 to `TextConversion.countMax`.
        indirect case converted(Part, [TextConversion])
    }
    public var parts: [Part]

    public init(parts: [Part]) {
        self.parts = parts
    }

    public init(literal: String) {
        self.parts = literal.isEmpty ? [] : [.literal(literal)]
    }
}

/// What `%{…}` may name.
public enum Variable: String, Codable, Sendable, CaseIterable {
    /// Of the worker that answers: constants of its life.
    case generation, revision, pid
    /// Of the client connection.
    case clientIP = "client_ip"
    case clientPort = "client_port"
    /// What the client connected to: of the listener, or as a trusted PROXY header says; 0 at a unix
    /// socket.
    case port
    case frontend
    /// Of the request, as forwarded. `host` is without port; `query` is without `?`.
    case scheme, method, host, path, query
    /// 32 lower-case hexadecimal digits, unique to the exchange.
    case requestID = "request_id"
    /// Who said the password that a route asked for; empty where none did.
    case user
    /// The time of day, as `Date` fields have it (RFC 9110 §5.6.7), and in seconds since 1970.
    case date
    case unixTime = "unix_time"
    /// Of the answer; empty before there is one.
    case status
    /// Where the request was sent last: known when it is answered, empty before, and where it was not.
    case backend, server
}

/// What `%{kind.name}` takes from the request at hand, or from the server's answer; nothing where it
/// has none such.
public struct RequestValue: Codable, Sendable, Hashable {
    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// What a path pattern, or a regular expression of a path, gave that name.
        case capture
        /// The first field of that name.
        case header
        /// The first cookie of that name.
        case cookie
        /// The first parameter of that name, as it stands in the query.
        case query
        /// The value of a map of that name, which exists.
        case map
        /// The first field of that name of the server's answer.
        case response
    }
    public var kind: Kind
    /// Of a header field: lower case.
    public var name: String

    public init(kind: Kind, name: String) {
        self.kind = kind
        self.name = name
    }
}
