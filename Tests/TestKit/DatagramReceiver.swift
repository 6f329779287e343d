// What a logger has: a datagram socket that messages come to.

internal import Foundation
internal import Glibc

/// A bound datagram socket; closed with the last reference. One thread at a time.
public final class DatagramReceiver {
    private let descriptor: Int32

    /// A unix socket of that name.
    public init(path: String) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < 108 else { throw SocketFailure(call: "path", errno: ENAMETOOLONG) }
        // SAFETY: sun_path has 108 bytes; the path with its terminator is shorter.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        // SAFETY: `address` is a sockaddr_un of that size and outlives the call.
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.bind(descriptor, $0, size)
            }
        }
        guard result == 0 else { throw SocketFailure(call: "bind", errno: errno) }
    }

    /// 127.0.0.1.
    public init(port: Int) throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        // SAFETY: `address` is a sockaddr_in of that size and outlives the call.
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.bind(descriptor, $0, size)
            }
        }
        guard result == 0 else { throw SocketFailure(call: "bind", errno: errno) }
    }

    deinit { close(descriptor) }

    /// The next message, or nil when none comes in time.
    public func message(within seconds: Double = 10) -> String? {
        var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        // SAFETY: one record, which outlives the call.
        guard unsafe poll(&ready, 1, Int32(seconds * 1_000)) == 1 else { return nil }
        var room = [UInt8](repeating: 0, count: 65_536)
        // SAFETY: the callee writes within the array during the call only.
        let count = unsafe recv(descriptor, &room, room.count, 0)
        return count < 0 ? nil : String(decoding: room.prefix(count), as: UTF8.self)
    }
}
