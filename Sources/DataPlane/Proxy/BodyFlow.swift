// One direction of an exchange: which of the received bytes belong to the message and may be passed
// on, and how many of them were. The bytes stand at the beginning of the source's buffer:
//
//   | sent | approved, to be sent | not looked at: more body, or the next message |
//   |<------- pending ----------->|
//
// Pure but for the buffer it is given. Hot, one thread.

/// Follows a head and its body through a buffer.
struct BodyFlow: BitwiseCopyable {
    private enum Framing: UInt8 {
        case none, length, chunked
        /// Chunked, for a peer that does not know chunks: the payload only.
        case decoded
        /// All bytes until the source ends: tunnels too.
        case untilEnd
    }
    private var framing = Framing.none
    /// The message is received in full.
    private(set) var isComplete = false
    /// Bytes came behind the end of the message.
    private(set) var hasExcess = false
    /// Of a body with a length: what has not been received.
    private var remaining: Int64 = 0
    private var scanner = ChunkedScanner()
    /// Approved bytes at the beginning of the buffer.
    private(set) var pending = 0
    /// Of these, bytes that were sent and are kept in case they have to be sent again.
    private(set) var sent = 0
    /// Bytes in a pipe, behind those in the buffer; they belong to the message.
    private(set) var piped = 0
    /// The source has just filled all the room that there was: a pipe will pay.
    private var isBulk = false
    /// All bytes that were sent, the head included.
    private(set) var totalSent: Int64 = 0

    init() {}

    /// Approved and not sent.
    var unsent: Int { @inline(__always) get { pending &- sent } }

    /// Anything that was received and not sent, in the buffer or in the pipe.
    var hasUnsent: Bool { @inline(__always) get { unsent > 0 || piped > 0 } }

    /// How many bytes may be received into a pipe now; 0: they belong into the buffer.
    var pipeLimit: Int {
        guard isBulk, pending == 0 else { return 0 }
        switch framing {
        case .none, .chunked, .decoded: return 0
        case .length:
            return remaining >= Self.pipedLeastBytes
                ? Int(min(remaining, Int64(Self.pipedMostBytes))) : 0
        case .untilEnd: return Self.pipedMostBytes
        }
    }

    /// Below, a copy costs less than the calls of a pipe (docs/performance.md).
    private static var pipedLeastBytes: Int { 32_768 }
    /// Of one filling: others have their turn between two.
    private static var pipedMostBytes: Int { 131_072 }

    /// Whether so much of the body is still to come that a large buffer pays.
    var isLong: Bool {
        switch framing {
        case .none: false
        case .length: remaining > Int64(BufferSize.small.bytes)
        case .chunked, .decoded, .untilEnd: true
        }
    }

    /// Whether the source's end ends the message.
    var endsWithSource: Bool { framing == .untilEnd }

    /// A message begins with `headBytes` approved bytes. `filledRoom`: what came with the head
    /// filled all the room that there was.
    @inline(__always)
    mutating func begin(
        headBytes: Int, _ body: BodyFraming, bodyLimitBytes: Int64 = .max / 2,
        decodes: Bool = false, filledRoom: Bool = false
    ) {
        pending = headBytes
        sent = 0
        remaining = 0
        hasExcess = false
        piped = 0
        isBulk = filledRoom
        isComplete = body == .none
        switch body {
        case .none: framing = .none
        case .length(let length):
            framing = .length
            remaining = length
            isComplete = length == 0
        case .chunked:
            framing = decodes ? .decoded : .chunked
            scanner = ChunkedScanner(bodyLimitBytes: bodyLimitBytes)
        case .untilClose: framing = .untilEnd
        }
    }

    /// Looks at the received bytes behind the approved ones.
    @inline(__always)
    mutating func approve(_ buffer: inout Buffer) -> HTTPError? {
        let fresh = buffer.count &- pending
        guard !isComplete, fresh > 0 else { return nil }
        switch framing {
        case .none: break
        case .length:
            let taken = min(remaining, Int64(fresh))
            remaining &-= taken
            pending &+= Int(taken)
            isComplete = remaining == 0
        case .chunked: return approve(scanner.scan(buffer.bytes(pending, fresh)), fresh)
        case .decoded: return decode(&buffer, fresh)
        case .untilEnd: pending &+= fresh
        }
        return nil
    }

    /// So many bytes came into a buffer with so much room.
    @inline(__always)
    mutating func didReceive(_ count: Int, room: Int) {
        isBulk = count == room
    }

    /// So many bytes, of at most `pipeLimit`, came into the pipe.
    mutating func didPipe(_ count: Int) {
        piped &+= count
        if count < Self.pipedLeastBytes { isBulk = false }
        guard framing == .length else { return }
        remaining &-= Int64(count)
        isComplete = remaining == 0
    }

    /// So many of them were sent.
    mutating func didSendPiped(_ count: Int) {
        piped &-= count
        totalSent &+= Int64(count)
    }

    /// The source has ended; false if the message had not.
    mutating func sourceDidEnd() -> Bool {
        if framing == .untilEnd { isComplete = true }
        return isComplete
    }

    /// So many more bytes were sent. `keeps`: they stay in the buffer, to be sent again if need be.
    @inline(__always)
    mutating func didSend(_ count: Int, from buffer: inout Buffer, keeps: Bool) {
        totalSent &+= Int64(count)
        sent &+= count
        if !keeps { forgetSent(&buffer) }
    }

    /// Gives up what was kept.
    @inline(__always)
    mutating func forgetSent(_ buffer: inout Buffer) {
        buffer.consume(sent)
        pending &-= sent
        sent = 0
    }

    /// The message is not wanted any more.
    mutating func forgetAll(_ buffer: inout Buffer) {
        buffer.consume(pending)
        pending = 0
        sent = 0
    }

    /// What was kept goes to another server.
    mutating func sendAgain() {
        totalSent &-= Int64(sent)
        sent = 0
    }

    private mutating func approve(_ progress: ChunkProgress, _ fresh: Int) -> HTTPError? {
        switch progress {
        case .more: pending &+= fresh
        case .end(let consumed):
            pending &+= consumed
            isComplete = true
        case .failed(let error): return error
        }
        return nil
    }

    private mutating func decode(_ buffer: inout Buffer, _ fresh: Int) -> HTTPError? {
        var writer = buffer.writer(from: pending)
        let progress = scanner.decode(buffer.bytes(pending, fresh), into: &writer)
        if case .failed(let error) = progress { return error }
        if case .end(let consumed) = progress {
            isComplete = true
            hasExcess = consumed < fresh
        }
        pending &+= writer.count
        buffer.truncate(to: pending)
        return nil
    }
}
