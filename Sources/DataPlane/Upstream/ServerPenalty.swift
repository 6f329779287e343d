// How much a policy that compares latencies avoids a server because its exchanges fail: a failure is
// no merit, however quick it was. The cost of the server doubles with each level. A failure adds two
// levels, a success takes one, and so does a second: who fails now and then costs hardly more, who
// fails more than a third of its exchanges is left alone but for an attempt now and then, at most so
// many seconds later as there are levels, and who is well again has its share soon. Pure.

/// One word, so that loops may write it without a lock: a lost failure is no loss.
struct ServerPenalty: BitwiseCopyable, Equatable {
    /// Costs 16,384 times as much: more than a server that is well could, whatever it has to do.
    private static var levelMax: UInt32 { 14 }
    private static var levelMilliseconds: UInt32 { 1_000 }

    /// The level when it was noted in the lower half, milliseconds of the loop's clock (modulo
    /// 2^32) in the upper.
    let word: UInt64

    init(word: UInt64) {
        self.word = word
    }

    private init(level: UInt32, at now: Int64) {
        word = level == 0 ? 0 : UInt64(UInt32(truncatingIfNeeded: now)) << 32 | UInt64(level)
    }

    static var none: ServerPenalty { ServerPenalty(word: 0) }
    @inline(__always)
    var isNone: Bool { word == 0 }

    /// What the server's cost is to be multiplied by, 1…16384.
    @inline(__always)
    func factor(at now: Int64) -> Double {
        isNone ? 1 : Double(UInt64(1) << UInt64(level(at: now)))
    }

    /// One more exchange has failed. Time alone forgives nothing: who fails again at the first
    /// attempt after a while is left alone for longer.
    func afterFailure(at now: Int64) -> ServerPenalty {
        ServerPenalty(level: min(Self.levelMax, noted + 2), at: now)
    }

    /// One more went well.
    func afterSuccess(at now: Int64) -> ServerPenalty {
        let left = level(at: now)
        return ServerPenalty(level: left > 0 ? left - 1 : 0, at: now)
    }

    private var noted: UInt32 { min(Self.levelMax, UInt32(truncatingIfNeeded: word)) }

    private func level(at now: Int64) -> UInt32 {
        let elapsed = UInt32(truncatingIfNeeded: now) &- UInt32(truncatingIfNeeded: word >> 32)
        // Another loop's round may have begun later than ours.
        let passed = Int32(bitPattern: elapsed) > 0 ? elapsed / Self.levelMilliseconds : 0
        return noted > passed ? noted - passed : 0
    }
}
