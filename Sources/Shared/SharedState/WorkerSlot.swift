// The master's side of the worker slots: which are in use (known from its own memory, not from the
// shared one), and what their workers report. The master's loop only.

/// Which slot belongs to which worker. Slots are given out by the master alone.
public struct WorkerSlotTable: Sendable {
    /// What the master said about the worker in a slot.
    public struct Occupant: Sendable, Equatable {
        public var generation: UInt64
        /// From 0, within the generation.
        public var workerIndex: Int
        /// 1…64.
        public var loopCount: Int
        /// Nil until the worker was started.
        public var pid: Int32?
    }

    private let region: SharedRegion
    private var occupants = [Occupant?](repeating: nil, count: SharedRegion.workerSlotCount)
    private var nextIncarnation: UInt32 = 1

    /// A table of a region in which all slots are free.
    public init(_ region: SharedRegion) {
        self.region = region
    }

    /// Gives out a free slot with all its records at zero; nil if none is free.
    /// - Parameter loopCount: 1…64.
    public mutating func allocate(generation: UInt64, workerIndex: Int, loopCount: Int) -> Int? {
        precondition((1...SharedRegion.loopCountMax).contains(loopCount) && workerIndex >= 0)
        guard let slot = occupants.firstIndex(of: nil), let start = RegionLayout.slotOffset(slot)
        else { return nil }
        for offset in stride(
            from: start, to: start + RegionLayout.slotBytes, by: RegionLayout.wordBytes)
        {
            region.store(offset, 0)
        }
        ServerConnectionRecord.clear(region, slot: slot)
        occupants[slot] = Occupant(
            generation: generation, workerIndex: workerIndex, loopCount: loopCount, pid: nil)
        store(slot, .generation, generation)
        store(slot, .workerIndex, UInt64(workerIndex))
        store(slot, .incarnation, UInt64(nextIncarnation))
        nextIncarnation = nextIncarnation == .max ? 1 : nextIncarnation + 1
        store(slot, .loopCount, UInt64(loopCount))
        setInUse(slot, true)
        return slot
    }

    /// Notes the process that the slot's worker is.
    public mutating func setPID(_ pid: Int32, slot: Int) {
        precondition(occupants.indices.contains(slot) && occupants[slot] != nil && pid > 0)
        occupants[slot]?.pid = pid
        store(slot, .pid, UInt64(pid))
    }

    /// Takes a slot back, once its worker is no more.
    public mutating func free(slot: Int) {
        precondition(occupants.indices.contains(slot) && occupants[slot] != nil)
        occupants[slot] = nil
        store(slot, .incarnation, 0)
        store(slot, .loopCount, 0)
        setInUse(slot, false)
    }

    /// Who has a slot; nil: nobody.
    public func occupant(of slot: Int) -> Occupant? {
        occupants.indices.contains(slot) ? occupants[slot] : nil
    }

    /// The slots in use, ascending.
    public var slotsInUse: [Int] { occupants.indices.filter { occupants[$0] != nil } }

    /// What the worker in a slot reports at present; nil for a free slot.
    public func report(of slot: Int) -> WorkerReport? {
        guard let occupant = occupant(of: slot) else { return nil }
        return WorkerReport(
            loops: (0..<occupant.loopCount).compactMap {
                LoopReport(region, slot: slot, loop: $0)
            })
    }

    /// For those who see the region only.
    private func setInUse(_ slot: Int, _ isInUse: Bool) {
        let offset =
            (RegionLayout.HeaderWord.slotsInUse.rawValue + slot / 64) * RegionLayout.wordBytes
        let bit = UInt64(1) << UInt64(slot % 64)
        region.store(offset, isInUse ? region.load(offset) | bit : region.load(offset) & ~bit)
    }

    private func store(_ slot: Int, _ word: RegionLayout.SlotWord, _ value: UInt64) {
        guard let start = RegionLayout.slotOffset(slot) else { return }
        region.store(start + word.rawValue * RegionLayout.wordBytes, value)
    }
}

extension SharedRegion {
    /// Of those that the master has given out.
    func forEachSlotInUse(_ body: (Int) -> Void) {
        for group in 0..<(RegionLayout.slotCount / 64) {
            let first = RegionLayout.HeaderWord.slotsInUse.rawValue
            var bits = load((first + group) * RegionLayout.wordBytes)
            while bits != 0 {
                body(group * 64 + bits.trailingZeroBitCount)
                bits &= bits &- 1
            }
        }
    }
}

/// What the shared memory says about a slot, for one who did not give it out. Not to be trusted
/// beyond its ranges, which are checked.
public struct WorkerSlotHeader: Sendable, Equatable {
    public var generation: UInt64
    /// 0…255.
    public var workerIndex: Int
    /// 1…64.
    public var loopCount: Int
    /// Nil until the worker was started.
    public var pid: Int32?

    /// Nil for a slot that is free, that there cannot be, or whose words are out of range.
    public init?(_ region: SharedRegion, slot: Int) {
        guard let start = RegionLayout.slotOffset(slot) else { return nil }
        func word(_ word: RegionLayout.SlotWord) -> UInt64 {
            region.load(start + word.rawValue * RegionLayout.wordBytes)
        }
        guard let loopCount = Int(exactly: word(.loopCount)),
            (1...SharedRegion.loopCountMax).contains(loopCount),
            let workerIndex = Int(exactly: word(.workerIndex)), (0..<256).contains(workerIndex),
            let pid = Int32(exactly: word(.pid))
        else { return nil }
        generation = word(.generation)
        self.workerIndex = workerIndex
        self.loopCount = loopCount
        self.pid = pid > 0 ? pid : nil
    }
}
