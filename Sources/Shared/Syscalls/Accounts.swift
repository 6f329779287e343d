// Users and groups by name, as the system's name services know them. May block on a directory
// server, so only at start and never from a loop.

internal import Glibc

/// The account database (getpwnam_r(3), getgrnam_r(3)). Nil where there is no such account, or
/// the database cannot say.
public enum Accounts {
    /// What one entry may weigh; a group with thousands of members needs much.
    private static let entryBytesMax = 1 << 20

    /// A user of that database.
    public struct User: Sendable, Equatable {
        public var name: String
        public var userID: UInt32
        /// Its primary group.
        public var groupID: UInt32
    }

    /// The user of that name.
    public static func user(named name: String) -> User? {
        // SAFETY: what getpwnam_r(3) is given outlives the call.
        unsafe user { unsafe getpwnam_r(name, $0, $1, $2, $3) }
    }

    /// The first user of that number.
    public static func user(numbered number: UInt32) -> User? {
        // SAFETY: what getpwuid_r(3) is given outlives the call.
        unsafe user { unsafe getpwuid_r(number, $0, $1, $2, $3) }
    }

    private typealias Buffer = UnsafeMutablePointer<CChar>
    private typealias Found = UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>

    private static func user(
        _ ask: (UnsafeMutablePointer<passwd>, Buffer, Int, Found) -> Int32
    ) -> User? {
        // SAFETY: a C record of numbers and pointers; nothing is read through it before it is filled.
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        var size = 1 << 14
        while true {
            let buffer = Buffer.allocate(capacity: size)
            defer { unsafe buffer.deallocate() }
            // SAFETY: entry and buffer outlive the call and what is read of them here.
            let code = unsafe ask(&entry, buffer, size, &found)
            if code == ERANGE, size < entryBytesMax {
                size *= 4
                continue
            }
            guard code == 0, unsafe found != nil, let name = unsafe entry.pw_name else {
                return nil
            }
            return unsafe User(
                name: String(cString: name), userID: entry.pw_uid, groupID: entry.pw_gid)
        }
    }

    /// The groups of a user, its primary one among them (getgrouplist(3)); nil: more than `most`.
    public static func groups(of user: User, most: Int) -> [UInt32]? {
        var groups = [gid_t](repeating: 0, count: max(most, 1))
        var count = Int32(clamping: groups.count)
        // SAFETY: the callee fills at most `count` numbers, and says how many there are.
        let result = unsafe getgrouplist(user.name, user.groupID, &groups, &count)
        guard result >= 0, count <= groups.count else { return nil }
        return Array(groups.prefix(Int(count)))
    }

    /// The number of a user, from its name.
    public static func userID(named name: String) -> UInt32? { user(named: name)?.userID }

    /// The number of a group, from its name.
    public static func groupID(named name: String) -> UInt32? {
        // SAFETY: a C record of numbers and pointers; nothing is read through it.
        var entry = unsafe group()
        var found: UnsafeMutablePointer<group>?
        var buffer = [CChar](repeating: 0, count: 1 << 14)
        while true {
            // SAFETY: entry and buffer outlive the call; only the number is read afterwards.
            let code = unsafe getgrnam_r(name, &entry, &buffer, buffer.count, &found)
            if code == ERANGE, buffer.count < entryBytesMax {
                buffer = [CChar](repeating: 0, count: buffer.count * 4)
                continue
            }
            return unsafe code == 0 && found != nil ? entry.gr_gid : nil
        }
    }

    /// Of this process, effective (geteuid(2)).
    public static var ownUserID: UInt32 { geteuid() }
    /// Of this process, effective (getegid(2)).
    public static var ownGroupID: UInt32 { getegid() }
}
