// Receivers of datagrams for tests of the log.

import Glibc
import Syscalls

enum EngineDatagrams {
    /// A socket with that name, non-blocking; the caller's.
    static func bind(path: String) throws -> Int32 {
        let fd = try open(AF_UNIX)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // SAFETY: the path of a test is shorter than sun_path, which is zero behind it.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) {
            unsafe $0.copyBytes(from: Array(path.utf8))
        }
        // SAFETY: `address` is a sockaddr_un of that size and outlives the call.
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.bind(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw SystemError(call: "bind", errno: errno) }
        return fd
    }

    /// A socket on a free port of 127.0.0.1; the caller's.
    static func bindUDP() throws -> (fd: Int32, port: UInt16) {
        let fd = try open(AF_INET)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        // SAFETY: `address` is a sockaddr_in of that size and outlives the call.
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.bind(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw SystemError(call: "bind", errno: errno) }
        return (fd, try TCPSocket.localAddress(fd).port)
    }

    /// Messages in their order until there are so many or the time is over.
    static func messages(_ fd: Int32, _ count: Int, within seconds: Double) -> [String] {
        var messages: [String] = []
        var room = [UInt8](repeating: 0, count: 65_536)
        Wait.until(seconds) {
            while messages.count < count {
                var span = room.mutableSpan
                let result = SocketIO.receive(fd, into: &span)
                if result.isError { break }
                messages.append(String(decoding: room[0..<result.value], as: UTF8.self))
            }
            return messages.count >= count
        }
        return messages
    }

    private static func open(_ family: Int32) throws -> Int32 {
        let fd = socket(family, Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard fd >= 0 else { throw SystemError(call: "socket", errno: errno) }
        return fd
    }
}
