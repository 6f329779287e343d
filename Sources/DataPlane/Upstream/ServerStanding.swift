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
    }

    /// May be picked by the policy.
    var takesNew: Bool { adminState == .ready && weight > 0 && isHealthy && !isEjected }

    /// May be used by who belongs to it.
    var takesPersistent: Bool { adminState != .maintenance && isHealthy }

    /// The weight that the policy is to know.
    var effectiveWeight: Int { takesNew ? weight : 0 }
}
