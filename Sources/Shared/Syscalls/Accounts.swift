// Users and groups by name, as the system's name services know them. May block on a directory
// server, so only where that may take its time and never from a loop.

internal import Glibc

/// The account database (getpwnam_r(3), getgrnam_r(3)). Nil is an account that there is not; where
/// the database cannot say, that is thrown.
public enum Accounts {
    /// What one entry may weigh; a group with thousands of members needs much.
    static let entryBytesMax = 1 << 20
    /// A question that signals interrupt again and again is given up.
    static let interruptionsMax = 100

    /// A user of that database.
    public struct User: Sendable, Equatable {
        public var name: String
        public var userID: UInt32
        /// Its primary group.
        public var groupID: UInt32

        public init(name: String, userID: UInt32, groupID: UInt32) {
            self.name = name
            self.userID = userID
            self.groupID = groupID
        }
    }

    /// The user of that name.
    public static func user(named name: String) throws(SystemError) -> User? {
        // SAFETY: what getpwnam_r(3) is given outlives the call.
        try unsafe user("getpwnam_r") { unsafe getpwnam_r(name, $0, $1, $2, $3) }
    }

    /// The first user of that number.
    public static func user(numbered number: UInt32) throws(SystemError) -> User? {
        // SAFETY: what getpwuid_r(3) is given outlives the call.
        try unsafe user("getpwuid_r") { unsafe getpwuid_r(number, $0, $1, $2, $3) }
    }

    /// The number of a user, from its name.
    public static func userID(named name: String) throws(SystemError) -> UInt32? {
        try user(named: name)?.userID
    }

    /// The number of a group, from its name.
    public static func groupID(named name: String) throws(SystemError) -> UInt32? {
        try unsafe lookUp("getgrnam_r") { buffer, size in
            // SAFETY: a C record of numbers and pointers; nothing is read through it.
            var entry = unsafe group()
            var found: UnsafeMutablePointer<group>?
            // SAFETY: entry and buffer outlive the call; only the number is read afterwards.
            let code = unsafe getgrnam_r(name, &entry, buffer, size, &found)
            return unsafe (code, found == nil ? nil : entry.gr_gid)
        }
    }

    /// The groups of a user, its primary one among them (getgrouplist(3)); nil: more than `most`. A name
    /// service that does not answer is not told from one that knows no further group.
    public static func groups(of user: User, most: Int) -> [UInt32]? {
        var groups = [gid_t](repeating: 0, count: max(most, 1))
        var count = Int32(clamping: groups.count)
        // SAFETY: the callee fills at most `count` numbers, and says how many there are.
        let result = unsafe getgrouplist(user.name, user.groupID, &groups, &count)
        guard result >= 0, count <= groups.count else { return nil }
        return Array(groups.prefix(Int(count)))
    }

    /// Of this process, effective (geteuid(2)).
    public static var ownUserID: UInt32 { geteuid() }
    /// Of this process, effective (getegid(2)).
    public static var ownGroupID: UInt32 { getegid() }
    /// The supplementary ones of this process (getgroups(2)).
    public static var ownGroups: [UInt32] {
        // NGROUPS_MAX of limits.h, so it cannot be too few.
        var groups = [gid_t](repeating: 0, count: 65_536)
        // SAFETY: the callee fills at most so many numbers, and says how many.
        let count = unsafe getgroups(Int32(groups.count), &groups)
        return Array(groups.prefix(Int(max(count, 0))))
    }

    typealias Buffer = UnsafeMutablePointer<CChar>
    private typealias Found = UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>

    private static func user(
        _ call: String, _ ask: (UnsafeMutablePointer<passwd>, Buffer, Int, Found) -> Int32
    ) throws(SystemError) -> User? {
        try unsafe lookUp(call) { buffer, size in
            // SAFETY: a C record of numbers and pointers; nothing is read through it before it is
            // filled.
            var entry = unsafe passwd()
            var found: UnsafeMutablePointer<passwd>?
            // SAFETY: entry and buffer outlive the call and what is read of them here.
            let code = unsafe ask(&entry, buffer, size, &found)
            guard code == 0, unsafe found != nil, let name = unsafe entry.pw_name else {
                return (code, nil)
            }
            let user = unsafe User(
                name: String(cString: name), userID: entry.pw_uid, groupID: entry.pw_gid)
            return (code, user)
        }
    }

    /// Asks until there is an answer. `ask` gets a buffer for the call and its size in bytes, and gives
    /// what the call returned and what it found.
    static func lookUp<Entry>(
        _ call: String, _ ask: (Buffer, Int) -> (code: Int32, entry: Entry?)
    ) throws(SystemError) -> Entry? {
        var size = 1 << 14
        var interruptions = 0
        while true {
            let buffer = Buffer.allocate(capacity: size)
            // SAFETY: allocated above, and nothing of it is kept.
            defer { unsafe buffer.deallocate() }
            // SAFETY: the buffer is as large as that and outlives the call.
            let answer = unsafe ask(buffer, size)
            switch answer.code {
            case 0: return answer.entry
            case EINTR where interruptions < interruptionsMax: interruptions += 1
            case ERANGE where size < entryBytesMax: size *= 4
            // "Not found", to some services.
            case ENOENT, ESRCH: return nil
            default: throw SystemError(call: call, errno: answer.code)
            }
        }
    }
}
