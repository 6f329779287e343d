// How a client keeps up with an exchange. It may be silent for `timeouts.client`, but one byte now
// and then must not hold a connection for ever (slow POST, slow read): the time that is lost to it is
// taken from that wait, and bytes give it back at `limits.min_rate`. Pure. Hot.

struct ClientPace: BitwiseCopyable {
    /// Bytes a second; 0: it is never late.
    var minRate: Int64 = 0
    /// The time now passes at its cost.
    private(set) var isCharged = false
    /// Thousandths of bytes that it is behind.
    private var debt: Int64 = 0
    /// Milliseconds of the loop's clock: until when `debt` is told.
    private var updatedAt: Int64 = 0

    /// - Parameters:
    ///   - bytes: what came from it or went to it since the last update.
    ///   - charges: whether the time from now on is at its cost.
    @inline(__always)
    mutating func update(at now: Int64, moved bytes: Int, charges: Bool) {
        if isCharged { debt &+= (now &- updatedAt) &* minRate }
        debt = max(0, debt &- Int64(bytes) &* 1_000)
        updatedAt = now
        isCharged = charges
    }

    /// Milliseconds that are left of a wait, at the last update.
    @inline(__always)
    func patience(of wait: Int64) -> Int64 { max(1, wait &- lag) }

    /// More of the wait went by between its bytes than behind the last of them.
    func isSlow(for wait: Int64) -> Bool { lag > wait / 2 }

    private var lag: Int64 { minRate > 0 ? debt / minRate : 0 }
}
