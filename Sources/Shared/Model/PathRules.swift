/// `frontends.NAME.paths` — what is made of a path that servers read in different ways, before
/// anything is decided about it. Dot segments and needless escapes are always resolved.
public struct PathRules: Codable, Sendable, Equatable {
    /// `//` is `/`: most servers read it so, and a route for `/admin` is to see `//admin`.
    public var mergesSlashes = true
    public var parameters = PathParameters.keep

    public init() {}
}

/// What is done with `;parameters` of a path's segments (RFC 3986 §3.3).
public enum PathParameters: String, Codable, Sendable, CaseIterable {
    /// They are part of the segment.
    case keep
    /// Everything from the semicolon to the end of the segment goes.
    case drop
    /// 400.
    case refuse
}
