// How many exchanges of one worker wait for a backend or a server, by its number. The word carries
// the worker's incarnation, so what a dead worker left is not taken for its successor's.

internal import CLinux

/// One worker's word for one name. Copied freely; written under the lock of the queue.
@safe
public struct QueueLength: @unchecked Sendable {
    // SAFETY: Sendable, because the region stays mapped for ever and the word is atomic; `init`
    // checked that it is within it.
    private let word: UnsafeMutablePointer<UInt64>

    /// Nil for a slot or a number that there cannot be.
    public init?(_ region: SharedRegion, slot: Int, number: Int) {
        guard let offset = RegionLayout.queueOffset(slot: slot, number: number) else { return nil }
        unsafe word = region.word(offset)
    }

    public func set(_ length: Int, incarnation: UInt32) {
        let value = UInt64(incarnation) << 32 | UInt64(UInt32(clamping: length))
        unsafe clinux_store(word, value)
    }

    /// 0 unless the worker of this incarnation has set it.
    public func value(incarnation: UInt32) -> Int {
        let value = unsafe clinux_load(word)
        return value >> 32 == UInt64(incarnation) ? Int(value & 0xFFFF_FFFF) : 0
    }
}
