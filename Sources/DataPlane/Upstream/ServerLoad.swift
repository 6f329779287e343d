// How busy and how quick a server is, and whether its exchanges fail, as all loops of the worker see
// it: what policies compare. Three words on a cache line of their own; touched only for backends whose
// policy asks.

internal import CLinux

/// The loads of all servers of a configuration. Made once, freed with the configuration.
@safe
final class ServerLoads: @unchecked Sendable {
    // SAFETY: Sendable, because the words are atomic and the memory is constant until `deinit`.
    private static var strideWords: Int { 8 }
    private let words: UnsafeMutablePointer<UInt64>
    private let count: Int

    /// - Parameter count: servers, by their place in the whole configuration.
    init(count: Int) {
        self.count = count
        let size = max(1, count) * Self.strideWords
        unsafe words = UnsafeMutableRawPointer.allocate(byteCount: size * 8, alignment: 64)
            .bindMemory(to: UInt64.self, capacity: size)
        unsafe words.initialize(repeating: 0, count: size)
    }

    deinit {
        // SAFETY: allocated in `init`; handles live no longer than the configuration.
        unsafe words.deallocate()
    }

    /// The load of one server.
    subscript(_ place: Int) -> ServerLoad {
        precondition((0..<count).contains(place), "no such server")
        // SAFETY: the place was checked.
        return unsafe ServerLoad(words + place * Self.strideWords)
    }
}

/// A handle on one server's load; valid as long as its `ServerLoads`.
@safe
struct ServerLoad: BitwiseCopyable, @unchecked Sendable {
    // SAFETY: its words are within the memory of `ServerLoads`, which made the handle.
    private let words: UnsafeMutablePointer<UInt64>

    @unsafe
    fileprivate init(_ words: UnsafeMutablePointer<UInt64>) {
        unsafe self.words = words
    }

    /// An exchange was assigned.
    @inline(__always)
    func begin() { unsafe clinux_add(words, 1) }

    /// It ended, or went to another server.
    @inline(__always)
    func end() { unsafe clinux_add(words, UInt64.max) }

    /// Exchanges that are assigned now.
    @inline(__always)
    var exchanges: Int { Int(truncatingIfNeeded: unsafe clinux_load(words)) }

    /// Decaying peak of the time to the first byte, in microseconds, and when it was noted.
    @inline(__always)
    var latency: LatencyPeak {
        get { LatencyPeak(word: unsafe clinux_load(words + 1)) }
        nonmutating set { unsafe clinux_store(words + 1, newValue.word) }
    }

    /// What its failures add to its cost.
    @inline(__always)
    var penalty: ServerPenalty {
        get { ServerPenalty(word: unsafe clinux_load(words + 2)) }
        nonmutating set { unsafe clinux_store(words + 2, newValue.word) }
    }
}

/// Latency that follows a slow answer at once and forgets it slowly: an exponentially weighted
/// moving average in which a sample above it takes its place. Quick answers bring it down by time,
/// or by their number where there are many: a server that gives hundreds a second is not as slow
/// for ten as it was for one. One word, so that loops may write it without a lock: a lost sample is
/// no loss. Pure.
struct LatencyPeak: BitwiseCopyable, Equatable {
    /// In which about two thirds of a peak are forgotten.
    static var decayMilliseconds: Double { 10_000 }
    /// What one quick answer leaves of what is above it, at most.
    private static var keptMost: Double { 15.0 / 16 }
    /// Microseconds in the lower half, milliseconds of the loop's clock (modulo 2^32) in the upper.
    fileprivate var word: UInt64

    fileprivate init(word: UInt64) {
        self.word = word
    }

    init(microseconds: Double, at now: Int64) {
        let value = UInt32(clamping: Int64(max(0, min(microseconds, 4e9))))
        word = UInt64(UInt32(truncatingIfNeeded: now)) << 32 | UInt64(value)
    }

    /// Nothing is known yet.
    static var unknown: LatencyPeak { LatencyPeak(word: 0) }
    var isUnknown: Bool { word == 0 }

    /// What is left of it at a later time, in microseconds.
    @inline(__always)
    func microseconds(at now: Int64) -> Double {
        Double(truncating(word)) * decay(to: now)
    }

    /// With one more sample.
    @inline(__always)
    func adding(microseconds sample: Double, at now: Int64) -> LatencyPeak {
        let passed = decay(to: now)
        let old = Double(truncating(word))
        let kept = min(passed, Self.keptMost)
        let value = sample >= old * passed ? sample : old * kept + sample * (1 - kept)
        return LatencyPeak(microseconds: max(1, value), at: now)
    }

    /// Not less than that from now on; a failure says nothing about how quick its server is.
    func raised(toMicroseconds least: Double, at now: Int64) -> LatencyPeak {
        LatencyPeak(microseconds: max(1, least, microseconds(at: now)), at: now)
    }

    private func truncating(_ word: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: word) }

    /// e^(-t/τ) by the first terms of its inverse series: no call, and monotonic.
    @inline(__always)
    private func decay(to now: Int64) -> Double {
        let elapsed = UInt32(truncatingIfNeeded: now) &- UInt32(truncatingIfNeeded: word >> 32)
        // Another loop's round may have begun later than ours.
        let ratio = Double(max(0, Int32(bitPattern: elapsed))) / Self.decayMilliseconds
        return 1 / (1 + ratio * (1 + ratio * (0.5 + ratio / 6)))
    }
}
