// The last step of a log record that goes to a receiver by TCP: one connection of this worker's own,
// made with the first record, and anew when it breaks. A record of which the connection has only a
// part when it breaks is sent again from its first byte, so the receiver never finds the middle of
// one where one should begin. The writer's thread (`AccessLogWriter`); no call here waits but `wait`.

internal import Clock
internal import Glibc
internal import Syscalls

/// Where records go, each in a frame already. After `init` the writer's thread alone uses it.
final class LogConnection: @unchecked Sendable {
    // SAFETY: Sendable, because it is handed to one thread, which keeps it to itself.
    private enum Source: UInt64 { case bell, socket }

    /// A receiver that acknowledges nothing, or has room for nothing, for so long is left.
    private static let patienceMilliseconds: Int32 = 30_000
    /// How long one waits at most.
    private static let waitMax = Duration.seconds(1)

    private let address: RawSocketAddress
    private let poll: Epoll
    private let events = EventBuffer(capacity: 2)
    private var random = SmallRandom(seed: .random(in: .min ... .max))
    private var state = LogConnectionState()
    /// Owned; -1: none.
    private var fd: Int32 = -1
    /// Bytes of the buffer in hand that the kernel has.
    private var sent = 0

    /// - Parameter bell: ends `wait` when it is readable; stays the caller's.
    /// Throws where the system has no descriptor left.
    init(to address: RawSocketAddress, bell: Int32) throws(SystemError) {
        self.address = address
        poll = try Epoll()
        try poll.add(fd: bell, events: EpollEvents.input, token: Source.bell.rawValue)
    }

    deinit { close() }

    /// Sends as much of a buffer as the connection takes now; true once that is all of it. Until
    /// then the next call must be with the same buffer.
    func send(_ buffer: LogBuffer) -> Bool {
        // What the receiver did meanwhile: bytes to one that has ended its side are lost.
        look(timeoutMilliseconds: 0)
        let now = Instant.now()
        switch state.wants(now) {
        case .nothing: break
        case .connect:
            sent = buffer.record(at: sent).start
            connect(now)
        case .giveUp: fail(now)
        }
        while state.isThere, sent < buffer.count {
            let rest = buffer.bytes.suffix(from: sent)
            let result = unsafe rest.withPointer { start in
                // SAFETY: the buffer is this thread's, and holds so many bytes there.
                unsafe SocketIO.send(fd, from: start, count: rest.count)
            }
            if result.wouldBlock { return false }
            if result.isError { fail(now) } else { sent += result.value }
        }
        guard sent == buffer.count else { return false }
        sent = 0
        return true
    }

    /// How many records of the buffer in hand were not sent whole.
    func unsent(_ buffer: LogBuffer) -> Int {
        buffer.recordCount - buffer.record(at: sent).index
    }

    /// Waits until `send` may get further, the bell rings, or the time has come.
    /// - Parameter hasRecords: whether there is something to send.
    func wait(until deadline: Instant, hasRecords: Bool) {
        let now = Instant.now()
        var soonest = min(deadline, now + Self.waitMax)
        if hasRecords, let change = state.changesAt { soonest = min(soonest, change) }
        look(timeoutMilliseconds: (soonest - now).timeoutMilliseconds)
    }

    private func look(timeoutMilliseconds: Int32) {
        let count = (try? poll.wait(into: events, timeoutMilliseconds: timeoutMilliseconds)) ?? 0
        for index in 0..<count {
            switch Source(rawValue: events.token(index)) {
            case .socket: didHappen(events.bits(index))
            case .bell, nil: break
            }
        }
    }

    private func didHappen(_ bits: UInt32) {
        let now = Instant.now()
        if bits & (EpollEvents.error | EpollEvents.hangUp | EpollEvents.peerHangUp) != 0 {
            fail(now)
        } else if state.isConnecting, bits & EpollEvents.output != 0 {
            state.didConnect(now)
        }
    }

    private func connect(_ now: Instant) {
        state.didBegin(now)
        do throws(SystemError) {
            var start = TCPSocket.ConnectStart.inProgress
            let socket = try TCPSocket.connect(to: address, start: &start)
            try TCPSocket.setNoDelay(socket.rawValue)
            try TCPSocket.setUserTimeout(
                socket.rawValue, milliseconds: Self.patienceMilliseconds)
            // Edges: a socket with room is no news while there is nothing to send.
            try poll.add(
                fd: socket.rawValue,
                events: EpollEvents.output | EpollEvents.peerHangUp | EpollEvents.edgeTriggered,
                token: Source.socket.rawValue)
            fd = socket.take()
            if start == .connected { state.didConnect(now) }
        } catch {
            fail(now)
        }
    }

    private func fail(_ now: Instant) {
        close()
        state.didFail(now, random: random.next())
    }

    /// What was sent still arrives, if the receiver wants it.
    private func close() {
        if fd >= 0 { FileDescriptor(owning: fd).close() }
        fd = -1
    }
}
