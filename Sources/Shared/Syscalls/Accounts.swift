// Users and groups by name, as the system's name services know them. May block on a directory
// server, so only at start and never from a loop.

internal import Glibc

/// The account database (getpwnam_r(3), getgrnam_r(3)). Nil where there is no such account, or
/// the database cannot say.
public enum Accounts {
    /// What one entry may weigh; a group with thousands of members needs much.
    private static let entryBytesMax = 1 << 20

    /// The number of a user, from its name.
    public static func userID(named name: String) -> UInt32? {
        // SAFETY: a C record of numbers and pointers; nothing is read through it.
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 1 << 14)
        while true {
            // SAFETY: entry and buffer outlive the call; only the number is read afterwards.
            let code = unsafe getpwnam_r(name, &entry, &buffer, buffer.count, &found)
            if code == ERANGE, buffer.count < entryBytesMax {
                buffer = [CChar](repeating: 0, count: buffer.count * 4)
                continue
            }
            return unsafe code == 0 && found != nil ? entry.pw_uid : nil
        }
    }

    /// The number of a group, from its name.
    public static func groupID(named name: String) -> UInt32? {
        // SAFETY: as in `userID(named:)`.
        var entry = unsafe group()
        var found: UnsafeMutablePointer<group>?
        var buffer = [CChar](repeating: 0, count: 1 << 14)
        while true {
            // SAFETY: as in `userID(named:)`.
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
}
