// How many exchanges a server may have at once, and the permits that this is kept by. Read again when
// something about the server has changed; pure but for the shared words that it reads.

internal import SharedState

struct ServerLimit {
    /// 0: there is none.
    private(set) var inForce = 0
    /// Nil: none were given out yet.
    private(set) var permits: ServerPermits?

    /// There may be more permits than before, and another limit. An operator's word goes before the
    /// configuration's; who starts slowly has a part of it, at least one.
    ///
    /// - Parameters:
    ///   - configured: 0 is no limit.
    ///   - rampPercent: 10…100.
    mutating func read(
        _ record: ServerRecord?, configured: Int, rampPercent: Int, in region: SharedRegion
    ) {
        guard let record else { return }
        let found = ServerPermits(region, record)
        // Never fewer, whatever somebody wrote there: those that are held must be known.
        if let permits, found.count < permits.count { return }
        permits = found
        let limit = min(record.maxConnectionsOverride ?? configured, found.count)
        inForce = (limit * rampPercent + 99) / 100
    }

    /// How many are free, counted up to `most`.
    func freeCount(atMost most: Int, hint: Int) -> Int {
        permits?.freeCount(below: inForce, atMost: most, hint: hint) ?? 0
    }

    /// A free permit's number, now held; nil: there is none.
    @inline(__always)
    func take(_ holder: PermitHolder, hint: Int) -> Int? {
        permits?.take(holder, below: inForce, hint: hint)
    }
}
