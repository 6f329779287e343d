// Whom a worker runs as. The master that is root says it in the only argument of the program, which the
// worker obeys before it reads anything else.

/// A user with its groups, by number.
public struct WorkerAccount: Sendable, Hashable {
    /// More groups than this are no use to a worker; with 1024 the argument has some 11 KB.
    public static let groupCountMax = 1_024
    private static let prefix = "account="

    /// Not UInt32.max, which stands for none; so for the groups.
    public var user: UInt32
    /// The primary one.
    public var group: UInt32
    /// All supplementary ones, at most `groupCountMax`.
    public var groups: [UInt32]

    public init(user: UInt32, group: UInt32, groups: [UInt32]) {
        self.user = user
        self.group = group
        self.groups = groups
    }

    /// `account=33:33:33,44`: user, group and supplementary groups.
    public var argument: String {
        "\(Self.prefix)\(user):\(group):\(groups.map(String.init).joined(separator: ","))"
    }

    /// Nil for what is no such argument.
    public init?(argument: String) {
        guard argument.hasPrefix(Self.prefix) else { return nil }
        let parts = argument.dropFirst(Self.prefix.count)
            .split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, let user = UInt32(parts[0]), let group = UInt32(parts[1]) else {
            return nil
        }
        let words = parts[2].split(separator: ",")
        let groups = words.compactMap { UInt32($0) }
        guard groups.count == words.count, groups.count <= Self.groupCountMax else { return nil }
        self.init(user: user, group: group, groups: groups)
    }
}
