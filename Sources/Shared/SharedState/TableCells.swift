// The cells of one table: a word each, in buckets, in memory that all workers share or, where that
// had no room, in memory of this process. Changed by compare-and-exchange only. Any thread, any
// process; read by `RateLimitTable` and `StickyTable`, which say what a word means.

internal import CLinux

@safe
struct TableCells: BitwiseCopyable, @unchecked Sendable {
    // SAFETY: Sendable, because all words are atomic and their memory stays for ever; `init` checked
    // that all buckets are within it.
    private let words: UnsafeMutablePointer<UInt64>
    private let bucketMask: UInt64

    /// Nil for a placement that is not within the area, or whose count is no power of two.
    ///
    /// - Parameters:
    ///   - start: of the area in the region, in bytes.
    ///   - countMax: how many buckets the area has.
    init?(_ region: SharedRegion, start: Int, countMax: Int, _ placement: TablePlacement) {
        let (first, count) = (placement.firstBucket, placement.bucketCount)
        guard first >= 0, Self.isCount(count, countMax), first <= countMax - count else {
            return nil
        }
        let bucketBytes = TablePlacement.cellsPerBucket * RegionLayout.wordBytes
        unsafe words = region.word(start + first * bucketBytes)
        bucketMask = UInt64(count - 1)
    }

    /// Of this process alone, for as long as it lives.
    init(unsharedBucketCount count: Int, countMax: Int) {
        precondition(Self.isCount(count, countMax), "the number of buckets is a power of two")
        let cells = count * TablePlacement.cellsPerBucket
        unsafe words = UnsafeMutableRawPointer.allocate(
            byteCount: cells * RegionLayout.wordBytes, alignment: 64
        ).bindMemory(to: UInt64.self, capacity: cells)
        unsafe words.initialize(repeating: 0, count: cells)
        bucketMask = UInt64(count - 1)
    }

    private static func isCount(_ count: Int, _ countMax: Int) -> Bool {
        count > 0 && count & (count - 1) == 0 && count <= countMax
    }

    /// The cells that a key may be in.
    @inline(__always)
    func bucket(of key: UInt64) -> Range<Int> {
        let first = Int(key & bucketMask) * TablePlacement.cellsPerBucket
        return first..<(first + TablePlacement.cellsPerBucket)
    }

    /// - Parameter cell: of a bucket.
    @inline(__always)
    func load(_ cell: Int) -> UInt64 {
        // SAFETY: callers stay within the buckets.
        unsafe clinux_load_acquire(words + cell)
    }

    /// False: somebody else has changed it.
    @inline(__always)
    func change(_ cell: Int, from old: UInt64, to new: UInt64) -> Bool {
        // SAFETY: callers stay within the buckets.
        unsafe clinux_compare_exchange(words + cell, old, new) != 0
    }

    /// All words at zero. The master's, when nobody uses the cells.
    func clear() {
        let count = Int(bucketMask + 1) * TablePlacement.cellsPerBucket
        // SAFETY: all cells are within the memory.
        for cell in 0..<count where load(cell) != 0 { unsafe clinux_store(words + cell, 0) }
    }
}
