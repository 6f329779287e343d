// What the loops of one worker share of the servers of a configuration. Immutable but for what is
// atomic in it; any thread.

internal import Model
internal import Syscalls

/// Made with the configuration, before the loops.
struct SharedUpstreams {
    /// Where loops show parked connections to each other; nil where there is one loop.
    let claims: ClaimBoard?
    /// Of the backends, in their order.
    let retryBudgets: [RetryBudget]
    /// Parked connections of one loop: all loops' take a fifth of the descriptors at most.
    let parkedMax: Int
    /// A new descriptor with this number or more: three quarters of all are in use.
    let shortDescriptor: Int32
    private let idleAllowances: [[IdleAllowance]]
    private let firstNumbers: [Int]

    init(_ backends: [Backend], loopCount: Int) {
        retryBudgets = backends.map { RetryBudget(percent: $0.retries.budgetPercent) }
        idleAllowances = backends.map { backend in
            let limit = backend.reuse.policy == .never ? 0 : backend.reuse.maxIdle
            return backend.servers.map { _ in IdleAllowance(limit: limit) }
        }
        var number = 0
        firstNumbers = backends.map { backend in
            defer { number += backend.servers.count }
            return number
        }
        claims = loopCount > 1 ? ClaimBoard(serverCount: number, loopCount: loopCount) : nil
        let descriptors = Self.descriptors
        parkedMax = descriptors / 5 / max(1, loopCount)
        shortDescriptor = Int32(clamping: descriptors - descriptors / 4)
    }

    /// That the process may have (RLIMIT_NOFILE).
    static var descriptors: Int {
        Int(clamping: (try? ProcessLimits.descriptorLimit()) ?? 1_024)
    }

    /// The number of a server, by its place in the configuration, among all.
    func number(_ backend: Int, _ server: Int) -> Int { firstNumbers[backend] + server }

    /// Permits for parking connections to a server.
    func allowance(_ upstream: Ref<UpstreamServer>) -> IdleAllowance {
        idleAllowances[upstream[].backend][upstream[].index]
    }
}
