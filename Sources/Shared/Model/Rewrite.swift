/// `rewrite:` — what becomes of a request's path and query before it goes on. What comes out is
/// normalised and checked like what a client sends.
public struct Rewrite: Codable, Sendable, Equatable {
    public var path: PathRewrite?
    public var query: QueryRewrite?

    public init(path: PathRewrite? = nil, query: QueryRewrite? = nil) {
        self.path = path
        self.query = query
    }
}

public enum PathRewrite: Codable, Sendable, Equatable {
    /// Whole segments: a path that does not begin with `from` stays as it is. Both begin with `/`,
    /// and only `/` itself ends with one.
    case prefix(from: String, to: String)
    /// The new path.
    case template(Template)
}

/// Edits of the query: first what stays, then sets, then adds. Names and what is compared with
/// them are without escapes.
public struct QueryRewrite: Codable, Sendable, Equatable {
    /// Nothing but these stays; nil: everything does.
    public var kept: [String]?
    public var removed: [String]
    /// Replaces every parameter of that name, behind all that stay.
    public var set: [QueryParameter]
    /// Behind all others.
    public var added: [QueryParameter]

    public init(
        kept: [String]? = nil, removed: [String] = [], set: [QueryParameter] = [],
        added: [QueryParameter] = []
    ) {
        self.kept = kept
        self.removed = removed
        self.set = set
        self.added = added
    }
}

public struct QueryParameter: Codable, Sendable, Equatable {
    public var name: String
    public var value: Template

    public init(name: String, value: Template) {
        self.name = name
        self.value = value
    }
}
