// The one thread that writes the access log. The loops hand it whole buffers and go on; what it
// cannot write in time is dropped and counted where it was offered (`AccessLogSink`). It may block
// as long as its file does: a full pipe or a slow disk stops nobody but itself.

internal import Synchronization
internal import Syscalls

final class AccessLogWriter: Sendable {
    private let sink: AccessLogSink
    private let isEnding = Atomic<Bool>(false)
    private let ended: EventDescriptor

    /// Starts the thread. `descriptor` is a file, pipe or terminal; it is closed at the end.
    init(
        of sink: AccessLogSink, to descriptor: consuming FileDescriptor
    ) throws(SystemError) {
        self.sink = sink
        ended = try EventDescriptor()
        let fd = descriptor.take()
        try Thread.start(name: "access-log") { self.run(FileDescriptor(owning: fd)) }
    }

    /// Lets the thread write what waits, for at most so long.
    func finish(waitMilliseconds: Int32) {
        isEnding.store(true, ordering: .releasing)
        sink.close()
        guard let epoll = try? Epoll() else { return }
        _ = try? epoll.add(fd: ended.rawValue, events: EpollEvents.input, token: 0)
        _ = try? epoll.wait(
            into: EventBuffer(capacity: 1), timeoutMilliseconds: waitMilliseconds)
    }

    private func run(_ descriptor: consuming FileDescriptor) {
        while true {
            let isLast = isEnding.load(ordering: .acquiring)
            let buffers = sink.takeAll(waitMilliseconds: isLast ? 0 : 1_000)
            for buffer in buffers {
                write(buffer.bytes, to: descriptor.rawValue)
                sink.give(buffer)
            }
            if isLast && buffers.isEmpty { break }
        }
        _ = try? ended.signal()
    }

    /// A file that is gone or full (EPIPE, ENOSPC) loses these lines, and no request.
    private func write(_ bytes: Bytes, to fd: Int32) {
        unsafe bytes.withPointer { start in
            // SAFETY: the buffer is this thread's until it is given back, and holds `count` bytes.
            let memory = unsafe UnsafeRawBufferPointer(start: start, count: bytes.count)
            _ = try? unsafe Files.writeAll(fd, memory)
        }
    }
}
