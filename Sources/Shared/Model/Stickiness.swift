/// `backends.NAME.stickiness` — how a client comes back to the server that it had.
public enum Stickiness: Codable, Sendable, Equatable {
    case cookie(StickyCookie)
    case table(StickyTableSettings)

    /// Nil: the clients are remembered.
    public var cookie: StickyCookie? {
        if case .cookie(let cookie) = self { cookie } else { nil }
    }

    /// Nil: the clients remember.
    public var table: StickyTableSettings? {
        if case .table(let table) = self { table } else { nil }
    }
}

/// `stickiness.cookie` — the client carries its server's key (`Server.cookie`).
public struct StickyCookie: Codable, Sendable, Equatable {
    /// Who makes the cookie.
    public enum Mode: String, Codable, Sendable, CaseIterable {
        /// We do, beside whatever the server sets.
        case insert
        /// The server does, we write the key in place of its value.
        case rewrite
        /// The server does, we write the key and `~` before its value.
        case prefix
    }

    /// `SameSite` of a cookie (draft-ietf-httpbis-rfc6265bis §5.6.7).
    public enum SameSite: String, Codable, Sendable, CaseIterable {
        case strict, lax
        case unrestricted = "none"
    }

    /// A token, case-sensitive.
    public var name: String
    public var mode = Mode.insert
    /// Mode insert: the server sees the cookie, too.
    public var forward = false
    /// Attributes of the cookie, in mode insert.
    public var httpOnly = true
    public var secure = false
    public var sameSite: SameSite?
    public var domain: String?
    /// Whole seconds; nil: until the client's program ends.
    public var maxAge: Duration?

    public init(name: String) {
        self.name = name
    }

    /// What stands for a server that has no `cookie` of its own: sixteen hexadecimal digits of its
    /// backend's name and its own (`StableHash`, mixed), so that they are the same in every generation
    /// and on every machine. Not secret: whoever guesses both names can tell that the guess is right.
    public static func key(backend: String, server: String) -> String {
        let hash = StableHash.mix(StableHash(of: "\(backend)/\(server)").value)
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}

/// `stickiness.table` — the shared state knows which client belongs to which server.
public struct StickyTableSettings: Codable, Sendable, Equatable {
    /// What tells one client from another; in TCP `clientIP`.
    public var key = RequestKey.clientIP
    /// Clients that are known at a time, 16…1000000; one more is balanced and not remembered.
    public var entries = 65_536
    /// A client is forgotten when it has not been seen for so long: 1 s…7 days.
    public var idle = Duration.seconds(1_800)

    public init() {}
}
