// Datagram sockets that send to one place: a syslog, the journal. Sending is `SocketIO.send`, which
// never waits. Any thread.

internal import CLinux
internal import Glibc

/// The calls of udp(7) and unix(7) for a socket that only sends.
public enum DatagramSocket {
    /// Bytes of a path that a unix socket's address holds (unix(7)).
    public static let pathBytesMax = 107

    /// A socket whose datagrams go to an address. Whether somebody is there is not looked at.
    public static func connect(
        to address: RawSocketAddress
    ) throws(SystemError) -> FileDescriptor {
        let socket = try open(address.family)
        var kernelAddress = address.kernelAddress
        // SAFETY: the callee reads the address during the call only.
        try check(unsafe clinux_connect(socket.rawValue, &kernelAddress), "connect \(address)")
        return socket
    }

    /// A socket whose datagrams go to a unix socket. ENOENT, ECONNREFUSED: nobody is there.
    /// ENAMETOOLONG: more than `pathBytesMax`.
    public static func connect(toPath path: String) throws(SystemError) -> FileDescriptor {
        let socket = try open(AF_UNIX)
        try reconnect(socket.rawValue, toPath: path)
        return socket
    }

    /// Sends to a unix socket from now on: to who has the path now.
    public static func reconnect(_ fd: Int32, toPath path: String) throws(SystemError) {
        // SAFETY: the string is valid during the call.
        let result = unsafe path.withCString { unsafe clinux_connect_path(fd, $0) }
        try check(result, "connect \(path)")
    }

    private static func open(_ family: Int32) throws(SystemError) -> FileDescriptor {
        FileDescriptor(owning: try check(clinux_datagram_socket(family), "socket"))
    }
}

/// What this machine calls itself.
public enum HostName {
    /// gethostname(2), at most 255 bytes; empty where the kernel does not say.
    public static func read() -> String {
        let capacity = 256
        // SAFETY: the callee writes within the capacity; what it leaves is zero.
        let name = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { room, count in
            unsafe room.initialize(repeating: 0)
            count = capacity
            let result = unsafe room.withMemoryRebound(to: CChar.self) {
                unsafe clinux_host_name($0.baseAddress, capacity - 1)
            }
            if result < 0 { count = 0 }
        }
        return String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
    }
}
