// The last step of a log record: into a file or pipe, or as a datagram to a logger. The writer's
// thread (`AccessLogWriter`), which may wait here; a logger that takes nothing is waited for a
// little and then loses what is in hand, so that a buffer costs a bounded time.

internal import Clock
internal import Glibc
internal import Model
internal import Syscalls

/// Where records go. After `init` the writer's thread alone uses it.
final class LogOutput: @unchecked Sendable {
    // SAFETY: Sendable, because it is handed to one thread, which keeps it to itself.
    enum Kind: Sendable, Equatable {
        /// One record behind the other, into a file, pipe or terminal.
        case stream
        /// One datagram each. `path`: of the unix socket, to look for a new one when the logger is
        /// gone; nil: it is none.
        case datagrams(path: String?)
    }

    /// How long a logger that is full is waited for, once a buffer.
    private static let patienceMilliseconds: Int32 = 100
    /// How often a logger that is gone is looked for.
    private static let reconnectPeriod = Duration.seconds(1)

    /// Owned.
    private var fd: Int32
    private let kind: Kind
    /// Tells when a datagram has room again.
    private let poll: Epoll
    private let events = EventBuffer(capacity: 1)
    private var reconnectAt = Instant(nanoseconds: 0)

    /// Throws where the system has no descriptor left.
    init(_ descriptor: consuming FileDescriptor, _ kind: Kind) throws(SystemError) {
        poll = try Epoll()
        self.kind = kind
        fd = descriptor.take()
        watch()
    }

    deinit { FileDescriptor(owning: fd).close() }

    /// Closes what was written to, and writes to another.
    func replace(with descriptor: consuming FileDescriptor) {
        // Others have the same socket: closing it here would not take it out of the set (epoll(7)).
        if kind != .stream { _ = try? poll.remove(fd: fd) }
        FileDescriptor(owning: fd).close()
        fd = descriptor.take()
        watch()
    }

    private func watch() {
        if kind != .stream { _ = try? poll.add(fd: fd, events: EpollEvents.output, token: 0) }
    }

    /// Writes all records; returns how many were lost.
    func write(_ buffer: LogBuffer) -> Int {
        switch kind {
        case .stream: writeStream(buffer)
        case .datagrams(let path): send(buffer, path)
        }
    }

    /// A file that is gone or full (EPIPE, ENOSPC) loses these records, and no request.
    private func writeStream(_ buffer: LogBuffer) -> Int {
        let bytes = buffer.bytes
        let isWritten = unsafe bytes.withPointer { start in
            // SAFETY: the buffer is this thread's until it is given back, and holds `count` bytes.
            let memory = unsafe UnsafeRawBufferPointer(start: start, count: bytes.count)
            return (try? unsafe Files.writeAll(fd, memory)) != nil
        }
        return isWritten ? 0 : buffer.recordCount
    }

    private enum Sent { case done, lost, stuck }

    private func send(_ buffer: LogBuffer, _ path: String?) -> Int {
        var lost = 0
        for index in 0..<buffer.recordCount {
            switch send(buffer.record(index), path) {
            case .done: break
            case .lost: lost += 1
            case .stuck: return lost + buffer.recordCount - index
            }
        }
        return lost
    }

    private func send(_ record: Bytes, _ path: String?) -> Sent {
        for _ in 0..<3 {
            let result = unsafe record.withPointer { start in
                // SAFETY: the buffer is this thread's, and holds so many bytes there.
                unsafe SocketIO.send(fd, from: start, count: record.count)
            }
            switch result.errno {
            case 0: return .done
            case EAGAIN, ENOBUFS: if !waitForRoom() { return .stuck }
            // Of UDP it is the answer to a datagram before this one, told once.
            case ECONNREFUSED where path == nil: continue
            case ECONNREFUSED, ECONNRESET, ENOTCONN, EPIPE, EDESTADDRREQ:
                if !reconnect(path) { return .lost }
            default: return .lost
            }
        }
        return .lost
    }

    private func waitForRoom() -> Bool {
        let count = try? poll.wait(into: events, timeoutMilliseconds: Self.patienceMilliseconds)
        return count == 1
    }

    /// To the logger that has the path now: one that was started anew has another socket.
    private func reconnect(_ path: String?) -> Bool {
        let now = Instant.now()
        guard let path, now >= reconnectAt else { return false }
        reconnectAt = now + Self.reconnectPeriod
        return (try? DatagramSocket.reconnect(fd, toPath: path)) != nil
    }
}

extension LogOutput.Kind {
    /// Nil where records go over a connection (`LogConnection`).
    init?(_ settings: LogSettings) {
        switch settings.receiver {
        case .socket(let path)?: self = .datagrams(path: path)
        case .udp?: self = .datagrams(path: nil)
        case .tcp?: return nil
        case nil: self = .stream
        }
    }
}
