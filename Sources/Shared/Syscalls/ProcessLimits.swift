// Limits of the own process (getrlimit(2)) and its end.

internal import Glibc

public enum ProcessLimits {
    /// Raises the soft limit of open descriptors to the hard one; returns what holds afterwards.
    @discardableResult
    public static func raiseDescriptorLimit() throws(SystemError) -> UInt64 {
        var limit = rlimit()
        // SAFETY: the callee reads or writes the struct during the call only.
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            throw SystemError(call: "getrlimit", errno: errno)
        }
        limit.rlim_cur = limit.rlim_max
        guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            throw SystemError(call: "setrlimit", errno: errno)
        }
        return UInt64(limit.rlim_cur)
    }

    /// How many descriptors the process may have open: the soft limit.
    public static func descriptorLimit() throws(SystemError) -> UInt64 {
        var limit = rlimit()
        // SAFETY: the callee writes the struct during the call only.
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            throw SystemError(call: "getrlimit", errno: errno)
        }
        return UInt64(limit.rlim_cur)
    }

    /// As whom the process acts.
    public static var effectiveUserID: UInt32 { geteuid() }

    /// Ends the process at once, without running what `atexit` holds: other threads may still
    /// use it.
    public static func exitNow(_ code: Int32) -> Never {
        _exit(code)
    }
}
