/// `users.NAME` — who may pass a route that asks for a password.
public struct UserList: Codable, Sendable, Equatable {
    public struct User: Codable, Sendable, Equatable {
        /// 1…128 bytes, without `:` and control characters (RFC 7617 §2).
        public var name: String
        /// As crypt(5) writes it.
        public var hash: String

        public init(name: String, hash: String) {
            self.name = name
            self.hash = hash
        }
    }
    public var name: String
    /// Names are unique; at least one user.
    public var users: [User]
    public static let usersMax = 1_000
    public static let userNameBytesMax = 128

    public init(name: String, users: [User]) {
        self.name = name
        self.users = users
    }
}

/// `auth:` of a route — who is not on the list gets 401 and is asked for a password (RFC 7617).
public struct Authentication: Codable, Sendable, Equatable {
    /// The name of a list, which exists.
    public var users: String
    /// What a browser shows, 1…128 visible characters of ASCII without quotes and backslashes.
    public var realm: String
    public static let defaultRealm = "Restricted"

    public init(users: String, realm: String = Authentication.defaultRealm) {
        self.users = users
        self.realm = realm
    }
}
