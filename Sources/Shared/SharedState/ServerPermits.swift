// The permits of one server: who has one may send it an exchange. One word each, so that taking,
// handing over and giving back are one atomic step, and a worker that dies at any instruction
// leaves words that name it. There is no counter that could drift. Any thread of any worker.

internal import CLinux

/// What a permit's word says: which worker has it. Never zero, which is a free permit.
@frozen
public struct PermitHolder: Sendable, Equatable {
    // Slot plus one in the lowest 16 bits, bit 16 while handed over, incarnation from bit 32 on.
    public let word: UInt64
    private static let grantedBit: UInt64 = 1 << 16

    init(word: UInt64) {
        self.word = word
    }

    /// - Parameter incarnation: the slot's, which tells the worker from the slot's next one.
    public init(slot: Int, incarnation: UInt32) {
        word = UInt64(UInt16(clamping: slot)) + 1 | UInt64(incarnation) << 32
    }

    /// The same worker, which does not know of it yet: another one left the permit to it.
    public var asGranted: PermitHolder { PermitHolder(word: word | Self.grantedBit) }

    var slot: Int { Int(word & 0xFFFF) - 1 }
    public var incarnation: UInt32 { UInt32(truncatingIfNeeded: word >> 32) }
}

/// A handle on the permits of one server as they were given out when it was made; there may be more
/// by now, never fewer. Permits are numbered from 0 through all runs. Copied freely, any thread.
@safe
public struct ServerPermits: @unchecked Sendable, Equatable {
    // SAFETY: Sendable, because the region stays mapped for ever and all words are atomic; `init`
    // checked that all words of all runs are within it.
    private let region: SharedRegion
    /// The first run, which is nearly always the only one.
    private var firstRun: PermitRun
    private var laterRuns: [PermitRun] = []
    /// All permits of all runs.
    public private(set) var count: Int

    /// What the server's record says; runs that cannot be are left out.
    public init(_ region: SharedRegion, _ record: ServerRecord) {
        self.region = region
        let runs = record.permitRuns
        firstRun = runs.first ?? PermitRun(start: 0, count: 0)
        laterRuns = Array(runs.dropFirst())
        count = runs.reduce(0) { $0 + $1.count }
    }

    public static func == (one: ServerPermits, other: ServerPermits) -> Bool {
        one.firstRun == other.firstRun && one.laterRuns == other.laterRuns
    }

    /// Takes a free permit among the first `limit`, beginning with the one numbered `hint`; its
    /// number, nil if none is free.
    public func take(_ holder: PermitHolder, below limit: Int, hint: Int) -> Int? {
        let end = min(limit, count)
        guard end > 0 else { return nil }
        let first = (0..<end).contains(hint) ? hint : 0
        for index in first..<end where takeOne(index, holder, below: end) { return index }
        for index in 0..<first where takeOne(index, holder, below: end) { return index }
        return nil
    }

    @inline(__always)
    private func takeOne(_ index: Int, _ holder: PermitHolder, below end: Int) -> Bool {
        guard self[index] == 0, isOpen(index, below: end) else { return false }
        return exchange(index, 0, for: holder.word)
    }

    /// Whether the permit is one that somebody may take or be handed: below the limit, and none of
    /// those above the limit that share its remainder is held still. So what a lowered limit left
    /// over runs to its end, and nobody ever adds to it.
    public func isOpen(_ index: Int, below limit: Int) -> Bool {
        guard index < limit else { return false }
        if limit >= count { return true }
        var above = index + limit
        while above < count {
            if self[above] != 0 { return false }
            above += limit
        }
        return true
    }

    /// How many among the first `limit` could be taken just now, counted from the one numbered `hint`
    /// on and up to `most`.
    public func freeCount(below limit: Int, atMost most: Int, hint: Int) -> Int {
        let end = min(limit, count)
        var index = (0..<max(0, end)).contains(hint) ? hint : 0
        var rest = end
        var free = 0
        while rest > 0, free < most {
            if self[index] == 0, isOpen(index, below: end) { free += 1 }
            index = index + 1 < end ? index + 1 : 0
            rest -= 1
        }
        return free
    }

    /// Leaves a permit that is held by the caller to another holder.
    public func handOver(_ index: Int, to holder: PermitHolder) {
        // SAFETY: `word` checks the number.
        unsafe clinux_store_ordered(word(index), holder.word)
    }

    /// Gives a permit back that is held by the caller.
    public func free(_ index: Int) {
        // SAFETY: `word` checks the number.
        unsafe clinux_store_ordered(word(index), 0)
    }

    /// Takes a permit from one holder to another, if the first one still has it.
    public func move(_ index: Int, from old: PermitHolder, to new: PermitHolder) -> Bool {
        exchange(index, old.word, for: new.word)
    }

    /// Numbers of the permits that are left to the worker by another one.
    public func granted(to holder: PermitHolder) -> [Int] {
        let word = holder.asGranted.word
        return (0..<count).filter { self[$0] == word }
    }

    /// How many are held at present, for showing.
    public var heldCount: Int { (0..<count).count { self[$0] != 0 } }

    /// Any number; 0 is free.
    public subscript(_ index: Int) -> UInt64 {
        // SAFETY: `word` checks the number.
        unsafe clinux_load_ordered(word(index))
    }

    private func exchange(_ index: Int, _ old: UInt64, for new: UInt64) -> Bool {
        // SAFETY: `word` checks the number.
        unsafe clinux_compare_exchange(word(index), old, new) != 0
    }

    private func word(_ index: Int) -> UnsafeMutablePointer<UInt64> {
        var place = index
        if (0..<firstRun.count).contains(place) {
            return unsafe region.word(RegionLayout.permitOffset(firstRun.start + place))
        }
        place -= firstRun.count
        for run in laterRuns {
            if (0..<run.count).contains(place) {
                return unsafe region.word(RegionLayout.permitOffset(run.start + place))
            }
            place -= run.count
        }
        preconditionFailure("there is no permit \(index)")
    }
}

/// Permits that stand in a row.
struct PermitRun: Equatable {
    var start: Int
    /// At least one.
    var count: Int
}

extension ServerRecord {
    /// Where the server's permits are. Shared memory: what cannot be is left out.
    var permitRuns: [PermitRun] {
        var runs: [PermitRun] = []
        for place in 0..<RegionLayout.runCountMax {
            // SAFETY: the words of the runs are within the record.
            let word = unsafe clinux_load_acquire(words + RegionLayout.runWord + place)
            let (start, count) = (Int(word >> 32), Int(word & 0xFFFF_FFFF))
            guard count > 0, start + count <= RegionLayout.permitCount else { break }
            runs.append(PermitRun(start: start, count: count))
        }
        return runs
    }

    /// Adds a run; false if there are as many as there can be. The master's.
    func add(_ run: PermitRun) -> Bool {
        let place = permitRuns.count
        guard place < RegionLayout.runCountMax else { return false }
        let word = UInt64(run.start) << 32 | UInt64(run.count)
        // SAFETY: the words of the runs are within the record.
        unsafe clinux_store_release(words + RegionLayout.runWord + place, word)
        return true
    }
}

extension RegionLayout {
    static func permitOffset(_ number: Int) -> Int { permitStart + number * wordBytes }
}
