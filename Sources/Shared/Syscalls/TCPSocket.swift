// TCP sockets from birth to death, without their bytes (`SocketIO`). All are non-blocking and
// close-on-exec. Any thread; no call here waits.

internal import CLinux
internal import Glibc

/// The calls of socket(7), tcp(7) and ip(7). Numbers are borrowed; sockets made here are owned.
public enum TCPSocket {
    /// How a socket is bound. The defaults are what is right nearly everywhere.
    public struct Binding: Sendable {
        /// By which network interface connections come (SO_BINDTODEVICE); nil: by any.
        public var interface: String?
        /// The address may be another machine's (IP_TRANSPARENT).
        public var isTransparent = false
        /// Of an IPv6 socket: it takes IPv4 too (IPV6_V6ONLY off).
        public var takesIPv4 = false

        public init() {}
    }

    /// A socket bound to `address`, which does not take connections before `listen`.
    ///
    /// SO_REUSEADDR is on, SO_REUSEPORT off: a port that is in use is an error (EADDRINUSE).
    /// An IPv6 socket takes IPv6 only, unless told otherwise, so `0.0.0.0` and `::` can both be bound.
    public static func bind(
        _ address: RawSocketAddress, _ binding: Binding = Binding()
    ) throws(SystemError) -> FileDescriptor {
        let socket = try open(family: address.family)
        try set(socket.rawValue, CLINUX_REUSE_ADDRESS, 1)
        if address.family == AF_INET6 {
            try set(socket.rawValue, CLINUX_IPV6_ONLY, binding.takesIPv4 ? 0 : 1)
        }
        if let interface = binding.interface {
            try NetworkInterface.bind(socket.rawValue, to: interface)
        }
        if binding.isTransparent {
            try ListenerSocket.setTransparent(socket.rawValue, true, like: address)
        }
        var kernelAddress = address.kernelAddress
        // SAFETY: the callee reads the address during the call only.
        try check(
            unsafe clinux_bind(socket.rawValue, &kernelAddress), "bind \(address)")
        return socket
    }

    /// Opens a bound socket to connections, or changes the backlog of an open one.
    public static func listen(_ fd: Int32, backlog: Int32) throws(SystemError) {
        try check(clinux_listen(fd, backlog), "listen")
    }

    /// What accept4(2) gave.
    public struct Accepted: ~Copyable {
        /// Non-blocking, close-on-exec.
        public var connection: FileDescriptor
        /// The client's address; nil where the socket is not of IPv4 or IPv6.
        public var peer: RawSocketAddress?

        /// Gives the descriptor away.
        public consuming func takeConnection() -> FileDescriptor { connection }
    }

    /// The next waiting connection, or nil if none waits. An IPv4 client is one, also where an IPv6
    /// socket took it (RFC 4291 §2.5.5.2). Errors of the connection that was just
    /// to be accepted (ECONNABORTED and its kin, accept(2)) and of limits (EMFILE) are thrown.
    public static func accept(_ listener: Int32) throws(SystemError) -> Accepted? {
        var peer = clinux_address()
        // SAFETY: the callee writes the address during the call only.
        let fd = unsafe clinux_accept(listener, &peer)
        if fd == -EAGAIN { return nil }
        try check(fd, "accept")
        return Accepted(
            connection: FileDescriptor(owning: fd), peer: RawSocketAddress(peer))
    }

    /// The hot path's accept: the descriptor, which the caller owns, or a negative errno. The peer of
    /// a unix socket is `unspecified`.
    public static func acceptRaw(_ listener: Int32, peer: inout RawSocketAddress) -> IOResult {
        var address = clinux_address()
        // SAFETY: the callee writes the address during the call only.
        let fd = unsafe clinux_accept(listener, &address)
        if fd >= 0 { peer = RawSocketAddress(address) ?? .unspecified }
        return IOResult(Int(fd))
    }

    /// How a connection attempt began.
    public enum ConnectStart: Sendable, Equatable {
        /// It is there already.
        case connected
        /// Wait for output readiness, then ask `pendingError`.
        case inProgress
    }

    /// A socket with a connection to `address` begun, after connect(2).
    ///
    /// - Parameter source: where it comes from, of the same family, port 0; the port is chosen when
    ///   the other end is known (IP_BIND_ADDRESS_NO_PORT, ip(7)), so that there are as many as
    ///   without. Nil: the kernel chooses.
    public static func connect(
        to address: RawSocketAddress, from source: RawSocketAddress? = nil,
        start: inout ConnectStart
    ) throws(SystemError) -> FileDescriptor {
        let socket = try open(family: address.family)
        if let source {
            try set(socket.rawValue, CLINUX_BIND_NO_PORT, 1)
            var kernelSource = source.kernelAddress
            // SAFETY: the callee reads the address during the call only.
            try check(unsafe clinux_bind(socket.rawValue, &kernelSource), "bind \(source)")
        }
        var kernelAddress = address.kernelAddress
        // SAFETY: the callee reads the address during the call only.
        let result = unsafe clinux_connect(socket.rawValue, &kernelAddress)
        if result == -EINPROGRESS || result == -EINTR {
            start = .inProgress
        } else {
            try check(result, "connect \(address)")
            start = .connected
        }
        return socket
    }

    /// Takes the error that waits on a socket (SO_ERROR), 0 if none: how a connect ended.
    public static func pendingError(_ fd: Int32) throws(SystemError) -> Int32 {
        try get(fd, CLINUX_PENDING_ERROR)
    }

    /// The socket's own address (getsockname(2)).
    public static func localAddress(_ fd: Int32) throws(SystemError) -> RawSocketAddress {
        var address = clinux_address()
        // SAFETY: the callee writes the address during the call only.
        try check(unsafe clinux_local_address(fd, &address), "getsockname")
        return try known(address, "getsockname")
    }

    /// The other end's address (getpeername(2)).
    public static func peerAddress(_ fd: Int32) throws(SystemError) -> RawSocketAddress {
        var address = clinux_address()
        // SAFETY: the callee writes the address during the call only.
        try check(unsafe clinux_peer_address(fd, &address), "getpeername")
        return try known(address, "getpeername")
    }

    /// TCP_NODELAY: small writes leave at once.
    public static func setNoDelay(_ fd: Int32, _ on: Bool = true) throws(SystemError) {
        try set(fd, CLINUX_NO_DELAY, on ? 1 : 0)
    }

    /// TCP_QUICKACK: acknowledge now; the kernel may go back to waiting by itself (tcp(7)).
    public static func setQuickAcknowledge(_ fd: Int32, _ on: Bool) throws(SystemError) {
        try set(fd, CLINUX_QUICK_ACK, on ? 1 : 0)
    }

    /// SO_KEEPALIVE.
    public static func setKeepAlive(_ fd: Int32, _ on: Bool) throws(SystemError) {
        try set(fd, CLINUX_KEEP_ALIVE, on ? 1 : 0)
    }

    /// TCP_USER_TIMEOUT: a connection whose bytes are unacknowledged, or find no room at the peer's,
    /// for so long is broken off (tcp(7)). Milliseconds; 0: the kernel's own way.
    public static func setUserTimeout(_ fd: Int32, milliseconds: Int32) throws(SystemError) {
        try set(fd, CLINUX_USER_TIMEOUT, milliseconds)
    }

    /// SO_SNDBUF and SO_RCVBUF, in bytes; the kernel doubles and bounds them. Nil leaves one be.
    public static func setBufferSizes(
        _ fd: Int32, sendBytes: Int32? = nil, receiveBytes: Int32? = nil
    ) throws(SystemError) {
        if let sendBytes { try set(fd, CLINUX_SEND_BUFFER, sendBytes) }
        if let receiveBytes { try set(fd, CLINUX_RECEIVE_BUFFER, receiveBytes) }
    }

    /// SO_LINGER with no time: closing will reset the connection and drop what is unsent.
    public static func resetOnClose(_ fd: Int32) throws(SystemError) {
        try check(clinux_reset_on_close(fd), "setsockopt SO_LINGER")
    }

    /// Which half `shutdown` ends.
    public enum Half: Sendable {
        /// We read no more.
        case reading
        /// We send no more: FIN after what is queued.
        case writing
        /// Both.
        case both
    }

    /// shutdown(2).
    public static func shutdown(_ fd: Int32, _ half: Half) throws(SystemError) {
        let how =
            switch half {
            case .reading: Int32(SHUT_RD)
            case .writing: Int32(SHUT_WR)
            case .both: Int32(SHUT_RDWR)
            }
        try check(clinux_shutdown(fd, how), "shutdown")
    }

    static func open(family: Int32) throws(SystemError) -> FileDescriptor {
        FileDescriptor(owning: try check(clinux_tcp_socket(family), "socket"))
    }

    static func set(
        _ fd: Int32, _ option: clinux_option, _ value: Int32
    ) throws(SystemError) {
        try check(clinux_set_option(fd, option, value), "setsockopt")
    }

    static func get(_ fd: Int32, _ option: clinux_option) throws(SystemError) -> Int32 {
        var value: Int32 = 0
        // SAFETY: the callee writes the word during the call only.
        try check(unsafe clinux_get_option(fd, option, &value), "getsockopt")
        return value
    }

    private static func known(
        _ address: clinux_address, _ call: String
    ) throws(SystemError) -> RawSocketAddress {
        guard let known = RawSocketAddress(address) else {
            throw SystemError(call: call, errno: EAFNOSUPPORT)
        }
        return known
    }
}
