// Which accounts this machine knows, and who the master is. What it asks may take its time: never on
// the loop.

internal import Syscalls

/// The account database and the master's own credentials. Tests give their own.
struct AccountDirectory: Sendable {
    /// Nil: there is none. Throws where the name services cannot say.
    var userNamed: @Sendable (String) throws(SystemError) -> Accounts.User?
    var userNumbered: @Sendable (UInt32) throws(SystemError) -> Accounts.User?
    var groupNamed: @Sendable (String) throws(SystemError) -> UInt32?
    /// All groups of a user; nil: more than that many.
    var groups: @Sendable (Accounts.User, _ most: Int) -> [UInt32]?
    var ownUser: UInt32
    var ownGroup: UInt32
    /// The master's supplementary groups.
    var ownGroups: [UInt32]
    /// The master's effective capabilities, a bit each (capabilities(7)); nil: not to be seen.
    var capabilities: UInt64?

    static var system: AccountDirectory {
        AccountDirectory(
            userNamed: { name throws(SystemError) in try Accounts.user(named: name) },
            userNumbered: { number throws(SystemError) in try Accounts.user(numbered: number) },
            groupNamed: { name throws(SystemError) in try Accounts.groupID(named: name) },
            groups: { user, most in Accounts.groups(of: user, most: most) },
            ownUser: Accounts.ownUserID, ownGroup: Accounts.ownGroupID,
            ownGroups: Accounts.ownGroups, capabilities: ProcessFacts.ownCapabilities())
    }

    /// The number of a user, from its name or number.
    func userID(_ name: String) throws(SystemError) -> UInt32? {
        if let number = UInt32(name) { return number }
        return try userNamed(name)?.userID
    }

    /// The number of a group, from its name or number.
    func groupID(_ name: String) throws(SystemError) -> UInt32? {
        if let number = UInt32(name) { return number }
        return try groupNamed(name)
    }

    /// Those of capabilities(7) that a master needs for workers of another account.
    enum Capability: UInt64, CaseIterable {
        case kill = 5
        case setGID = 6
        case setUID = 7

        var name: String {
            switch self {
            case .kill: "KILL"
            case .setGID: "SETGID"
            case .setUID: "SETUID"
            }
        }
    }

    /// Whether the master has it; also where that is not to be seen.
    func has(_ capability: Capability) -> Bool {
        capabilities.map { $0 & (1 << capability.rawValue) != 0 } ?? true
    }
}
