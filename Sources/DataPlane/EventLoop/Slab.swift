// Storage of connections and exchanges: entries with stable addresses that are recycled, never
// freed before their slab, so that a reference held too long reads a recycled entry but never
// foreign memory. One slab belongs to one loop's thread. Hot: a reference is one pointer.

/// A reference to an entry of a `Slab`: `connection[].field`.
///
/// Entries hold no references of Swift's own counting, so that a copy of a `Ref` costs nothing.
@safe
struct Ref<Entry: ~Copyable>: BitwiseCopyable {
    private let pointer: UnsafeMutablePointer<Entry>

    @unsafe @inline(__always)
    fileprivate init(_ pointer: UnsafeMutablePointer<Entry>) {
        unsafe self.pointer = pointer
    }

    /// The entry itself.
    subscript() -> Entry {
        @inline(__always) _read {
            // SAFETY: a slab's memory outlives every use of its references: the engine that owns
            // the slabs is the only one that holds them.
            yield unsafe pointer.pointee
        }
        @inline(__always) nonmutating _modify {
            // SAFETY: as above; one thread uses the entry.
            yield unsafe &pointer.pointee
        }
    }

    /// A number for `Epoll`'s token: the address, whose lowest four bits are free for `tag`.
    @inline(__always)
    func token(tag: UInt64) -> UInt64 {
        unsafe UInt64(UInt(bitPattern: pointer)) | tag
    }

    /// The reference back from its token.
    /// - Parameter token: made by `token(tag:)` of the same type of entry, by this loop.
    @inline(__always)
    init(token: UInt64) {
        // SAFETY: tokens come back from the kernel as this loop gave them (epoll_ctl(2)), and
        // the tag, which the caller has looked at, names the type of the entry.
        let address = UInt(truncatingIfNeeded: token & ~15)
        guard let pointer = unsafe UnsafeMutablePointer<Entry>(bitPattern: address) else {
            preconditionFailure("a token of no entry")
        }
        unsafe self.pointer = pointer
    }

    @inline(__always)
    static func == (one: Ref, other: Ref) -> Bool {
        unsafe one.pointer == other.pointer
    }
}

/// An entry knows how it looks when it is new.
protocol SlabEntry: ~Copyable {
    init()
}

/// Entries of one type, in chunks; the one freed last is used first, while its cache lines are
/// warm.
@safe
struct Slab<Entry: SlabEntry & ~Copyable>: ~Copyable {
    private static var chunkEntries: Int { 64 }
    private static var strideBytes: Int { (MemoryLayout<Entry>.size + 63) & ~63 }

    private var chunks: [UnsafeMutableRawPointer] = unsafe []
    private var free: [Ref<Entry>] = []
    /// Entries in use.
    private(set) var count = 0

    init() {}

    deinit {
        // SAFETY: every entry was initialized when its chunk was made, and the references end
        // with the engine that owns the slab.
        for place in unsafe chunks.indices {
            let chunk = unsafe chunks[place]
            for index in 0..<Self.chunkEntries {
                unsafe (chunk + index * Self.strideBytes)
                    .assumingMemoryBound(to: Entry.self).deinitialize(count: 1)
            }
            unsafe chunk.deallocate()
        }
    }

    /// A new entry. Aligned to 64 bytes, so it shares no cache line and its address has a free tag.
    mutating func take() -> Ref<Entry> {
        if free.isEmpty { grow() }
        count += 1
        return free.removeLast()
    }

    /// Takes an entry back. It is made new at once: whatever it owned is released.
    mutating func recycle(_ entry: Ref<Entry>) {
        entry[] = Entry()
        count -= 1
        free.append(entry)
    }

    /// Places made so far; an entry in one of them may be in use or not.
    var placeCount: Int { unsafe chunks.count * Self.chunkEntries }

    /// The entry in a place, `0..<placeCount`: for the rare walk over all of them.
    func place(_ index: Int) -> Ref<Entry> {
        // SAFETY: the chunk's index is checked by the array, the place's by the remainder.
        let chunk = unsafe chunks[index / Self.chunkEntries]
        let offset = index % Self.chunkEntries * Self.strideBytes
        return unsafe Ref((chunk + offset).assumingMemoryBound(to: Entry.self))
    }

    private mutating func grow() {
        // SAFETY: each place of the chunk is aligned, initialized here once and reachable only
        // through the free list.
        let chunk = UnsafeMutableRawPointer.allocate(
            byteCount: Self.strideBytes * Self.chunkEntries, alignment: 64)
        unsafe chunks.append(chunk)
        for index in (0..<Self.chunkEntries).reversed() {
            let place = unsafe (chunk + index * Self.strideBytes).bindMemory(
                to: Entry.self, capacity: 1)
            unsafe place.initialize(to: Entry())
            free.append(unsafe Ref(place))
        }
    }
}
