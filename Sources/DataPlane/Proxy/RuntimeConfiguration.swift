// A configuration made ready for the loops of one worker: names became places, durations became
// milliseconds, rules were compiled. Immutable, shared by all loops, alive as long as any of them.

internal import Clock
internal import Model
internal import SharedState
internal import Syscalls

/// Made once in the main thread, before the loops.
final class RuntimeConfiguration: @unchecked Sendable {
    // SAFETY: Sendable, because nothing is changed after `init`, and the gauges are atomic.

    /// Of one frontend or backend, in milliseconds; each at least one tick of the wheel matters.
    struct Waits: BitwiseCopyable {
        var connect: Int64
        var client: Int64
        var server: Int64
        var request: Int64
        var keepAlive: Int64
        var tunnel: Int64
        var clientFin: Int64
        var serverFin: Int64
        var inspect: Int64
        var queue: Int64

        init(_ timeouts: Timeouts) {
            connect = Self.milliseconds(timeouts.connect)
            client = Self.milliseconds(timeouts.client)
            server = Self.milliseconds(timeouts.server)
            request = Self.milliseconds(timeouts.httpRequest)
            keepAlive = Self.milliseconds(timeouts.httpKeepAlive)
            tunnel = Self.milliseconds(timeouts.tunnel)
            clientFin = timeouts.clientFin.map(Self.milliseconds) ?? .max
            serverFin = timeouts.serverFin.map(Self.milliseconds) ?? .max
            inspect = Self.milliseconds(timeouts.inspect)
            queue = Self.milliseconds(timeouts.queue)
        }

        /// A year is for ever, and far from any overflow.
        private static func milliseconds(_ duration: Duration) -> Int64 {
            min(max(1, duration.wholeMilliseconds), 365 * 86_400_000)
        }
    }

    let configuration: Configuration
    let routes: [RouteTable]
    /// Of `configuration.frontends`, in their order.
    let frontendGauges: [ConnectionGauge]
    let processGauge: ConnectionGauge
    /// Of entries of `bind` that have a limit.
    let bindGauges: [ConnectionGauge]
    /// By frontend, then by entry: the place of its gauge.
    private let bindPlaces: [[Int32]]
    /// Of each TCP frontend, nil for HTTP frontends.
    let tcpRoutes: [TCPRouteTable?]
    let proxyInputs: [CompiledProxyInput?]
    /// Which exchanges are logged, and in which form; nil: none.
    let accessLog: CompiledAccessLog?
    /// `backend/server` as the log writes them, by place.
    let serverNames: [[Bytes]]
    let backendNames: [Bytes]
    /// For heads that no rule of the user touches.
    let noRules: AppliedRules
    /// Where the traffic of frontends, backends and servers is counted, by place.
    let traffic: TrafficRecords
    /// What each backend hashes by, if it does.
    let hashKeys: [CompiledRequestKey?]
    /// Of each backend a run of one; nil: its clients have no servers of their own.
    let stickiness: [Run<CompiledStickiness>?]
    let rateLimits: [CompiledRateLimit]
    /// Behind the configuration's stands one of nobody.
    let userLists: [CompiledUserList]
    /// Users of all of them.
    let accountCount: Int
    /// Where passwords of all loops are checked.
    let passwords = PasswordDesk()
    private let loads: ServerLoads
    /// Place of each backend's first server among all.
    private let firstServers: [Int]
    /// Who waits for a server that has a limit.
    let queues: WorkerQueues
    /// What the loops share of the servers.
    let upstreams: SharedUpstreams
    /// Of each server, by backend; nil: it is not checked.
    private let checkPlans: [[CheckPlan?]]
    /// Of each server, by backend: what its standing depends on.
    let serverRules: [[ServerRules]]
    /// Of each server, by backend: the name of its unix socket, ending with a zero byte; empty: it is
    /// reached by TCP.
    let unixNames: [[Bytes]]
    private let arena: ConfigurationArena

    /// - Parameters:
    ///   - generation: whose it is.
    ///   - slot: the worker's in the shared state.
    ///   - loopCount: how many loops work with it.
    init(
        _ configuration: Configuration, generation: Int, traffic: TrafficRecords, slot: Int,
        loopCount: Int
    ) {
        let arena = ConfigurationArena()
        self.configuration = configuration
        self.traffic = traffic
        self.arena = arena
        let surroundings = RouteSurroundings(configuration, arena: arena)
        routes = configuration.frontends.map { RouteTable($0, surroundings, arena: arena) }
        frontendGauges = configuration.frontends.enumerated().map { place, frontend in
            ConnectionGauge(
                limit: frontend.maxConnections ?? .max,
                shared: traffic.frontendConnections(place))
        }
        processGauge = ConnectionGauge(
            limit: configuration.process.connectionLimit(descriptors: SharedUpstreams.descriptors),
            shared: ClientConnections.all(traffic.region, slot: slot))
        (bindGauges, bindPlaces) = Self.bindGauges(of: configuration, traffic)
        tcpRoutes = configuration.frontends.map { frontend in
            frontend.mode == .tcp
                ? TCPRouteTable(
                    frontend.routes, conditions: configuration.conditions, surroundings,
                    arena: arena) : nil
        }
        proxyInputs = configuration.frontends.map { frontend in
            frontend.proxyProtocol.map { input in
                CompiledProxyInput(
                    trusted: AddressTable(input.from, arena: arena),
                    refusesOthers: input.others == .refuse)
            }
        }
        accessLog = CompiledAccessLog(configuration.log, arena: arena)
        upstreams = SharedUpstreams(configuration.backends, loopCount: loopCount)
        noRules = AppliedRules(CompiledRules([], arena: arena))
        backendNames = configuration.backends.map { arena.bytes($0.name) }
        hashKeys = configuration.backends.map { backend in
            backend.balance.key.map { CompiledRequestKey($0, arena: arena) }
        }
        stickiness = configuration.backends.enumerated().map { place, backend in
            CompiledStickiness(backend, place: place, traffic, arena: arena).map { arena.run([$0]) }
        }
        rateLimits = traffic.rateLimits(configuration.rateLimits, arena: arena)
        userLists = CompiledUserList.all(configuration.users, arena: arena)
        accountCount = configuration.users.reduce(0) { $0 + $1.users.count }
        var serverCount = 0
        firstServers = configuration.backends.map { backend in
            defer { serverCount += backend.servers.count }
            return serverCount
        }
        loads = ServerLoads(count: serverCount)
        serverNames = configuration.backends.map { backend in
            backend.servers.map { arena.bytes($0.name) }
        }
        unixNames = configuration.backends.map { backend in
            backend.servers.map { $0.address.unix.map { arena.bytes($0.name + "\0") } ?? .empty }
        }
        checkPlans = configuration.backends.map { backend in
            backend.servers.map { CheckPlan(backend.check, of: $0, arena: arena) }
        }
        serverRules = configuration.backends.enumerated().map { [checkPlans] place, backend in
            zip(backend.servers, checkPlans[place]).enumerated().map { index, server in
                ServerRules(
                    server.0, of: backend, plan: server.1, generation: generation,
                    found: traffic.address(place, index))
            }
        }
        queues = WorkerQueues(
            configuration.backends, rules: serverRules, traffic: traffic, slot: slot)
    }

    /// A gauge for each entry of `bind` that has a limit, and who has which.
    private static func bindGauges(
        of configuration: Configuration, _ traffic: TrafficRecords
    ) -> (gauges: [ConnectionGauge], places: [[Int32]]) {
        var gauges: [ConnectionGauge] = []
        let places = configuration.frontends.enumerated().map { frontend, settings in
            settings.bind.enumerated().map { place, bind in
                guard let limit = bind.maxConnections else { return unlimited }
                gauges.append(
                    ConnectionGauge(limit: limit, shared: traffic.bindConnections(frontend, place)))
                return Int32(clamping: gauges.count - 1)
            }
        }
        return (gauges, places)
    }

    /// No place of a gauge.
    static var unlimited: Int32 { -1 }

    /// Where in `bindGauges` the connections of an entry count, by the places of its frontend and
    /// of itself; `unlimited`: nowhere.
    func limitedBind(_ frontend: Int, _ place: Int) -> Int32 {
        guard bindPlaces.indices.contains(frontend),
            bindPlaces[frontend].indices.contains(place)
        else { return Self.unlimited }
        return bindPlaces[frontend][place]
    }

    /// The check of a server, by the places of both; nil: it is not checked.
    func checkPlan(_ backend: Int, _ server: Int) -> CheckPlan? {
        checkPlans[backend][server]
    }

    /// Text that lives as long as this value.
    func bytes(_ text: String) -> Bytes { arena.bytes(text) }

    /// What a loop has to have ready for regular expressions.
    var regexCells: Int { arena.regexCells }

    /// The load of a server, over all loops.
    func serverLoad(_ backend: Int, _ server: Int) -> ServerLoad {
        loads[firstServers[backend] + server]
    }
}

extension RawSocketAddress {
    /// The same address in the kernel's terms.
    init(_ address: SocketAddress) {
        switch address.host {
        case .ipv4(let word): self.init(host: .ipv4(word), port: address.port)
        case .ipv6(let high, let low):
            self.init(host: .ipv6(high: high, low: low), port: address.port)
        }
    }
}
