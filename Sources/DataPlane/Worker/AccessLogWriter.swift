// The one thread that writes the access log. The loops hand it whole buffers and go on; what it
// cannot write in time is dropped and counted where it was offered (`AccessLogSink`). It may block
// as long as its file does: a full pipe, a slow disk or a receiver that reads nothing stops nobody
// but itself.

internal import Clock
internal import Synchronization
internal import Syscalls

final class AccessLogWriter: Sendable {
    private let sink: AccessLogSink
    /// When the thread is to have ended, monotonic nanoseconds; `never` while nothing is to end.
    private let endsBy = Atomic<UInt64>(never)
    private let ended: EventDescriptor
    /// Owned; -1: none waits.
    private let replacement = Guarded<Int32>(-1)

    private static var never: UInt64 { .max }

    /// Starts the thread. `descriptor` is closed when it is replaced, and at the end.
    init(
        of sink: AccessLogSink, to descriptor: consuming FileDescriptor, _ kind: LogOutput.Kind
    ) throws(SystemError) {
        self.sink = sink
        ended = try EventDescriptor()
        let output = try LogOutput(descriptor, kind)
        try Thread.start(name: "access-log") { self.run(output) }
    }

    /// Starts the thread, for records in frames: they go over a connection, which is made with the
    /// first.
    init(of sink: AccessLogSink, connectingTo address: RawSocketAddress) throws(SystemError) {
        self.sink = sink
        ended = try EventDescriptor()
        let connection = try LogConnection(to: address, bell: sink.bellDescriptor)
        try Thread.start(name: "access-log") { self.run(connection) }
    }

    deinit {
        if let fd = takeReplacement() { FileDescriptor(owning: fd).close() }
    }

    /// What is not written yet goes there. Any thread. Nothing comes of it where there is a connection.
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
        let deadline = Instant.now() + .milliseconds(Int64(waitMilliseconds))
        endsBy.store(deadline.nanoseconds, ordering: .releasing)
        sink.close()
        guard let epoll = try? Epoll() else { return }
        _ = try? epoll.add(fd: ended.rawValue, events: EpollEvents.input, token: 0)
        _ = try? epoll.wait(
            into: EventBuffer(capacity: 1), timeoutMilliseconds: waitMilliseconds)
    }

    private func run(_ output: LogOutput) {
        let events = EventBuffer(capacity: 1)
        while true {
            let isLast = endsBy.load(ordering: .acquiring) != Self.never
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

    /// Records wait here while there is no connection, and then in the sink, which is bounded.
    private func run(_ connection: LogConnection) {
        var inHand: LogBuffer?
        while true {
            let deadline = Instant(nanoseconds: endsBy.load(ordering: .acquiring))
            inHand = inHand ?? sink.next()
            if let buffer = inHand, connection.send(buffer) {
                sink.give(buffer, lost: 0)
                inHand = nil
                continue
            }
            let isLast = deadline.nanoseconds != Self.never
            if isLast, inHand == nil || Instant.now() >= deadline { break }
            connection.wait(until: deadline, hasRecords: inHand != nil)
            sink.clearBell()
        }
        if let buffer = inHand { sink.give(buffer, lost: connection.unsent(buffer)) }
        while let buffer = sink.next() { sink.give(buffer, lost: buffer.recordCount) }
        _ = try? ended.signal()
    }

    private func takeReplacement() -> Int32? {
        replacement.withLock { waiting in
            defer { waiting = -1 }
            return waiting >= 0 ? waiting : nil
        }
    }
}
