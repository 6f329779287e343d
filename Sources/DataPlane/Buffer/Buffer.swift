// Bytes on their way through: one linear piece of memory with a readable part. Taken from a
// `BufferPool` when the first byte arrives and given back when empty, so that a silent connection
// has none. A received head leaves room before it, into which the rewritten head is put directly
// before the body's bytes, so that both leave with one send. Hot, one thread.

internal import CLinux
internal import Syscalls

/// Memory with one owner; empty and without memory when new.
@safe
struct Buffer: ~Copyable {
    /// Kept free before a head that is received: what rewriting may add without moving anything.
    static var headroomBytes: Int { 1024 }

    private var memory: UnsafeMutablePointer<UInt8>?
    private(set) var capacity = 0
    /// The readable bytes are `start..<end` of the memory.
    private(set) var start = 0
    private(set) var end = 0

    init() {}

    /// A buffer over memory of malloc(3), which this value frees unless a pool takes it back.
    @unsafe
    init(memory: UnsafeMutablePointer<UInt8>, capacity: Int) {
        unsafe self.memory = memory
        self.capacity = capacity
    }

    deinit {
        // SAFETY: memory of malloc(3) that this value alone owns.
        unsafe free(memory)
    }

    var hasMemory: Bool { @inline(__always) get { capacity > 0 } }
    var count: Int { @inline(__always) get { end &- start } }
    var isEmpty: Bool { @inline(__always) get { end == start } }
    /// Bytes that can be received behind the readable ones.
    var room: Int { @inline(__always) get { capacity &- end } }
    /// Nothing more can be received, whatever is moved.
    var isFull: Bool { @inline(__always) get { count == capacity } }

    /// The readable bytes; they stay where they are until the buffer is next changed.
    var bytes: Bytes { @inline(__always) get { bytes(0, count) } }

    /// `length` readable bytes from `offset`.
    @inline(__always)
    func bytes(_ offset: Int, _ length: Int) -> Bytes {
        precondition(
            offset >= 0 && length >= 0 && length <= count &- offset, "bytes outside the buffer")
        guard let memory = unsafe memory else { return .empty }
        // SAFETY: the range was checked to be readable, and `start + count` is within the memory.
        return unsafe Bytes(start: UnsafePointer(memory + start + offset), count: length)
    }

    /// Receives behind the readable bytes as many as there is room for, or at most `limit`.
    @inline(__always)
    mutating func receive(_ fd: Int32, limit: Int = .max) -> IOResult {
        guard let memory = unsafe memory, room > 0 else {
            preconditionFailure("receiving without room reads as an end")
        }
        // SAFETY: `room` bytes behind `end` are within the memory.
        let result = unsafe SocketIO.receive(fd, into: memory + end, count: min(room, limit))
        if result.value > 0 { end &+= result.value }
        return result
    }

    /// Sends readable bytes from `offset`, without consuming them.
    @inline(__always)
    func send(_ fd: Int32, offset: Int, count length: Int) -> IOResult {
        precondition(
            offset >= 0 && length >= 0 && length <= count &- offset, "bytes outside the buffer")
        guard let memory = unsafe memory else { return IOResult(0) }
        // SAFETY: the range was checked to be readable.
        return unsafe SocketIO.send(fd, from: memory + start + offset, count: length)
    }

    /// Sends all readable bytes, then `length` of `other` from `offset`, with one call; consumes
    /// nothing.
    func send(
        _ fd: Int32, then other: borrowing Buffer, offset: Int, count length: Int
    ) -> IOResult {
        let (first, second) = (bytes, other.bytes(offset, length))
        // SAFETY: both runs lie within memory of buffers that are borrowed for this call.
        return unsafe first.withPointer { head in
            unsafe second.withPointer { tail in
                unsafe SocketIO.send(
                    fd, from: head, count: first.count, then: tail, count: second.count)
            }
        }
    }

    /// Forgets the first `length` readable bytes.
    @inline(__always)
    mutating func consume(_ length: Int) {
        precondition(length >= 0 && length <= count, "consuming what is not there")
        start &+= length
    }

    /// Puts the readable bytes, or the place for the next ones, at `offset`; makes room behind
    /// them.
    mutating func move(to offset: Int) {
        guard let memory = unsafe memory, start != offset else { return }
        let length = count
        precondition(offset >= 0 && offset + length <= capacity, "moving out of the buffer")
        // SAFETY: both ranges are within the memory; memmove allows an overlap.
        _ = unsafe memmove(memory + offset, memory + start, length)
        start = offset
        end = offset + length
    }

    /// Replaces the first `length` readable bytes by others; false if they do not fit.
    mutating func replacePrefix(_ length: Int, with other: Bytes) -> Bool {
        precondition(length >= 0 && length <= count, "replacing what is not there")
        let growth = other.count - length
        if growth > start {
            guard count + growth <= capacity else { return false }
            move(to: capacity - count)
        }
        guard let memory = unsafe memory else { return other.isEmpty }
        start -= growth
        // SAFETY: `other.count` bytes from the new start are within the memory: growth ≤ start.
        unsafe other.withPointer { source in
            _ = unsafe memmove(memory + start, source, other.count)
        }
        return true
    }

    /// Adds bytes behind the readable ones; false if they do not fit.
    mutating func append(_ other: Bytes) -> Bool {
        guard other.count <= room, let memory = unsafe memory else { return other.isEmpty }
        // SAFETY: `other.count` bytes behind `end` are within the memory.
        unsafe other.withPointer { source in
            _ = unsafe memmove(memory + end, source, other.count)
        }
        end += other.count
        return true
    }

    /// Writes over the readable bytes from `offset` on, as a decoder does that reads the same
    /// bytes.
    func writer(from offset: Int) -> ByteWriter {
        precondition(offset >= 0 && offset <= count, "writing outside of the readable bytes")
        guard let memory = unsafe memory else { preconditionFailure("a buffer without memory") }
        // SAFETY: the readable bytes behind `offset`.
        return unsafe ByteWriter(start: memory + (start + offset), capacity: count - offset)
    }

    /// Writes into the room behind the readable bytes; `didWrite` makes them readable.
    func freeWriter() -> ByteWriter {
        guard let memory = unsafe memory else { preconditionFailure("a buffer without memory") }
        // SAFETY: the room behind the readable bytes.
        return unsafe ByteWriter(start: memory + end, capacity: room)
    }

    /// What was written into the room becomes readable.
    mutating func didWrite(_ length: Int) {
        precondition(length >= 0 && length <= room, "more than there is room for")
        end += length
    }

    /// Keeps the first `length` readable bytes.
    mutating func truncate(to length: Int) {
        precondition(length >= 0 && length <= count, "truncation keeps what is there")
        end = start + length
    }

    /// Empty again; the next bytes come in at `offset`.
    @inline(__always)
    mutating func removeAll(startingAt offset: Int = 0) {
        precondition(offset >= 0 && offset <= capacity)
        start = offset
        end = offset
    }

    /// Gives the memory away; the buffer has none afterwards.
    @unsafe
    mutating func takeMemory() -> UnsafeMutablePointer<UInt8>? {
        let taken = unsafe memory
        unsafe memory = nil
        capacity = 0
        start = 0
        end = 0
        return unsafe taken
    }
}
