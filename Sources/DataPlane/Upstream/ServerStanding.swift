// How a server stands with one loop: what its shared record says, read when something changed
// (`ServerChanges`) instead of at each pick. Pure values.

internal import SharedState

/// What decides whether a server is picked.
struct ServerStanding: BitwiseCopyable, Equatable {
    var adminState = ServerAdminState.ready
    var isHealthy = true
    /// Taken out for a while because exchanges failed.
    var isEjected = false
    /// 0…256, the operator's or the configured one.
    var weight = 100
    /// Sessions assigned under a lower number are to end.
    var epoch: UInt64 = 0
    /// When it last came up, milliseconds since 1970; 0: it never was down.
    var cameUpAt: Int64 = 0

    init(weight: Int) {
        self.weight = weight
    }

    /// - Parameter wallMilliseconds: since 1970, for what ends at a time.
    init(_ record: ServerRecord?, configuredWeight: Int, wallMilliseconds: Int64) {
        weight = configuredWeight
        guard let record else { return }
        adminState = record.adminState
        isHealthy = record.healthState.takesTraffic
        isEjected = record[.ejectedUntil] > UInt64(max(0, wallMilliseconds))
        weight = record.weightOverride ?? configuredWeight
        epoch = record[.epoch]
        cameUpAt = Int64(clamping: record[.cameUpAt])
    }

    /// May be picked by the policy.
    var takesNew: Bool { adminState == .ready && weight > 0 && isHealthy && !isEjected }

    /// May be used by who belongs to it.
    var takesPersistent: Bool { adminState != .maintenance && isHealthy }

    /// The weight that the policy is to know: it grows from a tenth to the whole while the server
    /// starts slowly.
    /// - Parameters:
    ///   - duration: of slow start, milliseconds.
    ///   - wall: milliseconds since 1970.
    func rampedWeight(over duration: Int64, wall: Int64) -> Int {
        guard takesNew else { return 0 }
        guard isRamping(over: duration, wall: wall) else { return weight }
        let share = max(duration / 10, wall &- cameUpAt)
        return max(1, Int(Int64(weight) &* share / duration))
    }

    /// Came up less than `duration` ago. A clock that jumped back ends it, too.
    func isRamping(over duration: Int64, wall: Int64) -> Bool {
        guard duration > 0, cameUpAt > 0, cameUpAt <= wall else { return false }
        return wall &- cameUpAt < duration
    }
}
