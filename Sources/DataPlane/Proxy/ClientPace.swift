// How a client keeps up with an exchange. It may be silent for `timeouts.client`, but one byte now
// and then must not hold a connection for ever (slow POST, slow read): the time it is waited for is
// taken from that wait, and bytes give it back at `limits.min_rate`. Pure. Hot.

struct ClientPace: BitwiseCopyable {
    /// Milliseconds that its bytes have not made up for.
    private var lag: Int64 = 0
    /// Milliseconds of the loop's clock: until when `lag` is told.
    private var updatedAt: Int64 = 0

    /// - Parameters:
    ///   - waited: whether the client was waited for since the last update.
    ///   - bytes: what came from it or went to it since then.
    ///   - minRate: bytes a second; 0: it is never late.
    @inline(__always)
    mutating func update(at now: Int64, waited: Bool, moved bytes: Int, minRate: Int) {
        if waited { lag &+= now &- updatedAt }
        updatedAt = now
        lag = minRate > 0 ? max(0, lag &- Int64(bytes) &* 1_000 / Int64(minRate)) : 0
    }

    /// Milliseconds that are left of a wait, at the last update.
    @inline(__always)
    func patience(of wait: Int64) -> Int64 { max(1, wait &- lag) }

    /// More of the wait went by between its bytes than behind the last of them.
    func isSlow(for wait: Int64) -> Bool { lag > wait / 2 }
}
