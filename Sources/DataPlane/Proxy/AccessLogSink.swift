// The way of log lines from the loops to the thread that writes them: whole buffers, a bounded
// number, never waited for. What the writer cannot keep up with is dropped and counted.

internal import Syscalls

/// Whole lines. Filled by one loop, then handed over; one owner at a time.
final class LogBuffer: @unchecked Sendable {
    // SAFETY: Sendable, because a buffer is used by whoever took it from the sink, alone.
    private var buffer = Buffer()
    private(set) var lineCount = 0

    /// Nil: the system has no memory.
    init?() {
        var pool = BufferPool()
        guard pool.fill(&buffer, .large) else { return nil }
    }

    var count: Int { buffer.count }

    /// What there is to write.
    var bytes: Bytes { buffer.bytes }

    /// Writes into the room that is left; `didWrite` keeps it.
    func freeWriter() -> ByteWriter { buffer.freeWriter() }

    /// One more line is there.
    func didWrite(_ length: Int) {
        buffer.didWrite(length)
        lineCount += 1
    }

    func removeAll() {
        buffer.removeAll()
        lineCount = 0
    }
}

/// Between all loops and one writer thread.
final class AccessLogSink: Sendable {
    /// Buffers that wait to be written: 8 MB.
    private static var waitingMax: Int { 128 }
    private static var sparesMax: Int { 32 }

    private struct State: Sendable {
        var waiting: [LogBuffer] = []
        var spares: [LogBuffer] = []
        var isClosed = false
    }
    private let state = Guarded(State())
    private let bell: EventDescriptor
    private let epoll: Epoll

    /// Throws where the system has no descriptor left.
    init() throws(SystemError) {
        bell = try EventDescriptor()
        epoll = try Epoll()
        try epoll.add(fd: bell.rawValue, events: EpollEvents.input, token: 0)
    }

    /// Hands a buffer over; false, and the buffer stays the caller's, if too many wait.
    func submit(_ buffer: LogBuffer) -> Bool {
        let taken = state.withLock { state in
            guard state.waiting.count < Self.waitingMax, !state.isClosed else { return false }
            state.waiting.append(buffer)
            return true
        }
        if taken { _ = try? bell.signal() }
        return taken
    }

    /// An empty buffer that was used before, or nil.
    func recycle() -> LogBuffer? {
        state.withLock { $0.spares.popLast() }
    }

    /// The writer: all that wait, oldest first; waits for the first one up to a time.
    func takeAll(waitMilliseconds: Int32) -> [LogBuffer] {
        let first = take()
        if !first.isEmpty || waitMilliseconds == 0 { return first }
        let events = EventBuffer(capacity: 1)
        _ = try? epoll.wait(into: events, timeoutMilliseconds: waitMilliseconds)
        _ = try? bell.clear()
        return take()
    }

    /// The writer: a written buffer goes back.
    func give(_ buffer: LogBuffer) {
        buffer.removeAll()
        state.withLock { state in
            if state.spares.count < Self.sparesMax { state.spares.append(buffer) }
        }
    }

    /// No buffer is taken any more; those that wait can still be fetched.
    func close() {
        state.withLock { $0.isClosed = true }
        _ = try? bell.signal()
    }

    private func take() -> [LogBuffer] {
        state.withLock { state in
            let taken = state.waiting
            state.waiting = []
            return taken
        }
    }
}
