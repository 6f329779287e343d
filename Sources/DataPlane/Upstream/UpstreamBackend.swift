// What one loop keeps of a backend: its servers and whose turn it is. Hot, one thread.

internal import Model

/// A pool of servers and the policy that picks one.
struct UpstreamBackend: ~Copyable, SlabEntry {
    var servers: [Ref<UpstreamServer>] = []
    var waits = RuntimeConfiguration.Waits(Timeouts())
    var index = 0
    var traffic: Ref<TrafficTally>?
    private var policy = WeightedRoundRobin(weights: [], offset: 0)

    init() {}

    mutating func setPolicy(weights: [Int], offset: Int) {
        policy = WeightedRoundRobin(weights: weights, offset: offset)
    }

    /// Some server may be picked that might not before, or the other way round.
    mutating func standingsDidChange() {
        setPolicy(weights: servers.map { $0[].standing.effectiveWeight }, offset: 0)
    }

    /// The server for the next exchange, another one than `avoided` if there is one; nil: none has
    /// a weight.
    @inline(__always)
    mutating func nextServer(avoiding avoided: Ref<UpstreamServer>?) -> Ref<UpstreamServer>? {
        guard let index = policy.next(avoiding: avoided.map { $0[].index }) else { return nil }
        return servers[index]
    }
}
