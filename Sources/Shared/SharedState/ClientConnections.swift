// How many client connections there are, as they are now, over all workers: of a frontend, of an entry
// of its `bind`, and of all together. So limits hold while generations overlap. A word of its own for
// each worker, so that what a worker had goes with it; it stands where a server's connections would,
// numbers being either's, and nobody has number 0.

internal import CLinux

/// The word of one worker for one frontend or entry, or for all. Copied freely, any thread of that
/// worker.
@safe
public struct ClientConnections: @unchecked Sendable {
    // SAFETY: Sendable, because the region stays mapped for ever and the word is atomic; `init`
    // checked that it is within the region.
    private let word: UnsafeMutablePointer<UInt64>
    private let region: SharedRegion
    private let slot: Int
    private let number: Int

    /// Nil if there can be no such slot, or no such frontend; 0 is the number of those for which
    /// there was no room.
    public init?(_ region: SharedRegion, slot: Int, number: Int) {
        guard number > 0 else { return nil }
        self.init(region, slot: slot, place: number)
    }

    /// Of all frontends. Nil if there can be no such slot.
    public static func all(_ region: SharedRegion, slot: Int) -> ClientConnections? {
        ClientConnections(region, slot: slot, place: 0)
    }

    private init?(_ region: SharedRegion, slot: Int, place number: Int) {
        guard let offset = RegionLayout.connectionsOffset(slot: slot, number: number) else {
            return nil
        }
        unsafe word = region.word(offset)
        self.region = region
        self.slot = slot
        self.number = number
    }

    /// Counts one more; false, and not counted, if there are more than `limit` then. Whoever counts
    /// sees all who counted before, so no two can have the last place (one that nobody gets for a
    /// moment is possible).
    public func take(below limit: Int) -> Bool {
        takeBeyondLimit()
        if total <= limit { return true }
        give()
        return false
    }

    public func takeBeyondLimit() { unsafe clinux_add_ordered(word, 1) }

    /// One less.
    public func give() { unsafe clinux_add_ordered(word, .max) }

    /// Whether this worker has clearly more than another one of its generation: more than a
    /// quarter above that one's, and more than what comes and goes in a moment.
    public var isAhead: Bool {
        let generation = region.generation(ofSlot: slot)
        var least = UInt64.max
        region.forEachSlotInUse { other in
            guard region.generation(ofSlot: other) == generation else { return }
            least = min(least, Self.count(region, slot: other, number: number))
        }
        let (level, overflows) = least.addingReportingOverflow(least / 4 + Self.aheadMin)
        return !overflows && Self.count(region, slot: slot, number: number) > level
    }

    private static let aheadMin: UInt64 = 32
    private static let countMax: UInt64 = 10_000_000

    /// Of all workers. What workers wrote, so any number.
    public var total: Int { Self.total(region, number: number) }

    public static func total(_ region: SharedRegion, number: Int) -> Int {
        var sum: UInt64 = 0
        region.forEachSlotInUse { sum &+= count(region, slot: $0, number: number) }
        return Int(clamping: sum)
    }

    private static func count(_ region: SharedRegion, slot: Int, number: Int) -> UInt64 {
        guard let offset = RegionLayout.connectionsOffset(slot: slot, number: number) else {
            return 0
        }
        // SAFETY: the offset is within the region.
        let count = unsafe clinux_load_ordered(region.word(offset))
        // More than any limit is rubbish, and would keep everybody out.
        return count <= countMax ? count : 0
    }
}

extension SharedRegion {
    fileprivate func generation(ofSlot slot: Int) -> UInt64 {
        guard let start = RegionLayout.slotOffset(slot) else { return 0 }
        let word = RegionLayout.SlotWord.generation.rawValue
        return load(start + word * RegionLayout.wordBytes)
    }
}
