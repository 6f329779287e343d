// Network interfaces by name and number (netdevice(7)). One that is taken away and made again under
// its name has another number, and no socket of the old one hears of it.

internal import CLinux

/// Calls about interfaces of this machine, or of this network namespace. Any thread.
public enum NetworkInterface {
    /// Nil: there is none of that name.
    public static func index(named name: String) -> Int32? {
        // SAFETY: the callee reads the terminated name during the call only.
        let index = unsafe clinux_interface_index(name)
        return index > 0 ? index : nil
    }

    /// Which one a socket is bound to; nil: to none.
    public static func index(of socket: Int32) throws(SystemError) -> Int32? {
        let index = try TCPSocket.get(socket, CLINUX_INTERFACE_INDEX)
        return index > 0 ? index : nil
    }

    /// From now on the socket has to do with that interface only (SO_BINDTODEVICE, socket(7)). ENODEV:
    /// there is none of that name. EPERM: before Linux 5.7 it takes CAP_NET_RAW.
    static func bind(_ socket: Int32, to name: String) throws(SystemError) {
        // SAFETY: the callee reads the terminated name during the call only.
        let result = unsafe clinux_bind_to_interface(socket, name)
        try check(result, "setsockopt SO_BINDTODEVICE \(name)")
    }
}
