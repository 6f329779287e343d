// How many connections a worker has to each server, as they are now. A word of its own for each
// worker and server, so that what a worker had goes with it. Loops add what changed, a few times a
// second.

internal import CLinux

/// Connections to one server by what they do. Each 0…16,777,215, and less than 65,536 connecting.
public struct ServerConnectionCounts: Sendable, Equatable {
    public var connecting: Int
    public var inUse: Int
    /// Kept for a next exchange.
    public var idle: Int

    public init(connecting: Int = 0, inUse: Int = 0, idle: Int = 0) {
        self.connecting = connecting
        self.inUse = inUse
        self.idle = idle
    }

    /// All of them.
    public var open: Int { connecting &+ inUse &+ idle }

    /// Sums of such words are words of the sums: no part of a sum is negative in the end.
    var word: UInt64 {
        UInt64(truncatingIfNeeded: connecting) << 48 &+ UInt64(truncatingIfNeeded: inUse) << 24
            &+ UInt64(truncatingIfNeeded: idle)
    }

    init(word: UInt64) {
        connecting = Int(word >> 48)
        inUse = Int(word >> 24 & 0xFF_FFFF)
        idle = Int(word & 0xFF_FFFF)
    }

    public static func + (
        one: ServerConnectionCounts, other: ServerConnectionCounts
    ) -> ServerConnectionCounts {
        ServerConnectionCounts(
            connecting: one.connecting &+ other.connecting, inUse: one.inUse &+ other.inUse,
            idle: one.idle &+ other.idle)
    }
}

/// The word of one worker for one server. Copied freely, any thread of that worker.
@safe
public struct ServerConnectionRecord: @unchecked Sendable {
    // SAFETY: Sendable, because the region stays mapped for ever and the word is atomic; `init`
    // checked that it is within the region.
    private let word: UnsafeMutablePointer<UInt64>

    /// Nil if there can be no such slot, or no such server; 0 is the number of those for which
    /// there was no room.
    public init?(_ region: SharedRegion, slot: Int, number: Int) {
        guard number > 0,
            let offset = RegionLayout.connectionsOffset(slot: slot, number: number)
        else { return nil }
        unsafe word = region.word(offset)
    }

    /// A loop's counts have moved.
    public func change(from old: ServerConnectionCounts, to new: ServerConnectionCounts) {
        unsafe clinux_add(word, new.word &- old.word)
    }

    /// As this worker's loops have said it.
    public var counts: ServerConnectionCounts {
        ServerConnectionCounts(word: unsafe clinux_load(word))
    }

    /// Of all workers. What a worker wrote, so any number.
    public static func total(_ region: SharedRegion, number: Int) -> ServerConnectionCounts {
        var sum = ServerConnectionCounts()
        guard number > 0 else { return sum }
        region.forEachSlotInUse { slot in
            guard let offset = RegionLayout.connectionsOffset(slot: slot, number: number) else {
                return
            }
            sum = sum + ServerConnectionCounts(word: region.load(offset))
        }
        return sum
    }

    /// All words of a slot at zero, for a new worker. The master's.
    static func clear(_ region: SharedRegion, slot: Int) {
        for number in 0..<RegionLayout.trafficCount {
            guard let offset = RegionLayout.connectionsOffset(slot: slot, number: number) else {
                return
            }
            region.store(offset, 0)
        }
    }
}
