// Whom the own process runs as (credentials(7)). For the beginning of a process, before it has another
// thread and before it has read anything of anybody.

internal import CLinux
internal import Glibc

/// Giving privileges away, for good.
public enum ProcessIdentity {
    /// From now on the process is that user, and of those groups and no other: real, effective and saved
    /// ids alike, without a capability. As nobody else's memory its own is no longer dumped nor
    /// traced by others of that user (prctl(2), PR_SET_DUMPABLE).
    ///
    /// - Parameters:
    ///   - user: not UInt32.max, which stands for none.
    ///   - group: not UInt32.max.
    ///   - groups: the supplementary ones, at most 65536 (NGROUPS_MAX).
    /// - Throws: the step that failed or did not do what it said; the process is to end then. EPERM
    ///   without CAP_SETGID and CAP_SETUID.
    public static func become(
        user: UInt32, group: UInt32, groups: [UInt32]
    ) throws(SystemError) {
        guard user != .max, group != .max, !groups.contains(.max) else {
            throw SystemError(call: "setresuid", errno: EINVAL)
        }
        // SAFETY: the callee reads the array during the call only.
        let result = unsafe groups.withUnsafeBufferPointer { groups in
            unsafe clinux_set_groups(groups.baseAddress, groups.count)
        }
        try check(result, "setgroups")
        try check(clinux_set_group(group), "setresgid \(group)")
        try check(clinux_set_user(user), "setresuid \(user)")
        if user != 0 { try check(clinux_cannot_become_root(), "the way back to root is open") }
    }

    /// No program that the process loads gives it more than it has (PR_SET_NO_NEW_PRIVS).
    public static func refuseNewPrivileges() throws(SystemError) {
        try check(clinux_no_new_privileges(), "prctl PR_SET_NO_NEW_PRIVS")
    }
}
