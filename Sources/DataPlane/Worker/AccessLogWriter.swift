// The one thread that writes the access log. The loops hand it whole buffers and go on; what it
// cannot write in time is dropped and counted where it was offered (`AccessLogSink`). It may block
// as long as its file does: a full pipe or a slow disk stops nobody but itself.

internal import Synchronization
internal import Syscalls

final class AccessLogWriter: Sendable {
    private let sink: AccessLogSink
    private let isEnding = Atomic<Bool>(false)
    private let ended: EventDescriptor
    /// Owned; -1: none waits.
    private let replacement = Guarded<Int32>(-1)

    /// Starts the thread. `descriptor` is closed when it is replaced, and at the end.
    init(
        of sink: AccessLogSink, to descriptor: consuming FileDescriptor, _ kind: LogOutput.Kind
    ) throws(SystemError) {
        self.sink = sink
        ended = try EventDescriptor()
        let output = try LogOutput(descriptor, kind)
        try Thread.start(name: "access-log") { self.run(output) }
    }

    deinit {
        if let fd = takeReplacement() { FileDescriptor(owning: fd).close() }
    }

    /// What is not written yet goes there. Any thread.
    func replace(with descriptor: consuming FileDescriptor) {
        let fd = descriptor.take()
        let unused = replacement.withLock { waiting in
            defer { waiting = fd }
            return waiting
        }
        if unused >= 0 { FileDescriptor(owning: unused).close() }
        sink.wake()
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

    private func run(_ output: LogOutput) {
        let events = EventBuffer(capacity: 1)
        while true {
            let isLast = isEnding.load(ordering: .acquiring)
            if let fd = takeReplacement() { output.replace(with: FileDescriptor(owning: fd)) }
            if let buffer = sink.next() {
                sink.give(buffer, lost: output.write(buffer))
            } else if isLast {
                break
            } else {
                sink.wait(into: events, milliseconds: 1_000)
            }
        }
        _ = try? ended.signal()
    }

    private func takeReplacement() -> Int32? {
        replacement.withLock { waiting in
            defer { waiting = -1 }
            return waiting >= 0 ? waiting : nil
        }
    }
}
