// Appends bytes to memory that somebody else owns: heads, local responses, log lines. It never
// writes beyond its capacity; what does not fit is dropped and remembered, so that callers check
// once at the end. Hot. Owned by one loop for the length of one call.

import CLinux

/// A position in borrowed memory with a sticky overflow flag. Not a copy of the memory: a copy of
/// the value writes to the same place.
@safe
struct ByteWriter {
    private let start: UnsafeMutablePointer<UInt8>
    let capacity: Int
    /// Bytes written so far.
    private(set) var count = 0
    /// Something did not fit; the content is of no use then.
    private(set) var overflowed = false

    /// `capacity` bytes from `start` must be writable, and not read through another `Bytes`, for as
    /// long as the value is used.
    @unsafe @inline(__always)
    init(start: UnsafeMutablePointer<UInt8>, capacity: Int) {
        precondition(capacity >= 0, "a writer has no negative capacity")
        unsafe self.start = start
        self.capacity = capacity
    }

    /// What was written.
    var written: Bytes {
        // SAFETY: `count` never exceeds the capacity the initialiser vouched for.
        @inline(__always) get { unsafe Bytes(start: UnsafePointer(start), count: count) }
    }

    var remaining: Int { capacity &- count }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        guard count < capacity else {
            overflowed = true
            return
        }
        // SAFETY: `count` is below the capacity.
        unsafe start[count] = byte
        count &+= 1
    }

    /// The source may lie in the same memory only at or behind the place written to.
    @inline(__always)
    mutating func append(_ bytes: Bytes) {
        let length = bytes.count
        guard length <= capacity &- count else {
            overflowed = true
            return
        }
        // SAFETY: the length was checked against what is left, and an overlap is allowed.
        unsafe bytes.withPointer { unsafe apus_move(start + count, $0, length) }
        count &+= length
    }

    @inline(__always)
    mutating func append(_ text: StaticString) {
        append(Bytes(text))
    }

    /// Drops what was written behind `position`, which a former `count` gave, and any overflow:
    /// what did not fit is dropped as well.
    mutating func truncate(to position: Int) {
        precondition(position >= 0 && position <= count, "truncation outside what was written")
        count = position
        overflowed = false
    }

    /// Takes out `length` bytes that were written at `position`; what stands behind them moves up.
    mutating func remove(_ length: Int, at position: Int) {
        let rest = written.suffix(from: position).suffix(from: length)
        count = position
        append(rest)
    }

    /// Puts how many bytes stand behind `position`, in decimal digits, and a blank before them.
    mutating func insertCount(at position: Int) {
        let length = written.suffix(from: position).count
        var width = 1
        var rest = length / 10
        while rest > 0 {
            width &+= 1
            rest /= 10
        }
        guard width < capacity &- count else {
            overflowed = true
            return
        }
        // SAFETY: the digits, a blank and what was written from `position` on have room.
        unsafe apus_move(start + position + width + 1, start + position, length)
        count = position
        appendDigits(UInt64(length), width)
        append(ASCII.space)
        count &+= length
    }

    /// A number in decimal digits.
    mutating func append(decimal value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        var width = 1
        var rest = value.magnitude / 10
        while rest > 0 {
            width &+= 1
            rest /= 10
        }
        appendDigits(value.magnitude, width)
    }

    /// The last `width` decimal digits, with leading zeros: `append(padded: 7, width: 2)` is `07`.
    @inline(__always)
    mutating func append(padded value: Int64, width: Int) {
        appendDigits(value.magnitude, width)
    }

    @inline(__always)
    private mutating func appendDigits(_ value: UInt64, _ width: Int) {
        guard width <= capacity &- count else {
            overflowed = true
            return
        }
        var rest = value
        var index = count &+ width
        while index > count {
            index &-= 1
            // SAFETY: `index` lies in the `width` bytes that were found to be free.
            unsafe start[index] = ASCII.zero &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        count &+= width
    }

    /// Sixteen lower-case hexadecimal digits.
    mutating func append(hex value: UInt64) {
        guard capacity &- count >= 16 else {
            overflowed = true
            return
        }
        var rest = value
        var index = 16
        while index > 0 {
            index &-= 1
            // SAFETY: sixteen bytes were found to be free.
            unsafe start[count &+ index] = Self.hexDigit(UInt8(truncatingIfNeeded: rest & 15))
            rest >>= 4
        }
        count &+= 16
    }

    /// The digit of 0…15 in lower case.
    @inline(__always)
    static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? ASCII.zero &+ value : UInt8(ascii: "a") &+ (value &- 10)
    }
}

/// Memory of a fixed size with one owner, taken once per loop and used again for each message.
@safe
struct ByteScratch: ~Copyable {
    private let start: UnsafeMutablePointer<UInt8>
    let capacity: Int

    init(capacity: Int) {
        self.capacity = max(capacity, 1)
        // SAFETY: freed by deinit only; `~Copyable` makes this value the one owner.
        unsafe start = UnsafeMutablePointer<UInt8>.allocate(capacity: self.capacity)
        unsafe start.initialize(repeating: 0, count: self.capacity)
    }

    deinit {
        // SAFETY: allocated by init, and nobody else frees it.
        unsafe start.deallocate()
    }

    /// Writes from the first byte; what an earlier writer left there is overwritten.
    func writer() -> ByteWriter {
        // SAFETY: the memory lives as long as self, and its users use it within one event.
        unsafe ByteWriter(start: start, capacity: capacity)
    }

    /// Writes behind the first `offset` bytes, which stay.
    func writer(from offset: Int) -> ByteWriter {
        precondition(offset >= 0 && offset <= capacity, "no such place in the scratch")
        // SAFETY: as above, and the place lies within the memory.
        return unsafe ByteWriter(start: start + offset, capacity: capacity - offset)
    }

    func bytes(_ count: Int) -> Bytes {
        precondition(count >= 0 && count <= capacity, "more bytes than the scratch holds")
        // SAFETY: the count was checked against the allocation.
        return unsafe Bytes(start: UnsafePointer(start), count: count)
    }
}
