// Which server a client belongs to, in memory that all workers share: a reload forgets nobody. One
// word a client, changed by compare-and-exchange; what happens at the same time in several loops or
// processes leaves one of the answers.
//
// An entry that was not used for too long is as good as a free cell. Nobody who is in use is ever
// put out: whoever finds the bucket full is not remembered, so a flood of new clients costs the
// known ones nothing.

/// A handle on the cells of one table. Copied freely, any thread, any process.
public struct StickyTable: BitwiseCopyable, Sendable {
    private let cells: TableCells

    /// Of all tables together.
    public static let bucketCountMax = RegionLayout.stickyBucketCount
    /// Who a client belongs to: a number below this.
    public static let serverMax: UInt32 = 1 << 20
    /// Seconds: how long an entry may be kept without use, an eighth of what its clock can tell.
    public static let idleMax: Int64 = 1 << 21

    // Of a word, from above: 20 bits that tell keys of a bucket apart, never 0; 20 bits of the
    // server; 24 bits of the moment of the last use, in seconds.
    private static let tagShift: UInt64 = 44
    private static let serverShift: UInt64 = 24
    private static let timeMask: UInt64 = (1 << serverShift) - 1
    /// The clocks of two loops differ by less, in seconds.
    private static let skewMax: Int64 = 3_600

    /// Buckets for so many clients, half of the cells free, so that few find theirs full:
    /// 1…`bucketCountMax`.
    public static func bucketCount(entries: Int) -> Int {
        TablePlacement.bucketCount(cells: 2 * entries, atMost: bucketCountMax)
    }

    /// Nil for a placement that is not within the region, or whose count is no power of two.
    public init?(_ region: SharedRegion, _ placement: TablePlacement) {
        guard
            let cells = TableCells(
                region, start: RegionLayout.stickyStart, countMax: Self.bucketCountMax, placement)
        else { return nil }
        self.cells = cells
    }

    /// A table of this process alone, for as long as it lives: there was no room in the region.
    public init(unsharedBucketCount count: Int) {
        cells = TableCells(unsharedBucketCount: count, countMax: Self.bucketCountMax)
    }

    /// The server that a client belongs to, which counts as a use; nil: nobody knows.
    ///
    /// - Parameters:
    ///   - key: a hash of the client's key, all bits of it good.
    ///   - now: seconds of CLOCK_MONOTONIC, which all processes share.
    ///   - idle: seconds, at most `idleMax`.
    public func server(of key: UInt64, now: Int64, idle: Int64) -> UInt32? {
        for cell in cells.bucket(of: key) {
            let word = cells.load(cell)
            guard word >> Self.tagShift == Self.tag(of: key) else { continue }
            let age = Self.age(word, at: now)
            if age > idle { return nil }
            let server = UInt32(truncatingIfNeeded: word >> Self.serverShift) % Self.serverMax
            // Once a second; somebody who was faster has used it, too.
            if age > 0 { _ = cells.change(cell, from: word, to: Self.word(key, server, now)) }
            return server
        }
        return nil
    }

    /// The client belongs to the server from now on. False: there was no room for it.
    ///
    /// - Parameter server: below `serverMax`; else as above.
    @discardableResult
    public func set(_ server: UInt32, of key: UInt64, now: Int64, idle: Int64) -> Bool {
        let word = Self.word(key, server, now)
        // Others may be faster; each of them has used the cell, so few rounds are enough.
        for _ in 0..<64 {
            guard let found = place(for: key, at: now, idle: idle) else { return false }
            if cells.change(found.cell, from: found.word, to: word) { return true }
        }
        return false
    }

    /// Makes all clients unknown. The master's, when nobody uses the cells.
    public func clear() { cells.clear() }

    /// The key's cell, else one that is free, with what was seen there.
    private func place(
        for key: UInt64, at now: Int64, idle: Int64
    ) -> (cell: Int, word: UInt64)? {
        var free: (cell: Int, word: UInt64)?
        for cell in cells.bucket(of: key) {
            let word = cells.load(cell)
            if word >> Self.tagShift == Self.tag(of: key) { return (cell, word) }
            if free == nil, word == 0 || Self.age(word, at: now) > idle {
                free = (cell, word)
            }
        }
        return free
    }

    private static func tag(of key: UInt64) -> UInt64 { max(1, key >> tagShift) }

    private static func word(_ key: UInt64, _ server: UInt32, _ now: Int64) -> UInt64 {
        tag(of: key) << tagShift | UInt64(server % serverMax) << serverShift
            | UInt64(bitPattern: now) & timeMask
    }

    /// Seconds since the last use.
    private static func age(_ word: UInt64, at now: Int64) -> Int64 {
        let age = Int64((UInt64(bitPattern: now) &- word) & timeMask)
        return age > Int64(timeMask) - skewMax ? 0 : age
    }
}
