// A loop's own record in the shared memory. Hot path: every function is a relaxed load and store,
// which needs no locked instruction because the record has one writer, its loop's thread.

public import CLinux

/// The writer's handle on one loop record. Copied freely, used by the loop's thread only.
@safe
public struct LoopRecord: @unchecked Sendable {
    // SAFETY: Sendable, because the region stays mapped for ever and all words are atomic. The
    // record's 32 words from here on belong to this loop; `init` checked the indices.
    @usableFromInline let words: UnsafeMutablePointer<UInt64>

    /// The record of a loop of the worker in a slot; both are told to the worker by the master.
    /// Nil if there can be no such slot (0…255) or loop (0…63). All values are set to zero.
    public init?(_ region: SharedRegion, slot: Int, loop: Int) {
        guard let offset = RegionLayout.loopOffset(slot: slot, loop: loop) else { return nil }
        unsafe words = region.word(offset)
        for index in 0..<(RegionLayout.loopRecordBytes / RegionLayout.wordBytes) {
            unsafe clinux_store(words + index, 0)
        }
    }

    /// Adds to a total.
    @inlinable
    public func add(_ counter: LoopCounter, _ amount: UInt64 = 1) {
        // SAFETY: the counters begin with word 8 and end within the record's 32 words.
        let word = unsafe words + (RegionLayout.firstCounterWord + counter.rawValue)
        unsafe clinux_store(word, clinux_load(word) &+ amount)
    }

    /// Sets a gauge.
    @inlinable
    public func set(_ gauge: LoopGauge, _ value: UInt64) {
        // SAFETY: the 4 gauges are the words from 1 on.
        unsafe clinux_store(words + (RegionLayout.firstGaugeWord + gauge.rawValue), value)
    }

    /// Says that the loop goes round: whoever sees the value stand still knows that it hangs.
    @inlinable
    public func tick() {
        // SAFETY: the word is within the record.
        let word = unsafe words + RegionLayout.progressWord
        unsafe clinux_store(word, clinux_load(word) &+ 1)
    }

    /// When the oldest session that still runs began, monotonic nanoseconds; 0: none runs.
    @inlinable
    public func setOldestSessionStarted(nanoseconds: UInt64) {
        // SAFETY: the word is within the record.
        unsafe clinux_store(words + RegionLayout.oldestSessionWord, nanoseconds)
    }
}
