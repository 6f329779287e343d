/// What somebody may do with the admin API; each role includes the ones before it.
public enum AccessRole: String, Codable, Sendable, CaseIterable, Comparable {
    /// See everything but the audit.
    case read
    /// Reload, cancel, terminate.
    case operate
    /// Everything, the audit included.
    case admin

    public static func < (left: AccessRole, right: AccessRole) -> Bool {
        left.rank < right.rank
    }

    private var rank: Int {
        switch self {
        case .read: 0
        case .operate: 1
        case .admin: 2
        }
    }
}

/// One line of `admin.roles`: who has at least this role.
public struct RoleGrant: Codable, Sendable, Equatable {
    public enum Subject: Codable, Sendable, Equatable {
        /// `user:NAME` or `user:UID`.
        case user(String)
        /// `group:NAME` or `group:GID`, the primary group or a supplementary one.
        case group(String)
        /// `cert:CN=deploy,O=Example`: a client certificate whose subject has all these parts.
        case certificate([CertificatePart])
    }

    /// One attribute of a certificate's subject, as `CN` and `deploy`.
    public struct CertificatePart: Codable, Sendable, Hashable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public var role: AccessRole
    public var subject: Subject

    public init(role: AccessRole, subject: Subject) {
        self.role = role
        self.subject = subject
    }
}
