// Which traffic record of the shared memory belongs to which frontend, backend and server. A name
// keeps its record as long as there is room, also while no generation has it, so that its totals go
// on when it comes back. Any thread.

internal import Clock
internal import Model
internal import SharedState
internal import Store
internal import Synchronization
internal import Syscalls

/// One table for the life of a master.
final class TrafficTable: Sendable {
    private struct State {
        var numbers: [TrafficName: Int] = [:]
        /// Numbers that were never given, from here on.
        var next = 1
        /// Numbers that were taken back.
        var free: [Int] = []
        /// The names of each generation that may have a worker.
        var generations: [Int: [TrafficName]] = [:]
        var backends: [Int: [Backend]] = [:]
        var frontends: [Int: [FrontendView]] = [:]
        /// One without a worker whose names are kept until there is another one.
        var parting: Int?
        /// The highest that was seen of each record: its words are workers' words, and may go down.
        var peaks: [Int: [UInt64]] = [:]
        var permits: PermitBook
        var overrides: ServerOverrides
        /// What could not be held, and was not told yet.
        var dropped: [DroppedOverride] = []
        /// The generation whose configuration overrides are held against.
        var serving: Int?
        /// Of the configuration that serves.
        var servingBackends: [Backend] = []
    }
    /// What the names of servers stand for.
    let names: HostNames
    private let region: SharedRegion
    private let capacity: Int
    private let state: Mutex<State>
    private let rateLimits: TableRooms
    private let stickyTables: TableRooms

    /// - Parameters:
    ///   - capacity: how many records may be used, number 0 included.
    ///   - overrides: of an earlier life; they hold before the first worker is there.
    init(
        _ region: SharedRegion, capacity: Int = TrafficRecord.count,
        overrides: [ServerOverride] = [], names: HostNames = HostNames()
    ) {
        self.region = region
        self.names = names
        self.capacity = min(capacity, TrafficRecord.count)
        rateLimits = .rateLimits(in: region)
        stickyTables = .stickyTables(in: region)
        state = Mutex(
            State(permits: PermitBook(region), overrides: ServerOverrides(overrides)))
    }

    /// The records of a generation about to be started. Names for which there is no room share
    /// record 0, whose totals nobody is told.
    func numbers(for configuration: Configuration, generation: Int) -> TrafficNumbers {
        var numbers = trafficNumbers(for: configuration, generation: generation)
        numbers.rateLimits = rateLimits.firstBuckets(
            of: configuration.rateLimits.map(TableRooms.Table.init), generation: generation)
        numbers.stickyTables = stickyTables.firstBuckets(
            of: configuration.backends.map(TableRooms.Table.init), generation: generation)
        if configuration.backends.contains(where: \.hasNames) {
            numbers.addresses = configuration.backends.map { backend in
                backend.servers.map { $0.address.named == nil ? nil : names.address(of: $0) }
            }
        }
        return numbers
    }

    private func trafficNumbers(
        for configuration: Configuration, generation: Int
    ) -> TrafficNumbers {
        state.withLock { state in
            let names = configuration.trafficNames
            if let parting = state.parting, parting != generation {
                state.generations[parting] = nil
                state.backends[parting] = nil
                state.frontends[parting] = nil
            }
            state.parting = nil
            state.generations[generation] = names
            state.backends[generation] = configuration.backends
            state.frontends[generation] = configuration.frontends.map(FrontendView.init)
            let fresh = names.filter { state.numbers[$0] == nil }
            give(fresh, in: &state)
            providePermits(for: configuration, in: &state)
            for name in fresh { restoreOverride(name, configuration, &state) }
            return TrafficNumbers(configuration) { state.numbers[$0] }
        }
    }

    /// The generation has no worker any more, or never had one.
    func forget(generation: Int) {
        rateLimits.forget(generation: generation)
        stickyTables.forget(generation: generation)
        state.withLock { state in
            // The last one stays until another one is there: totals do not vanish in between.
            if state.generations.count == 1 {
                state.parting = generation
                return
            }
            state.generations[generation] = nil
            state.backends[generation] = nil
            state.frontends[generation] = nil
            let backends = state.backends.values.joined() + state.servingBackends
            names.keep(backends.flatMap(\.servers))
        }
    }

    /// Lets the servers of the generation that serves be where they are now, by their names and by
    /// what operators want. Workers of other generations that have the same name follow.
    func publishAddresses() {
        state.withLock { publishAddresses(in: $0) }
    }

    private func publishAddresses(in state: borrowing State) {
        guard let serving = state.serving else { return }
        for backend in state.backends[serving] ?? [] {
            for server in backend.servers { publishAddress(of: server, backend.name, in: state) }
        }
    }

    private func publishAddress(
        of server: Server, _ backend: String, in state: borrowing State
    ) {
        guard let number = state.numbers[.server(backend: backend, name: server.name)],
            let record = ServerRecord(region, number: number)
        else { return }
        names.publish(
            server, state.overrides.override(backend: backend, server: server.name), to: record)
    }

    /// Grows with each change of a server.
    var serverChanges: UInt64 { ServerChanges(region).count }

    /// The backends of a generation that may have a worker, with what is known of their servers.
    func backends(of generation: Int, now: Instant) -> [BackendView] {
        state.withLock { state in
            if state.parting == generation { return [] }
            return (state.backends[generation] ?? []).map { backend in
                BackendView(
                    name: backend.name, mode: backend.mode.rawValue,
                    balance: backend.balance.kind.rawValue,
                    servers: backend.servers.map { view($0, of: backend, state, now: now) })
            }
        }
    }

    /// The frontends of a generation that may have a worker.
    func frontends(of generation: Int) -> [FrontendView] {
        state.withLock { $0.parting == generation ? [] : $0.frontends[generation] ?? [] }
    }

    /// What a wish comes to, for who makes it durable before it is so.
    struct OverridePlan {
        var override: ServerOverride
        fileprivate var server: Server
        fileprivate var number: Int
        fileprivate var serving: Int
    }

    /// Why a wish cannot be granted.
    struct WishRefusal: Error {
        var outcome: ServerWishOutcome
    }

    /// What an operator wants of a server of the generation that serves, with room for it; nothing is
    /// so yet.
    func plan(_ wish: ServerWish) -> Result<OverridePlan, WishRefusal> {
        state.withLock { state in
            guard let serving = state.serving,
                let backend = state.backends[serving]?.first(where: { $0.name == wish.backend }),
                let server = backend.servers.first(where: { $0.name == wish.server })
            else { return .failure(WishRefusal(outcome: .unknown)) }
            let name = TrafficName.server(backend: wish.backend, name: wish.server)
            guard let number = state.numbers[name], ServerRecord(region, number: number) != nil
            else { return .failure(WishRefusal(outcome: .noRoom)) }
            if case .value(let address) = wish.address, !names.allows(address, for: server) {
                return .failure(WishRefusal(outcome: .protectedAddress))
            }
            if case .value(let limit) = wish.maxConnections,
                !state.permits.provide(limit, number: number)
            {
                return .failure(WishRefusal(outcome: .noRoom))
            }
            return .success(
                OverridePlan(
                    override: state.overrides.override(after: wish, configured: server),
                    server: server, number: number, serving: serving))
        }
    }

    /// Makes it so. False, and it is not: another generation serves since it was planned. One thread
    /// plans and carries out.
    func carryOut(_ plan: OverridePlan) -> Bool {
        state.withLock { state in
            guard state.serving == plan.serving,
                let record = ServerRecord(region, number: plan.number)
            else { return false }
            state.overrides.hold(plan.override)
            ServerOverrides.write(plan.override, to: record)
            publishAddress(of: plan.server, plan.override.backend, in: state)
            return true
        }
    }

    /// What is wanted of a server now; empty: nothing.
    func override(backend: String, server: String) -> ServerOverride {
        state.withLock { $0.overrides.override(backend: backend, server: server) }
    }

    /// A generation serves now: its configuration goes before what was wanted of the same thing.
    func dropOverrides(serving: Int) -> [DroppedOverride] {
        state.withLock { state in
            state.serving = serving
            let told = state.dropped
            state.dropped = []
            guard let backends = state.backends[serving] else { return told }
            let numbers = state.numbers
            let dropped = state.overrides.drop(for: backends) { name in
                numbers[name].flatMap { ServerRecord(region, number: $0) }
            }
            publishAddresses(in: state)
            return told + dropped
        }
    }

    /// A generation serves now: servers that its configuration does not have, and whose backend has
    /// said so, are ended in all generations before it. Which ones.
    func retireServers(serving: Int) -> [RemovedServer] {
        state.withLock { state in
            let backends = state.backends[serving] ?? []
            let removed = RemovedServer.ended(from: state.servingBackends, to: backends)
            state.servingBackends = backends
            for server in removed {
                let name = TrafficName.server(backend: server.backend, name: server.name)
                state.numbers[name].flatMap { ServerRecord(region, number: $0) }?
                    .retire(before: serving)
            }
            return removed
        }
    }

    /// What an earlier life was told of a server that has a record now. A limit for which there is no
    /// room cannot hold.
    private func restoreOverride(_ name: TrafficName, _ new: Configuration, _ state: inout State) {
        guard case .server(let backend, let server) = name, let number = state.numbers[name],
            let record = ServerRecord(region, number: number)
        else { return }
        var override = state.overrides.override(backend: backend, server: server)
        if let limit = override.maxConnections, !state.permits.provide(limit.value, number: number)
        {
            let wanted = override
            override.maxConnections = nil
            state.overrides.hold(override)
            state.dropped.append(DroppedOverride(from: wanted, to: override))
        }
        ServerOverrides.write(override, to: record)
        if override.address != nil, let server = new.server(backend, server) {
            names.publish(server, override, to: record)
        }
    }

    /// The servers of all generations that may have a worker, those of the newest first; each once.
    func servers(now: Instant) -> [ServerView] {
        state.withLock { state in
            var seen: Set<TrafficName> = []
            var servers: [ServerView] = []
            for (_, backends) in state.backends.sorted(by: { $0.key > $1.key }) {
                for backend in backends {
                    for server in backend.servers {
                        let name = TrafficName.server(backend: backend.name, name: server.name)
                        guard seen.insert(name).inserted else { continue }
                        servers.append(view(server, of: backend, state, now: now))
                    }
                }
            }
            return servers
        }
    }

    private func view(
        _ server: Server, of backend: Backend, _ state: borrowing State, now: Instant
    ) -> ServerView {
        let name = TrafficName.server(backend: backend.name, name: server.name)
        let record = state.numbers[name].flatMap { ServerRecord(region, number: $0) }
        var view = ServerView(server, of: backend, record: record, now: now)
        let override = state.overrides.override(backend: backend.name, server: server.name)
        view.addressOverride = override.address?.value
        view.address =
            override.socketAddress?.description
            ?? names.address(of: server)?.description ?? server.address.unix?.description
        view.resolution = names.view(of: server)
        return view
    }

    /// Of all names that live generations have, but entries of `bind`. They never go down.
    func totals() -> [NamedTraffic] {
        let workers = (0..<SharedRegion.workerSlotCount)
            .compactMap { WorkerBell(region, slot: $0) }.filter { $0.incarnation != 0 }
        return state.withLock { state in
            Set(state.generations.values.joined()).compactMap { name in
                if case .bind = name { return nil }
                guard let number = state.numbers[name],
                    let record = TrafficRecord(region, number: number)
                else { return nil }
                let words = zip(record.read(), state.peaks[number] ?? Self.zeros).map(max)
                state.peaks[number] = words
                return NamedTraffic(
                    name: name, totals: TrafficTotals(words: words),
                    queueLength: queueLength(number, workers),
                    permitsInUse: permitsInUse(number, state),
                    connections: connections(of: name, number))
            }
        }
    }

    /// Permits that the worker in a slot held are free again. It must be dead, and its slot free.
    func reclaimPermits(slot: Int) {
        state.withLock { $0.permits.reclaim(slot: slot) }
    }

    private func queueLength(_ number: Int, _ workers: [WorkerBell]) -> Int {
        workers.reduce(0) { sum, worker in
            let length = QueueLength(region, slot: worker.slot, number: number)
            return sum + (length?.value(incarnation: worker.incarnation) ?? 0)
        }
    }

    private func permitsInUse(_ number: Int, _ state: borrowing State) -> Int? {
        // By the master's own book: the runs in the record are workers' words.
        state.permits.count(of: number) > 0 ? state.permits.heldCount(of: number) : nil
    }

    private func connections(of name: TrafficName, _ number: Int) -> ServerConnectionCounts? {
        switch name {
        case .frontend:
            ServerConnectionCounts(inUse: ClientConnections.total(region, number: number))
        case .backend, .bind: nil
        case .server: ServerConnectionRecord.total(region, number: number)
        }
    }

    private static let zeros = [UInt64](repeating: 0, count: TrafficLayout.wordCount)

    private func give(_ names: [TrafficName], in state: inout State) {
        if state.free.count + capacity - state.next < names.count { reclaim(in: &state) }
        for name in names {
            guard let number = state.free.popLast() ?? Self.unused(&state, below: capacity) else {
                return
            }
            TrafficRecord(region, number: number)?.clear()
            ServerRecord(region, number: number)?.clear()
            state.peaks[number] = nil
            state.numbers[name] = number
        }
    }

    /// Where there is no room left the worker refuses to come up, and says so.
    private func providePermits(for configuration: Configuration, in state: inout State) {
        for backend in configuration.backends {
            for server in backend.servers {
                let name = TrafficName.server(backend: backend.name, name: server.name)
                guard let limit = server.maxConnections, let number = state.numbers[name],
                    !state.permits.provide(limit, number: number)
                else { continue }
                reclaim(in: &state)
                _ = state.permits.provide(limit, number: number)
            }
        }
    }

    private static func unused(_ state: inout State, below capacity: Int) -> Int? {
        guard state.next < capacity else { return nil }
        state.next += 1
        return state.next - 1
    }

    /// Takes back the records of names that no generation has.
    private func reclaim(in state: inout State) {
        let used = Set(state.generations.values.joined())
        for (name, number) in state.numbers where !used.contains(name) {
            state.numbers[name] = nil
            state.permits.forget(number: number)
            state.free.append(number)
        }
    }
}
