// The buffers of one loop that are not in use. 16 KB for heads and small bodies, 64 KB for large
// ones (measured: a 16 KB loop needs four times the system calls there), 4 KB for what an exchange
// has to remember. Keeps a bounded number, gives the rest back to the system. Hot, one thread.

internal import CLinux

/// What a pool keeps.
enum BufferSize: Int {
    case record, small, large

    var bytes: Int {
        @inline(__always) get {
            switch self {
            case .record: 4_096
            case .small: 16_384
            case .large: 65_536
            }
        }
    }

    /// Kept for reuse: 4, 16 and 16 MB.
    fileprivate var keptMax: Int {
        switch self {
        case .record, .small: 1024
        case .large: 256
        }
    }

    /// The size whose memory has so many bytes.
    fileprivate init?(bytes: Int) {
        switch bytes {
        case 4_096: self = .record
        case 16_384: self = .small
        case 65_536: self = .large
        default: return nil
        }
    }
}

/// Free memory, linked through its own first word.
@safe
struct BufferPool: ~Copyable {
    @safe
    private struct FreeList {
        var first: UnsafeMutableRawPointer?
        var count = 0
    }
    private var lists: InlineArray<3, FreeList> = .init(repeating: FreeList())

    init() {}

    deinit {
        for index in 0..<3 {
            // SAFETY: each link is free memory of malloc(3), linked by `empty`.
            var rest = unsafe lists[index].first
            while let memory = unsafe rest {
                unsafe rest = memory.load(as: UnsafeMutableRawPointer?.self)
                unsafe free(memory)
            }
        }
    }

    /// Gives `buffer`, which has none, memory. False: the system has none (malloc(3)).
    @inline(__always)
    mutating func fill(
        _ buffer: inout Buffer, _ size: BufferSize = .small, startingAt offset: Int = 0
    ) -> Bool {
        precondition(!buffer.hasMemory, "a buffer is filled once")
        let index = size.rawValue
        // SAFETY: the first word of free memory is the next free one's address, or nil.
        guard let memory = unsafe lists[index].first ?? malloc(size.bytes) else { return false }
        if unsafe lists[index].first != nil {
            unsafe lists[index].first = memory.load(as: UnsafeMutableRawPointer?.self)
            lists[index].count &-= 1
        }
        // SAFETY: `size.bytes` bytes, which nobody else uses.
        unsafe buffer = Buffer(
            memory: memory.assumingMemoryBound(to: UInt8.self), capacity: size.bytes)
        buffer.removeAll(startingAt: offset)
        return true
    }

    /// Gives `buffer` memory of any size, for the rare message that no pooled one holds.
    mutating func fill(_ buffer: inout Buffer, capacityBytes: Int) -> Bool {
        if capacityBytes <= BufferSize.small.bytes { return fill(&buffer) }
        if capacityBytes <= BufferSize.large.bytes { return fill(&buffer, .large) }
        precondition(!buffer.hasMemory, "a buffer is filled once")
        guard let memory = unsafe malloc(capacityBytes) else { return false }
        // SAFETY: as much as was asked for, which nobody else uses.
        unsafe buffer = Buffer(
            memory: memory.assumingMemoryBound(to: UInt8.self), capacity: capacityBytes)
        return true
    }

    /// Moves what `buffer` holds to memory for so many bytes. False: there is none.
    mutating func enlarge(_ buffer: inout Buffer, toHold byteCount: Int) -> Bool {
        var larger = Buffer()
        guard fill(&larger, capacityBytes: byteCount), larger.append(buffer.bytes) else {
            empty(&larger)
            return false
        }
        empty(&buffer)
        buffer = larger
        return true
    }

    /// Takes the memory of `buffer` back; what it held is forgotten.
    @inline(__always)
    mutating func empty(_ buffer: inout Buffer) {
        let capacity = buffer.capacity
        // SAFETY: the buffer owned the memory and has none afterwards; malloc(3) aligns it for the
        // link in its first word.
        guard let bytes = unsafe buffer.takeMemory() else { return }
        let memory = UnsafeMutableRawPointer(bytes)
        guard let size = BufferSize(bytes: capacity),
            lists[size.rawValue].count < size.keptMax
        else {
            unsafe free(memory)
            return
        }
        unsafe memory.storeBytes(
            of: lists[size.rawValue].first, as: UnsafeMutableRawPointer?.self)
        unsafe lists[size.rawValue].first = memory
        lists[size.rawValue].count &+= 1
    }
}
