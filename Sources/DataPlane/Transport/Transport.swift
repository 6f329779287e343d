// The socket of one connection, as far as a loop knows its readiness. Registered at most once for
// the connection's life, edge triggered (epoll(7)): what was reported and not used up is remembered
// here, so nothing is asked twice. Plain TCP; TLS will stand behind the same operations. Hot.

internal import Syscalls

/// What the layers above see of an attempt to move bytes.
enum TransferResult: Equatable {
    /// At least 1.
    case moved(Int)
    /// Nothing now; an event will come.
    case blocked
    /// Receiving only: the peer will send no more.
    case ended
    /// The connection is of no use any more.
    case failed(errno: Int32)
}

/// A descriptor with what is known about it.
struct Transport: ~Copyable {
    /// All that a connection is ever registered for.
    static let events: UInt32 =
        EpollEvents.input | EpollEvents.output | EpollEvents.peerHangUp
        | EpollEvents.edgeTriggered

    private(set) var fd: Int32 = -1
    /// Receiving may give something.
    private(set) var isReadable = false
    /// Sending may take something.
    private(set) var isWritable = false
    /// The peer has shut down its sending half; bytes before that may still wait.
    private(set) var peerHasEnded = false
    /// The connection broke: a reset, or an error that recv(2) or send(2) gave.
    private(set) var hasFailed = false
    /// We have shut down our sending half.
    private(set) var sendingHasEnded = false
    /// A unix socket: its ends look otherwise, and what of its bytes has arrived nobody can say.
    var isLocal = false
    /// A unix socket's peer has closed: what it said before may still wait, and it hears nothing.
    private(set) var takesNothing = false

    init() {}

    /// Takes over a non-blocking socket.
    init(owning fd: Int32, isReadable: Bool, isWritable: Bool) {
        self.fd = fd
        self.isReadable = isReadable
        self.isWritable = isWritable
    }

    /// Recycled entries and the end of a loop close what is still open.
    deinit {
        if fd >= 0 { FileDescriptor(owning: fd).close() }
    }

    var isOpen: Bool { @inline(__always) get { fd >= 0 } }

    /// Remembers what epoll reported.
    @inline(__always)
    mutating func note(_ events: UInt32) {
        let ending = EpollEvents.error | EpollEvents.hangUp
        if events & (EpollEvents.input | EpollEvents.peerHangUp | ending) != 0 {
            isReadable = true
        }
        if events & (EpollEvents.output | ending) != 0 { isWritable = true }
        if events & EpollEvents.peerHangUp != 0 { peerHasEnded = true }
        if events & ending != 0 { noteEnding(events) }
    }

    /// EPOLLHUP alone is no failure once both sides have said that they will send no more; and at a
    /// unix socket it says that the peer has closed, with bytes before that or without: it takes none.
    private mutating func noteEnding(_ events: UInt32) {
        if isLocal, events & EpollEvents.hangUp != 0 { takesNothing = true }
        if events & EpollEvents.error != 0 || !sendingHasEnded && !isLocal { hasFailed = true }
        peerHasEnded = true
    }

    /// Receives into the room of `buffer`, which there must be.
    @inline(__always)
    mutating func receive(into buffer: inout Buffer, limit: Int = .max) -> TransferResult {
        let asked = min(buffer.room, limit)
        let result = buffer.receive(fd, limit: limit)
        if result.value > 0 {
            // Less than asked for means drained: the next byte will be reported. The end of the
            // peer's bytes was reported already if it is known.
            if result.value < asked, !peerHasEnded, !hasFailed { isReadable = false }
            return .moved(result.value)
        }
        return didNotReceive(result)
    }

    /// Nothing came: none yet, none any more, or the connection broke.
    private mutating func didNotReceive(_ result: IOResult) -> TransferResult {
        isReadable = false
        if result.isEnd {
            peerHasEnded = true
            return .ended
        }
        if result.wouldBlock { return .blocked }
        hasFailed = true
        return .failed(errno: result.errno)
    }

    /// Nothing went: not now, or the connection broke.
    private mutating func didNotSend(_ result: IOResult) -> TransferResult {
        isWritable = false
        if result.wouldBlock || result.value == 0 { return .blocked }
        hasFailed = true
        return .failed(errno: result.errno)
    }

    /// Sends `count` readable bytes of `buffer` from `offset`; does not consume them.
    @inline(__always)
    mutating func send(_ buffer: borrowing Buffer, offset: Int, count: Int) -> TransferResult {
        let result = buffer.send(fd, offset: offset, count: count)
        if result.value > 0 {
            if result.value < count { isWritable = false }
            return .moved(result.value)
        }
        return didNotSend(result)
    }

    /// Sends what `first` holds, and `count` bytes of `second` from `offset` behind it, with one
    /// call; consumes nothing.
    mutating func send(
        _ first: borrowing Buffer, then second: borrowing Buffer, offset: Int, count: Int
    ) -> TransferResult {
        let result = first.send(fd, then: second, offset: offset, count: count)
        if result.value > 0 {
            if result.value < first.count + count { isWritable = false }
            return .moved(result.value)
        }
        return didNotSend(result)
    }

    /// Moves up to `limit` bytes that were received into an empty pipe. However few these are, only
    /// `blocked` says that there are no more: a pipe is full by its number of pieces.
    mutating func splice(into pipe: Int32, limit: Int) -> TransferResult {
        let result = SocketIO.splice(from: fd, to: pipe, count: limit)
        if result.value > 0 { return .moved(result.value) }
        return didNotReceive(result)
    }

    /// Sends up to `count` bytes that are in a pipe. Again, only `blocked` says that no more fit.
    mutating func splice(from pipe: Int32, count: Int) -> TransferResult {
        let result = SocketIO.splice(from: pipe, to: fd, count: count)
        if result.value > 0 { return .moved(result.value) }
        return didNotSend(result)
    }

    /// Whether there is neither a byte nor an end, by asking the kernel.
    mutating func isSilent() -> Bool {
        if hasFailed || peerHasEnded {
            isReadable = true
            return false
        }
        let result = SocketIO.peek(fd)
        isReadable = !result.wouldBlock
        if result.isEnd { peerHasEnded = true }
        if result.isError, isReadable { hasFailed = true }
        return result.wouldBlock
    }

    /// How many of the bytes that were sent have not got to the peer yet, by asking the kernel.
    var unacknowledgedCount: Int64 { Int64(SocketIO.unacknowledged(fd).value) }

    /// An end is to be looked for although none was reported: sending has failed.
    mutating func expectEnd() {
        isReadable = true
    }

    /// FIN after what was sent. The peer may be gone already: then there is nothing to end.
    mutating func endSending() {
        guard isOpen, !sendingHasEnded else { return }
        sendingHasEnded = true
        _ = try? TCPSocket.shutdown(fd, .writing)
    }

    /// Another loop owns the socket from now on; nothing is closed.
    mutating func giveAway() {
        fd = -1
        isReadable = false
        isWritable = false
    }

    /// Closes. `reset`: the peer sees an abort instead of an end (SO_LINGER with no time).
    mutating func close(reset: Bool = false) {
        guard isOpen else { return }
        if reset { _ = try? TCPSocket.resetOnClose(fd) }
        FileDescriptor(owning: fd).close()
        fd = -1
        isReadable = false
        isWritable = false
    }
}
