// A stream socket for tests: calls wait, but only until a deadline. Every unsafe call of the kit
// that has to do with sockets is here.

internal import Glibc

/// A socket call that failed, or whose deadline passed (`ETIMEDOUT`).
public struct SocketFailure: Error, Equatable, CustomStringConvertible {
    public let call: String
    public let errno: Int32

    public var description: String { "\(call): errno \(errno)" }
    public var isRefused: Bool { errno == ECONNREFUSED }
    public var isReset: Bool { errno == ECONNRESET || errno == EPIPE }
    public var isTimeout: Bool { errno == ETIMEDOUT }
}

/// An open stream socket; closed with the last reference, or by `close`. One thread at a time,
/// but for `close` and `shutdown`.
public final class TestSocket: @unchecked Sendable {
    public let descriptor: Int32
    private let closed = OnceFlag()

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit { close() }

    // MARK: Opening

    /// Connects to 127.0.0.1.
    public static func connect(
        port: Int, within seconds: Double = 5, receiveBufferBytes: Int? = nil
    ) throws -> TestSocket {
        let socket = TestSocket(descriptor: try open(AF_INET))
        if let receiveBufferBytes {
            try socket.set(SO_RCVBUF, Int32(receiveBufferBytes))
        }
        var address = loopback(port: port)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        // SAFETY: `address` is a sockaddr_in of that size and outlives the call.
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(socket.descriptor, $0, size)
            }
        }
        try socket.finishConnecting(result, within: seconds)
        return socket
    }

    /// Connects to a unix socket.
    public static func connect(path: String, within seconds: Double = 5) throws -> TestSocket {
        let socket = TestSocket(descriptor: try open(AF_UNIX))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < 108 else { throw SocketFailure(call: "path", errno: ENAMETOOLONG) }
        // SAFETY: sun_path has 108 bytes; the path with its terminator is shorter.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let deadline = Deadline(seconds: seconds)
        while true {
            // SAFETY: `address` is a sockaddr_un of that size and outlives the call.
            let result = unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe Glibc.connect(socket.descriptor, $0, size)
                }
            }
            // The server's queue is full, and nothing tells when it is not (unix(7)).
            if result != 0, errno == EAGAIN, !deadline.isOver {
                usleep(1000)
                continue
            }
            try socket.finishConnecting(result, within: seconds)
            return socket
        }
    }

    /// Listens on 127.0.0.1; port 0 takes a free one.
    public static func listen(port: Int = 0, backlog: Int32 = 1024) throws -> TestSocket {
        let socket = try bound(port: port)
        guard Glibc.listen(socket.descriptor, backlog) == 0 else {
            throw SocketFailure(call: "listen", errno: errno)
        }
        return socket
    }

    /// Bound to 127.0.0.1, not listening: takes the port away from everybody else.
    public static func bound(port: Int = 0) throws -> TestSocket {
        let socket = TestSocket(descriptor: try open(AF_INET))
        try socket.set(SO_REUSEADDR, 1)
        var address = loopback(port: port)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        // SAFETY: `address` is a sockaddr_in of that size and outlives the call.
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.bind(socket.descriptor, $0, size)
            }
        }
        guard result == 0 else { throw SocketFailure(call: "bind", errno: errno) }
        return socket
    }

    /// The next connection, or nil when the deadline passed or the listener was shut down.
    public func accept(within seconds: Double) -> TestSocket? {
        guard wait(for: POLLIN, Deadline(seconds: seconds)) else { return nil }
        let descriptor = Glibc.accept(self.descriptor, nil, nil)
        guard descriptor >= 0 else { return nil }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        let socket = TestSocket(descriptor: descriptor)
        try? socket.setNoDelay()
        return socket
    }

    // MARK: Bytes

    /// Sends all of it.
    public func send(_ bytes: [UInt8], within seconds: Double = 10) throws {
        let deadline = Deadline(seconds: seconds)
        var sent = 0
        while sent < bytes.count {
            // SAFETY: the array outlives the call; `sent` is below its count.
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.send(
                    descriptor, buffer.baseAddress?.advanced(by: sent), buffer.count - sent,
                    Int32(truncatingIfNeeded: MSG_NOSIGNAL))
            }
            if count >= 0 {
                sent += count
            } else if errno == EAGAIN {
                guard wait(for: POLLOUT, deadline) else {
                    throw SocketFailure(call: "send", errno: ETIMEDOUT)
                }
            } else if errno != EINTR {
                throw SocketFailure(call: "send", errno: errno)
            }
        }
    }

    public func send(_ text: String, within seconds: Double = 10) throws {
        try send(Array(text.utf8), within: seconds)
    }

    /// What is there, at least a byte; empty at the end of the stream.
    public func receive(max count: Int = 65_536, within seconds: Double = 10) throws -> [UInt8] {
        let deadline = Deadline(seconds: seconds)
        while true {
            var failure: Int32 = 0
            // SAFETY: recv writes at most `capacity` bytes and says how many.
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                let received = unsafe recv(descriptor, buffer.baseAddress, count, 0)
                filled = max(0, received)
                failure = received < 0 ? errno : 0
            }
            if failure == 0 { return bytes }
            if failure == EAGAIN {
                guard wait(for: POLLIN, deadline) else {
                    throw SocketFailure(call: "recv", errno: ETIMEDOUT)
                }
            } else if failure != EINTR {
                throw SocketFailure(call: "recv", errno: failure)
            }
        }
    }

    /// Everything up to the end of the stream; a reset ends it too if `resetIsEnd`.
    public func receiveAll(within seconds: Double = 10, resetIsEnd: Bool = true) throws -> [UInt8] {
        let deadline = Deadline(seconds: seconds)
        var all: [UInt8] = []
        while true {
            do {
                let more = try receive(within: Double(deadline.remainingMilliseconds) / 1000)
                if more.isEmpty { return all }
                all += more
            } catch let failure as SocketFailure where failure.isReset && resetIsEnd {
                return all
            }
        }
    }

    /// Whether something, or the end, can be read within that time.
    public func isReadable(within seconds: Double = 0) -> Bool {
        wait(for: POLLIN, Deadline(seconds: seconds))
    }

    // MARK: Ending

    public func shutdownWriting() { _ = Glibc.shutdown(descriptor, Int32(SHUT_WR)) }

    /// Wakes whoever waits in `accept` or `receive`.
    public func shutdown() { _ = Glibc.shutdown(descriptor, Int32(SHUT_RDWR)) }

    public func close() {
        if closed.set() { _ = Glibc.close(descriptor) }
    }

    /// Closes with RST.
    public func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        // SAFETY: the option outlives the call and has that size.
        _ = unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    /// From now on every packet that comes is lost, as if the cable had been cut: the peer hears
    /// nothing any more (SO_ATTACH_FILTER, socket(7)).
    public func goSilent() throws {
        // Linux's struct sock_filter as one word, and struct sock_fprog: takes none of a packet.
        var drop: UInt64 = 0x06
        // SAFETY: both outlive the call, which copies them.
        let result = unsafe withUnsafeMutablePointer(to: &drop) { filter in
            var program: (count: UInt64, start: UInt64) = (1, UInt64(UInt(bitPattern: filter)))
            return unsafe setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, 16)
        }
        guard result == 0 else { throw SocketFailure(call: "setsockopt", errno: errno) }
    }

    /// The socket's own port.
    public var localPort: Int {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        // SAFETY: getsockname writes at most `size` bytes into `address`.
        _ = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &size)
            }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// Small writes leave at once.
    public func setNoDelay() throws {
        try set(TCP_NODELAY, 1, level: Int32(IPPROTO_TCP))
    }

    // MARK: Inside

    private func finishConnecting(_ result: Int32, within seconds: Double) throws {
        if result == 0 { return try ignoringUnsupported { try setNoDelay() } }
        guard errno == EINPROGRESS || errno == EAGAIN else {
            throw SocketFailure(call: "connect", errno: errno)
        }
        guard wait(for: POLLOUT, Deadline(seconds: seconds)) else {
            throw SocketFailure(call: "connect", errno: ETIMEDOUT)
        }
        var pending: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        // SAFETY: SO_ERROR is an int.
        _ = unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &pending, &size)
        guard pending == 0 else { throw SocketFailure(call: "connect", errno: pending) }
        try ignoringUnsupported { try setNoDelay() }
    }

    private func ignoringUnsupported(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let failure as SocketFailure where failure.errno == EOPNOTSUPP {
            return
        }
    }

    private func wait(for events: Int32, _ deadline: Deadline) -> Bool {
        while true {
            var request = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            // SAFETY: one pollfd, which outlives the call.
            let count = unsafe poll(&request, 1, deadline.remainingMilliseconds)
            if count > 0 { return true }
            if count == 0 || errno != EINTR { return false }
        }
    }

    private func set(_ option: Int32, _ value: Int32, level: Int32 = SOL_SOCKET) throws {
        var value = value
        // SAFETY: the option is an int and outlives the call.
        let result = unsafe setsockopt(
            descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
        guard result == 0 else { throw SocketFailure(call: "setsockopt", errno: errno) }
    }

    private static func open(_ family: Int32) throws -> Int32 {
        let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        let descriptor = socket(family, Int32(kind), 0)
        guard descriptor >= 0 else { throw SocketFailure(call: "socket", errno: errno) }
        return descriptor
    }

    private static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}
