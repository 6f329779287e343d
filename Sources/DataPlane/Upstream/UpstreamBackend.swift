// What one loop keeps of a backend: its servers and whose turn it is. Hot, one thread.

internal import Model

/// A pool of servers and the policy that picks one.
struct UpstreamBackend: ~Copyable, SlabEntry {
    var servers: [Ref<UpstreamServer>] = []
    var waits = RuntimeConfiguration.Waits(Timeouts())
    var reuse = ReuseRules(ReuseSettings())
    var retries = RetryRules(RetrySettings())
    /// Exchanges that the retry budget was not told of yet.
    var untoldRequests = 0
    var index = 0
    var traffic: Ref<TrafficTally>?
    /// What exchanges are hashed by; nil for the other policies.
    var hashKey: CompiledRequestKey?
    /// A run of one; nil: clients have no servers of their own.
    var stickiness: Run<CompiledStickiness>?
    var backups = Backend.Backups.all
    /// The policy looks at loads, so exchanges are counted.
    private(set) var countsLoad = false
    /// Some server has a limit: there is a queue to look at.
    var isLimited = false
    /// Some server had not reached its full weight yet when it was last looked at.
    private(set) var isRamping = false
    /// Servers that new exchanges go to.
    private(set) var openCount = 0
    /// Fewer were free than somebody asked for, in the round that began then.
    private var countedFree = 0
    private var countedInRound: Int64 = -1
    private var balancer = Balancer(BalancePolicy(), names: [], weights: [], offset: 0)
    var ejection: EjectionRule?

    init() {}

    /// - Parameter names: of `servers`, which are there already.
    mutating func setPolicy(_ policy: BalancePolicy, names: [Bytes], offset: Int, wall: Int64) {
        countsLoad =
            switch policy.kind {
            case .roundRobin, .first: false
            case .hash: policy.boundPercent != nil
            case .leastConnections, .random, .peakEWMA: true
            }
        balancer = Balancer(
            policy, names: names, weights: servers.map { $0[].rules.weight }, offset: offset)
        standingsDidChange(wall: wall)
    }

    /// Some server may be picked that might not before, or weighs something else.
    /// - Parameter wall: milliseconds since 1970.
    mutating func standingsDidChange(wall: Int64) {
        let open = ServerStanding.open(
            servers.map { ($0[].standing, $0[].isBackup) }, backups: backups)
        for (server, isOpen) in zip(servers, open) { server[].isOpen = isOpen }
        openCount = open.count(where: \.self)
        let primaryIsThere = servers.contains { !$0[].isBackup && $0[].standing.takesNew }
        isRamping = servers.contains { $0[].standing.isRamping(over: $0[].slowStart, wall: wall) }
        balancer.change(
            weights: servers.map { server in
                guard server[].isOpen else { return 0 }
                return server[].standing.rampedWeight(over: server[].slowStart, wall: wall)
            },
            // Backups stand aside: keys are not spread over servers that take none.
            ringWeights: servers.map { server in
                server[].isBackup && primaryIsThere ? 0 : server[].standing.weight
            })
    }

    /// The server for the next exchange, another one than `avoided` if there is one; nil: none may
    /// be used.
    @inline(__always)
    mutating func nextServer(
        avoiding avoided: Ref<UpstreamServer>?, key: UInt64, now: Int64,
        random: inout SmallRandom
    ) -> Ref<UpstreamServer>? {
        let place = balancer.pick(
            ServersView(servers: servers), avoiding: avoided.map { $0[].index }, key: key, now: now,
            random: &random)
        return place.map { servers[$0] }
    }

    /// The same among those that are not marked as full.
    mutating func nextFreeServer(
        key: UInt64, now: Int64, random: inout SmallRandom
    ) -> Ref<UpstreamServer>? {
        let place = balancer.pick(
            ServersView(servers: servers, looksWhetherFull: true), avoiding: nil, key: key,
            now: now, random: &random)
        return place.map { servers[$0] }
    }

    /// Whether the limits of the servers that take traffic allow `least` exchanges more, just now.
    /// That there are too few is looked up once a round: it takes a look at every permit.
    ///
    /// - Parameter round: when it began.
    mutating func hasFreeConnections(_ least: Int, round: Int64) -> Bool {
        if countedInRound == round, countedFree < least { return false }
        for server in servers where server[].isOpen && server[].permits.limit == 0 { return true }
        var free = 0
        for server in servers where server[].isOpen && free < least {
            free &+= server[].permits.freeCount(atMost: least &- free)
        }
        if free >= least { return true }
        (countedFree, countedInRound) = (free, round)
        return false
    }

    /// What is usual of the other servers, in microseconds; nil: nothing is known.
    func usualLatency(besides server: Ref<UpstreamServer>, now: Int64) -> Double? {
        balancer.usualLatency(ServersView(servers: servers), besides: server[].index, now: now)
    }
}

extension Ref where Entry == UpstreamBackend {
    /// Marks those two, and who surely has no permit for a newcomer. False: that is all of them.
    func markFull(_ full: Ref<UpstreamServer>, _ failed: Ref<UpstreamServer>?) -> Bool {
        var isAnyFree = false
        for server in self[].servers {
            let hasFailed = failed.map { $0 == server } ?? false
            server[].isFull =
                server == full || hasFailed || !server[].isOpen || server[].permits.areWaitedFor
            if !server[].isFull { isAnyFree = true }
        }
        return isAnyFree
    }
}

/// The servers of a backend as its policy sees them.
private struct ServersView: BalanceView {
    let servers: [Ref<UpstreamServer>]
    var looksWhetherFull = false

    /// Out of traffic is weight 0, which the policy knows.
    @inline(__always)
    func isOpen(_ place: Int) -> Bool { !looksWhetherFull || !servers[place][].isFull }

    @inline(__always)
    func exchanges(_ place: Int) -> Int { servers[place][].load?.exchanges ?? 0 }

    @inline(__always)
    func latency(_ place: Int) -> LatencyPeak { servers[place][].load?.latency ?? .unknown }

    @inline(__always)
    func penalty(_ place: Int) -> ServerPenalty { servers[place][].load?.penalty ?? .none }
}
