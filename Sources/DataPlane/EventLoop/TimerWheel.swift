// Deadlines of one loop's entries: a hashed wheel with links inside the entries. Arming is lazy:
// moving a deadline to later, which every byte received does, only stores a number; when the old
// place fires, the entry is put where it belongs now. Never fires early, at most one tick late.
// Hot, one thread.

/// What an entry holds for its place in a wheel.
struct TimerLinks<Entry: ~Copyable>: BitwiseCopyable {
    /// Milliseconds of the loop's clock, or `.max` for none.
    fileprivate(set) var deadline = Int64.max
    fileprivate var next: Ref<Entry>?
    fileprivate var previous: Ref<Entry>?
    /// The tick whose slot the entry is linked in, or -1.
    fileprivate var tick: Int64 = -1

    init() {}
}

/// An entry that can be armed.
protocol TimerEntry: ~Copyable {
    var timer: TimerLinks<Self> { get set }
}

/// All deadlines of one type of entry.
struct TimerWheel<Entry: TimerEntry & ~Copyable>: ~Copyable {
    static var tickMilliseconds: Int64 { 32 }
    private static var slotCount: Int { 512 }

    // On the heap: the wheels are the engine's, which the compiler copies on its stack wherever
    // it is borrowed as a whole.
    private var slots = [Ref<Entry>?](repeating: nil, count: slotCount)
    /// A bit for each slot that is not empty.
    private var occupied: InlineArray<8, UInt64> = .init(repeating: 0)
    /// Every slot up to this tick has been emptied.
    private var currentTick: Int64

    init(now: Int64) {
        currentTick = now / Self.tickMilliseconds
    }

    /// Sets when the entry is to fire.
    @inline(__always)
    mutating func arm(_ entry: Ref<Entry>, at deadline: Int64) {
        entry[].timer.deadline = deadline
        let tick = entry[].timer.tick
        if tick >= 0, tick <= Self.tick(of: deadline) { return }
        // Nothing to wait for: an entry that is linked is dropped when its old place fires.
        if deadline == .max { return }
        relink(entry)
    }

    /// Takes the entry's deadline away; it may be recycled then.
    mutating func cancel(_ entry: Ref<Entry>) {
        entry[].timer.deadline = .max
        if entry[].timer.tick >= 0 { unlink(entry) }
    }

    /// The next entry whose deadline has passed; it is out of the wheel then. Nil: none is left.
    mutating func nextExpired(now: Int64) -> Ref<Entry>? {
        let nowTick = now / Self.tickMilliseconds
        while true {
            while let entry = slots[Self.slot(currentTick)] {
                unlink(entry)
                if entry[].timer.deadline <= now { return entry }
                if entry[].timer.deadline < .max { relink(entry) }
            }
            guard currentTick < nowTick else { return nil }
            advance(to: nowTick)
        }
    }

    /// Milliseconds until some slot has to be looked at, at most `limit`.
    func delay(now: Int64, limit: Int64) -> Int64 {
        guard let tick = nextOccupied(after: currentTick) else { return limit }
        return max(0, min(limit, tick * Self.tickMilliseconds - now))
    }

    /// The tick at or after which a deadline has passed.
    @inline(__always)
    private static func tick(of deadline: Int64) -> Int64 {
        deadline == .max ? .max : (deadline + tickMilliseconds - 1) / tickMilliseconds
    }

    @inline(__always)
    private static func slot(_ tick: Int64) -> Int {
        Int(truncatingIfNeeded: tick) & (slotCount - 1)
    }

    private mutating func relink(_ entry: Ref<Entry>) {
        if entry[].timer.tick >= 0 { unlink(entry) }
        let horizon = currentTick + Int64(Self.slotCount) - 1
        let tick = min(horizon, max(currentTick + 1, Self.tick(of: entry[].timer.deadline)))
        let slot = Self.slot(tick)
        entry[].timer.tick = tick
        entry[].timer.previous = nil
        entry[].timer.next = slots[slot]
        slots[slot]?[].timer.previous = entry
        slots[slot] = entry
        occupied[slot >> 6] |= 1 << UInt64(slot & 63)
    }

    private mutating func unlink(_ entry: Ref<Entry>) {
        let slot = Self.slot(entry[].timer.tick)
        let next = entry[].timer.next
        next?[].timer.previous = entry[].timer.previous
        if let previous = entry[].timer.previous {
            previous[].timer.next = next
        } else {
            slots[slot] = next
            if next == nil { occupied[slot >> 6] &= ~(1 << UInt64(slot & 63)) }
        }
        entry[].timer.tick = -1
    }

    /// To the next slot that is not empty, or to `limit`.
    private mutating func advance(to limit: Int64) {
        currentTick = min(limit, nextOccupied(after: currentTick) ?? limit)
    }

    private func nextOccupied(after tick: Int64) -> Int64? {
        var candidate = tick + 1
        let end = tick + Int64(Self.slotCount)
        while candidate < end {
            let slot = Self.slot(candidate)
            let rest = occupied[slot >> 6] >> UInt64(slot & 63)
            if rest != 0 {
                let found = candidate + Int64(rest.trailingZeroBitCount)
                return found < end ? found : nil
            }
            candidate += Int64(64 - (slot & 63))
        }
        return nil
    }
}
