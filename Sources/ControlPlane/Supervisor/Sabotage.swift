// Faults to be switched on by tests, to show that the simulation sees them. Not in a release.

#if DEBUG
struct Sabotage: OptionSet, Sendable {
    let rawValue: Int

    /// A failed reload ages the leavers.
    static let ageOnFailedReload = Sabotage(rawValue: 1)
    /// The flag that SIGTERM was sent is not looked at.
    static let terminateTwice = Sabotage(rawValue: 2)
    /// LEAVING before every loop acknowledged its release.
    static let leaveBeforeReleased = Sabotage(rawValue: 4)
    /// A crash restart ages the leavers like a reload by request.
    static let countRestarts = Sabotage(rawValue: 8)
}

extension Supervisor {
    mutating func terminateAgain(maxReloads: Int?) {
        guard let maxReloads else { return }
        for generation in roster.live
        where generation.record.sigtermSent && generation.record.reloads > maxReloads {
            effects += generation.workers.indices
                .filter { generation.workers[$0].isLive }
                .map { .signal(generation.id($0), .terminate) }
        }
    }
}
#endif
