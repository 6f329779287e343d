// The totals of one frontend, backend or server in the shared memory. They belong to the name and
// outlive every worker, so they never fall over a reload or a crash. Loops add to them once a round
// at most, never once a request: the words are shared between processors.

internal import CLinux

/// A loop's handle on a record. Copied freely, any thread.
@safe
public struct TrafficRecord: @unchecked Sendable {
    // SAFETY: Sendable, because the region stays mapped for ever and all words are atomic; `init`
    // checked that all 32 of them are within it.
    private let words: UnsafeMutablePointer<UInt64>

    /// How many there are. Number 0 is for whatever has no number of its own.
    public static let count = RegionLayout.trafficCount

    /// Nil if there can be no such record.
    public init?(_ region: SharedRegion, number: Int) {
        guard let offset = RegionLayout.trafficOffset(number) else { return nil }
        unsafe words = region.word(offset)
    }

    /// Adds to one word, `0..<TrafficLayout.wordCount`; others are ignored.
    public func add(_ amount: UInt64, toWord index: Int) {
        guard (0..<TrafficLayout.wordCount).contains(index) else { return }
        // SAFETY: the index was checked just now.
        unsafe clinux_add(words + index, amount)
    }

    /// All words at zero, for a new name. The master's, when nobody uses the record.
    public func clear() {
        // SAFETY: all words are within the record.
        for index in 0..<TrafficLayout.wordCount { unsafe clinux_store(words + index, 0) }
    }

    /// All words as they are now. Each is a worker's word, so any number.
    public func read() -> [UInt64] {
        // SAFETY: all words are within the record.
        (0..<TrafficLayout.wordCount).map { unsafe clinux_load(words + $0) }
    }
}

/// Totals of one name at one moment.
public struct TrafficTotals: Sendable, Equatable {
    private var words: [UInt64]

    /// Of `TrafficRecord.read`; what is missing is zero.
    public init(words: [UInt64] = []) {
        self.words = words
    }

    public subscript(_ counter: TrafficCounter) -> UInt64 { word(counter.rawValue) }

    /// Requests by duration, not cumulative; the last bucket has no bound.
    public var durationBuckets: [UInt64] {
        (0..<TrafficHistogram.bucketCount).map { word(TrafficHistogram.firstWord + $0) }
    }

    private func word(_ index: Int) -> UInt64 { words.indices.contains(index) ? words[index] : 0 }
}
