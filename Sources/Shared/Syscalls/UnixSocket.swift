// Unix stream sockets by name: bound, found, connected. Listening, accepting and bytes are as for
// TCP. A name is a path, or `@` and a name of the abstract namespace (unix(7)).

internal import CLinux
internal import Glibc

/// The calls of unix(7). Sockets made here are owned, non-blocking and close-on-exec. Any thread.
public enum UnixSocket {
    /// A socket bound to the name, which does not take connections before `TCPSocket.listen`.
    ///
    /// A socket file that nobody listens at is replaced. EADDRINUSE: somebody does. ENOTSOCK:
    /// something else is at the path, and is left there. ENAMETOOLONG: 107 bytes are the most.
    public static func bind(_ name: String) throws(SystemError) -> FileDescriptor {
        let socket = try open()
        do throws(SystemError) {
            try bind(socket.rawValue, name)
            return socket
        } catch {
            guard error.errno == EADDRINUSE, name.utf8.first != UInt8(ascii: "@") else {
                throw error
            }
        }
        try removeIfStale(name)
        let another = try open()
        try bind(another.rawValue, name)
        return another
    }

    /// The name that a socket is bound to; empty: to none. EAFNOSUPPORT: it is of another family.
    public static func localName(_ fd: Int32) throws(SystemError) -> String {
        let capacity = 128
        var result: Int32 = 0
        // SAFETY: the callee writes within the capacity, and ends with a zero; what it leaves is zero.
        let name = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { room, count in
            unsafe room.initialize(repeating: 0)
            count = capacity
            result = unsafe room.withMemoryRebound(to: CChar.self) {
                unsafe clinux_local_path(fd, $0.baseAddress, capacity)
            }
        }
        try check(result, "getsockname")
        return String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// A socket with a connection to whoever listens at the name. ENOENT, ECONNREFUSED: nobody does.
    /// EAGAIN: its queue is full, and nobody would say when it is not.
    public static func connect(to name: String) throws(SystemError) -> FileDescriptor {
        // SAFETY: the string is valid during the call.
        let fd = unsafe name.withCString { unsafe clinux_open_path($0) }
        return FileDescriptor(owning: try check(fd, "connect unix:\(name)"))
    }

    /// The same without a String: the descriptor, which the caller owns, or a negative errno.
    ///
    /// - Parameter name: bytes up to a zero byte, which must be there; read during the call only.
    @unsafe
    public static func connectRaw(to name: UnsafePointer<UInt8>) -> Int32 {
        // SAFETY: characters are bytes, and the caller has vouched for the end.
        unsafe UnsafeRawPointer(name).withMemoryRebound(to: CChar.self, capacity: 1) {
            unsafe clinux_open_path($0)
        }
    }

    private static func open() throws(SystemError) -> FileDescriptor {
        try TCPSocket.open(family: AF_UNIX)
    }

    private static func bind(_ fd: Int32, _ name: String) throws(SystemError) {
        // SAFETY: the string is valid during the call.
        let result = unsafe name.withCString { unsafe clinux_bind_path(fd, $0) }
        try check(result, "bind unix:\(name)")
    }

    private static func removeIfStale(_ path: String) throws(SystemError) {
        do throws(SystemError) {
            _ = try Files.identity(ofSocket: path)
            _ = try connect(to: path)
        } catch {
            switch error.errno {
            case ECONNREFUSED: return try Files.remove(path)
            case ENOENT: return
            case ENOTSOCK:
                throw SystemError(
                    call: "bind unix:\(path), where something else is", errno: EADDRINUSE)
            default: break
            }
        }
        throw SystemError(call: "bind unix:\(path), where somebody listens", errno: EADDRINUSE)
    }
}
