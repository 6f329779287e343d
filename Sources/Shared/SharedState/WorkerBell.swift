// How a worker hears that another one left it a permit or found out something about a server, or that
// the master gave some permits back: a word in its slot, waited for with futex(2), and bits that say
// where to look. What was left for it is in shared memory before the bell moves, so nothing is lost
// when the one who rings dies.

internal import CLinux

/// The bell of the worker in one slot. Copied freely, any thread of any process.
@safe
public struct WorkerBell: @unchecked Sendable {
    // SAFETY: Sendable, because the region stays mapped for ever and all words are atomic; `init`
    // checked that the slot's header is within it.
    private let header: UnsafeMutablePointer<UInt64>
    public let slot: Int

    /// Nil for a slot that there cannot be.
    public init?(_ region: SharedRegion, slot: Int) {
        guard let start = RegionLayout.slotOffset(slot) else { return nil }
        unsafe header = region.word(start)
        self.slot = slot
    }

    /// Where to look: server numbers modulo 512.
    public struct Numbers: Sendable, Equatable {
        var words = InlineArray<8, UInt64>(repeating: 0)

        public static func == (one: Numbers, other: Numbers) -> Bool {
            one.words.indices.allSatisfy { one.words[$0] == other.words[$0] }
        }

        /// Whether the server with this number may be meant.
        public func contains(_ number: Int) -> Bool {
            words[number >> 6 & 7] & 1 << UInt64(number & 63) != 0
        }
    }

    /// Of the worker that has the slot; 0: nobody has it.
    public var incarnation: UInt32 { UInt32(truncatingIfNeeded: load(.incarnation)) }

    /// The worker as the holder of permits; nil where nobody has the slot.
    public var holder: PermitHolder? {
        let incarnation = incarnation
        return incarnation == 0 ? nil : PermitHolder(slot: slot, incarnation: incarnation)
    }

    /// What the bell says now; to be read before the worker looks at what it was given.
    public var count: UInt64 { load(.bell) }

    /// Waits until the bell has moved on from `count`; or returns early, for nothing.
    public func wait(from count: UInt64) {
        guard self.count == count else { return }
        // SAFETY: every word of `SlotWord` is within the header.
        unsafe clinux_futex_wait(header + RegionLayout.SlotWord.bell.rawValue, count)
    }

    /// Lets the worker look at the server with this number.
    public func ring(number: Int) {
        let rung = RegionLayout.SlotWord.rung.rawValue + (number >> 6 & 7)
        // SAFETY: eight words from `rung` on are within the header.
        unsafe clinux_set_bits(header + rung, 1 << UInt64(number & 63))
        ring()
    }

    /// Lets the worker look at all servers.
    public func ringAll() {
        for place in 0..<8 {
            // SAFETY: as above.
            unsafe clinux_set_bits(header + RegionLayout.SlotWord.rung.rawValue + place, ~0)
        }
        ring()
    }

    /// Lets all other workers look whether something is new of servers (`ServerChanges`).
    public static func ringOthers(than slot: Int, in region: SharedRegion) {
        region.forEachSlotInUse { other in
            if other != slot { WorkerBell(region, slot: other)?.ring() }
        }
    }

    private func ring() {
        let bell = unsafe header + RegionLayout.SlotWord.bell.rawValue
        // SAFETY: every word of `SlotWord` is within the header.
        unsafe clinux_increment(bell)
        unsafe clinux_futex_wake(bell)
    }

    /// Where to look, once.
    public func takeNumbers() -> Numbers {
        var numbers = Numbers()
        for place in 0..<8 {
            // SAFETY: eight words from `rung` on are within the header.
            numbers.words[place] = unsafe clinux_exchange(
                header + RegionLayout.SlotWord.rung.rawValue + place, 0)
        }
        return numbers
    }

    private func load(_ word: RegionLayout.SlotWord) -> UInt64 {
        // SAFETY: every word of `SlotWord` is within the header.
        unsafe clinux_load_ordered(header + word.rawValue)
    }
}
