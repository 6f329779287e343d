// The way of log records from the loops to the thread that writes them: whole buffers, a bounded
// number, never waited for. What the writer cannot keep up with is dropped and counted.

internal import Synchronization
internal import Syscalls

/// Whole records. Filled by one loop, then handed over; one owner at a time.
final class LogBuffer: @unchecked Sendable {
    // SAFETY: Sendable, because a buffer is used by whoever took it from the sink, alone.
    private var buffer = Buffer()
    /// Where each record ends.
    private var ends: [Int] = []

    /// Nil: the system has no memory.
    init?() {
        var pool = BufferPool()
        guard pool.fill(&buffer, .large) else { return nil }
        // As many as there is room for, unless every one is tiny.
        ends.reserveCapacity(512)
    }

    var count: Int { buffer.count }

    /// What there is to write.
    var bytes: Bytes { buffer.bytes }

    var recordCount: Int { ends.count }

    /// One of them, 0…<`recordCount`.
    func record(_ index: Int) -> Bytes {
        let start = index == 0 ? 0 : ends[index - 1]
        return buffer.bytes(start, ends[index] - start)
    }

    /// The record in which a byte stands, or begins; `recordCount` behind the last.
    func record(at offset: Int) -> (index: Int, start: Int) {
        let index = ends.firstIndex { $0 > offset } ?? ends.count
        return (index, index == 0 ? 0 : ends[index - 1])
    }

    /// Writes into the room that is left; `didWrite` keeps it.
    func freeWriter() -> ByteWriter { buffer.freeWriter() }

    /// One more record is there.
    func didWrite(_ length: Int) {
        buffer.didWrite(length)
        ends.append(buffer.count)
    }

    func removeAll() {
        buffer.removeAll()
        ends.removeAll(keepingCapacity: true)
    }
}

/// Between all loops and one writer thread.
final class AccessLogSink: Sendable {
    /// Buffers that wait to be written: 8 MB, as those behind the first few are full.
    private static var waitingMax: Int { 128 }
    /// So many may wait before one that has room left.
    private static var waitingBeforePartMax: Int { 8 }
    private static var sparesMax: Int { 32 }

    /// Nothing here grows once it is made: the way of a line costs no allocation.
    private struct State: Sendable {
        /// A ring: `count` buffers from `first` on.
        var waiting = [LogBuffer?](repeating: nil, count: waitingMax)
        var first = 0
        var count = 0
        var spares: [LogBuffer] = []
        var isClosed = false

        init() { spares.reserveCapacity(sparesMax) }
    }
    private let state = Guarded(State())
    private let bell: EventDescriptor
    private let epoll: Epoll
    /// Records that were handed over and not written, since a loop last asked.
    private let lost = Atomic<UInt64>(0)

    /// Throws where the system has no descriptor left.
    init() throws(SystemError) {
        bell = try EventDescriptor()
        epoll = try Epoll()
        try epoll.add(fd: bell.rawValue, events: EpollEvents.input, token: 0)
    }

    /// Hands a buffer over; false, and the buffer stays the caller's, if too many wait.
    ///
    /// - Parameter isFull: it takes no more, or nothing more is going to come.
    func submit(_ buffer: LogBuffer, isFull: Bool) -> Bool {
        let most = isFull ? Self.waitingMax : Self.waitingBeforePartMax
        let taken = state.withLock { state in
            guard state.count < most, !state.isClosed else { return false }
            state.waiting[(state.first + state.count) % Self.waitingMax] = buffer
            state.count += 1
            return true
        }
        if taken { wake() }
        return taken
    }

    /// An empty buffer that was used before, or nil.
    func recycle() -> LogBuffer? {
        state.withLock { $0.spares.popLast() }
    }

    /// Records of the writer's that nobody will see, since this was last asked; for the counters.
    func takeLost() -> UInt64 {
        if lost.load(ordering: .relaxed) == 0 { return 0 }
        return lost.exchange(0, ordering: .relaxed)
    }

    // MARK: The writer

    /// The one that waits longest, or nil.
    func next() -> LogBuffer? {
        state.withLock { state in
            guard state.count > 0 else { return nil }
            let buffer = state.waiting[state.first]
            state.waiting[state.first] = nil
            state.first = (state.first + 1) % Self.waitingMax
            state.count -= 1
            return buffer
        }
    }

    /// Waits until there is something to look at, up to a time; `events` holds one.
    func wait(into events: borrowing EventBuffer, milliseconds: Int32) {
        _ = try? epoll.wait(into: events, timeoutMilliseconds: milliseconds)
        clearBell()
    }

    /// Readable when there is something to look at, for a writer that waits for more than this.
    var bellDescriptor: Int32 { bell.rawValue }

    /// The bell was heard.
    func clearBell() {
        _ = try? bell.clear()
    }

    /// Ends the writer's wait.
    func wake() {
        _ = try? bell.signal()
    }

    /// A buffer that was dealt with goes back; so many of its records were lost.
    func give(_ buffer: LogBuffer, lost count: Int) {
        if count > 0 { lost.add(UInt64(count), ordering: .relaxed) }
        buffer.removeAll()
        state.withLock { state in
            if state.spares.count < Self.sparesMax { state.spares.append(buffer) }
        }
    }

    /// No buffer is taken any more; those that wait can still be fetched.
    func close() {
        state.withLock { $0.isClosed = true }
        wake()
    }
}
