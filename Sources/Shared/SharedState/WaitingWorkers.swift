// Which workers have somebody waiting for a permit of a server: a bit for each worker slot. A
// worker sets its bit, then looks at the permits once more; whoever frees a permit looks at the
// bits afterwards. Both in one order for all, so one of them sees the other.

internal import CLinux

extension ServerRecord {
    /// Whether anybody waits.
    @inline(__always)
    public var hasWaiting: Bool {
        var any: UInt64 = 0
        for place in 0..<RegionLayout.waitingWordCount { any |= waitingBits(place) }
        return any != 0
    }

    /// The waiting worker's slot that follows `slot` in rotation, which itself comes last; nil:
    /// nobody waits.
    public func nextWaiting(after slot: Int) -> Int? {
        let first = (slot + 1) & (RegionLayout.slotCount - 1)
        // The word in which the search begins is looked at twice: from the bit on, and before it.
        for step in 0...RegionLayout.waitingWordCount {
            let place = (first >> 6 + step) & (RegionLayout.waitingWordCount - 1)
            var bits = waitingBits(place)
            if step == 0 { bits &= ~0 << UInt64(first & 63) }
            if bits != 0 { return place << 6 + bits.trailingZeroBitCount }
        }
        return nil
    }

    /// Whether the worker in the slot waits.
    public func isWaiting(_ slot: Int) -> Bool {
        waitingBits(slot >> 6 & (RegionLayout.waitingWordCount - 1)) & 1 << UInt64(slot & 63) != 0
    }

    public func setWaiting(_ slot: Int) {
        // SAFETY: the remainder is within the four words, which are within the record.
        unsafe clinux_set_bits(waitingWord(of: slot), 1 << UInt64(slot & 63))
    }

    public func clearWaiting(_ slot: Int) {
        // SAFETY: as above.
        unsafe clinux_clear_bits(waitingWord(of: slot), 1 << UInt64(slot & 63))
    }

    @inline(__always)
    private func waitingBits(_ place: Int) -> UInt64 {
        // SAFETY: `place` is below four, and the four words are within the record.
        unsafe clinux_load_ordered(words + RegionLayout.waitingWord + place)
    }

    private func waitingWord(of slot: Int) -> UnsafeMutablePointer<UInt64> {
        let place = slot >> 6 & (RegionLayout.waitingWordCount - 1)
        return unsafe words + RegionLayout.waitingWord + place
    }
}
