// What only listening sockets have: the queue of connections that wait for accept(2), how it is
// drained without a reset before the last close, and how a socket is recognised. The master's.

internal import CLinux

/// Calls on a listening TCP socket. Numbers are borrowed.
public enum ListenerSocket {
    /// From now on drops every packet that would open a connection (SYN without ACK, by a classic
    /// BPF filter, socket(7) SO_ATTACH_FILTER); handshakes under way and queued connections go on.
    ///
    /// A client's attempt is not answered and is repeated by its kernel about a second later: it
    /// then meets whoever listens, or is refused if the port was closed meanwhile. So a listener
    /// that is to go away is drained: stop advertising, accept until the queue is empty, close.
    public static func stopAdvertising(_ listener: Int32) throws(SystemError) {
        try check(clinux_drop_new_connections(listener), "setsockopt SO_ATTACH_FILTER")
    }

    /// Takes the filter of `stopAdvertising` away. ENOENT: there is none.
    public static func resumeAdvertising(_ listener: Int32) throws(SystemError) {
        try check(clinux_take_new_connections(listener), "setsockopt SO_DETACH_FILTER")
    }

    /// How many connections wait for accept(2) (TCP_INFO, tcp(7)).
    public static func acceptQueueLength(_ listener: Int32) throws(SystemError) -> Int {
        Int(try check(clinux_accept_queue_length(listener), "getsockopt TCP_INFO"))
    }

    /// What a listening socket and the connections that come from it have in common: small writes
    /// leave at once (TCP_NODELAY), which no connection has to say for itself then; accepting waits
    /// for a first byte (TCP_DEFER_ACCEPT, whole seconds); unacknowledged bytes end a connection
    /// (TCP_USER_TIMEOUT). Zero is the kernel's own way. tcp(7)
    public static func setOptions(
        _ listener: Int32, deferAccept: Duration, userTimeout: Duration
    ) throws(SystemError) {
        try TCPSocket.setNoDelay(listener)
        try TCPSocket.set(
            listener, CLINUX_DEFER_ACCEPT, Int32(clamping: deferAccept.components.seconds))
        try TCPSocket.set(
            listener, CLINUX_USER_TIMEOUT, Int32(clamping: Int64(userTimeout / .milliseconds(1))))
    }

    /// Lets the socket take what is sent to addresses of others (IP_TRANSPARENT, ip(7)), or no more.
    /// EPERM: it takes CAP_NET_ADMIN or CAP_NET_RAW to begin with it.
    ///
    /// - Parameter address: the socket's, or one of its family.
    public static func setTransparent(
        _ listener: Int32, _ isOn: Bool, like address: RawSocketAddress
    ) throws(SystemError) {
        let (option, name) = transparency(of: address)
        // Who passed us the socket may have had the privilege that we lack.
        if (try TCPSocket.get(listener, option) != 0) == isOn { return }
        do throws(SystemError) {
            try TCPSocket.set(listener, option, isOn ? 1 : 0)
        } catch {
            throw SystemError(call: "setsockopt \(name)", errno: error.errno)
        }
    }

    /// Throws what `setTransparent` would, without touching any socket that is in use.
    public static func checkMayBeTransparent(like address: RawSocketAddress) throws(SystemError) {
        let socket = try TCPSocket.open(family: address.family)
        try setTransparent(socket.rawValue, true, like: address)
    }

    private static func transparency(
        of address: RawSocketAddress
    ) -> (option: clinux_option, name: String) {
        switch address.host {
        case .ipv4: (CLINUX_TRANSPARENT, "IP_TRANSPARENT")
        case .ipv6: (CLINUX_IPV6_TRANSPARENT, "IPV6_TRANSPARENT")
        }
    }

    /// Whether the descriptor is a socket that was opened to connections (SO_ACCEPTCONN).
    public static func isListening(_ fd: Int32) throws(SystemError) -> Bool {
        try TCPSocket.get(fd, CLINUX_IS_LISTENING) != 0
    }

    /// The kernel's number for a socket, unique while the machine runs, the same for all
    /// descriptors of it in all processes (SO_COOKIE).
    public static func identity(_ fd: Int32) throws(SystemError) -> UInt64 {
        var cookie: UInt64 = 0
        // SAFETY: the callee writes the word during the call only.
        try check(unsafe clinux_socket_cookie(fd, &cookie), "getsockopt SO_COOKIE")
        return cookie
    }

    /// The inode of a socket: what /proc/net/tcp and an epoll's fdinfo call it.
    public static func inode(_ fd: Int32) throws(SystemError) -> UInt64 {
        try Files.identity(of: fd).inode
    }
}
