// What a worker reports through the shared memory, as plain values. Each number was written by the
// worker and may be any; sums wrap around instead of trapping.

/// One loop's record at one moment. The words are read one by one, not all at the same time.
public struct LoopReport: Sendable, Equatable {
    /// How often the loop went round.
    public var progress: UInt64
    /// When its oldest session began, monotonic nanoseconds; nil: none runs.
    public var oldestSessionStartedNanoseconds: UInt64?
    private var gauges: [UInt64]
    private var counters: [UInt64]

    /// Nil if there can be no such slot or loop.
    public init?(_ region: SharedRegion, slot: Int, loop: Int) {
        guard let start = RegionLayout.loopOffset(slot: slot, loop: loop) else { return nil }
        func word(_ index: Int) -> UInt64 { region.load(start + index * RegionLayout.wordBytes) }
        progress = word(RegionLayout.progressWord)
        let oldest = word(RegionLayout.oldestSessionWord)
        oldestSessionStartedNanoseconds = oldest == 0 ? nil : oldest
        gauges = LoopGauge.allCases.map { word(RegionLayout.firstGaugeWord + $0.rawValue) }
        counters = LoopCounter.allCases.map { word(RegionLayout.firstCounterWord + $0.rawValue) }
    }

    /// A quantity at that moment.
    public subscript(_ gauge: LoopGauge) -> UInt64 { gauges[gauge.rawValue] }

    /// A total at that moment.
    public subscript(_ counter: LoopCounter) -> UInt64 { counters[counter.rawValue] }
}

/// All loops of one worker.
public struct WorkerReport: Sendable, Equatable {
    /// By index.
    public var loops: [LoopReport]

    public init(loops: [LoopReport]) {
        self.loops = loops
    }

    /// The loops' sum.
    public subscript(_ gauge: LoopGauge) -> UInt64 { loops.reduce(0) { $0 &+ $1[gauge] } }

    /// The loops' sum.
    public subscript(_ counter: LoopCounter) -> UInt64 { loops.reduce(0) { $0 &+ $1[counter] } }

    /// The earliest of the loops; nil: no session runs.
    public var oldestSessionStartedNanoseconds: UInt64? {
        loops.compactMap(\.oldestSessionStartedNanoseconds).min()
    }
}
