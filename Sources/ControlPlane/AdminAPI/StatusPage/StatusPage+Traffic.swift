// Of the status page: frontends, and backends with their servers.

import Clock
import Master
import SharedState

extension StatusPage {
    var frontendTable: HTMLTable {
        HTMLTable(
            caption: "Frontends",
            columns: [.words("Frontend"), .words("Mode"), .words("Addresses")]
                + HTMLTable.Column.numbers(
                    "Connections", "Limit", "Times full", "Accepted", "Requests", "2xx", "3xx",
                    "4xx", "5xx", "Received", "Sent", "Mean time", "95 % within"),
            rows: frontends.prefix(Limit.frontends).map(row),
            rest: .init(
                frontends.count - Limit.frontends, "frontends", at: HTMLLink("/metrics")))
    }

    private func row(_ frontend: FrontendView) -> [HTMLTable.Cell] {
        let named = traffic[.frontend(frontend.name)]
        let totals = named?.totals ?? TrafficTotals()
        let open = named?.connections?.open ?? 0
        let isFull = frontend.maxConnections.map { open >= $0 } ?? false
        // Without an address routes of others lead to it.
        let addresses =
            frontend.addresses.isEmpty
            ? "by routes" : frontend.addresses.prefix(Limit.addresses).joined(separator: ", ")
        let more = frontend.addresses.count - Limit.addresses
        return [
            .init(frontend.name), .init(frontend.mode),
            .init(more > 0 ? "\(addresses) and \(more) more" : addresses),
            .number(open, isFull ? .warning : nil),
            .init(Self.number(frontend.maxConnections)),
            .number(totals[.queued]), .number(totals[.connections]), .number(totals[.requests]),
        ] + Self.classes(totals) + Self.volumes(totals)
    }

    /// One for each backend, as far as there is room for servers.
    var backendTables: [HTMLTable] {
        var room = Limit.servers
        return (backends ?? []).prefix(Limit.backends).map { backend in
            let servers = backend.servers.prefix(room)
            room -= servers.count
            return table(of: backend, servers)
        }
    }

    var backendRest: HTMLTable.Rest? {
        .init(
            (backends?.count ?? 0) - Limit.backends, "backends", at: HTMLLink("/v1/backends"))
    }

    private func table(of backend: BackendView, _ servers: ArraySlice<ServerView>) -> HTMLTable {
        let taking = backend.servers.count(where: \.takesTraffic)
        return HTMLTable(
            caption: "Backend \(backend.name): \(backend.mode), \(backend.balance), "
                + "\(taking) of \(backend.servers.count) servers take traffic",
            columns: [
                .words("Server"), .words("State"), .words("Why"), .words("Since"),
                .words("Last check"), .words("Address"),
            ]
                + HTMLTable.Column.numbers(
                    "Weight", "In use", "Limit", "Idle", "Waiting", "Requests", "2xx", "3xx", "4xx",
                    "5xx", "Failures", "Retries", "Received", "Sent", "Mean time", "95 % within"),
            rows: servers.map(row),
            total: total(of: backend, taking: taking),
            rest: .init(
                backend.servers.count - servers.count, "servers",
                at: HTMLLink("/v1/backends").appending(backend.name).appending("servers")))
    }

    private func row(_ server: ServerView) -> [HTMLTable.Cell] {
        let named = traffic[.server(backend: server.backend, name: server.name)]
        let totals = named?.totals ?? TrafficTotals()
        let standing = ServerStanding(server, now: now)
        let connections = named?.connections ?? ServerConnectionCounts()
        let inUse = named?.permitsInUse ?? connections.inUse &+ connections.connecting
        let isFull = server.effectiveLimit.map { inUse >= $0 } ?? false
        let waiting = named?.queueLength ?? 0
        let weight = server.effectiveWeight
        let configured = server.configuredWeight
        return [
            .init(server.name), .init(standing.state, standing.tone), .init(standing.why ?? "–"),
            .age(of: standing.since, at: now), .init(standing.check ?? "–"),
            .init(server.address ?? server.configuredAddress),
            .init(weight == configured ? "\(weight)" : "\(weight), configured \(configured)"),
            .number(inUse, isFull ? .warning : nil), .init(Self.number(server.effectiveLimit)),
            .number(connections.idle), .number(waiting, waiting > 0 ? .warning : nil),
        ] + Self.counts(totals)
    }

    /// The backend's own counters: they have more than the sum of the servers, as exchanges that
    /// found none.
    private func total(of backend: BackendView, taking: Int) -> [HTMLTable.Cell] {
        let named = traffic[.backend(backend.name)]
        let waiting = named?.queueLength ?? 0
        let state: HTMLTable.Cell =
            if backend.servers.isEmpty {
                .nothing
            } else {
                taking == 0
                    ? .init("NONE UP", .bad)
                    : .init("UP", taking < backend.servers.count ? .warning : .good)
            }
        return [
            .init("All of \(backend.name)", link: link(backend: backend.name)),
            state, "–", "–", "–", "–", "–", "–", "–", "–",
            .number(waiting, waiting > 0 ? .warning : nil),
        ] + Self.counts(named?.totals ?? TrafficTotals())
    }

    private static func counts(_ totals: TrafficTotals) -> [HTMLTable.Cell] {
        [.number(totals[.requests])] + classes(totals)
            + [.number(totals[.failures]), .number(totals[.retries])] + volumes(totals)
    }

    private static func classes(_ totals: TrafficTotals) -> [HTMLTable.Cell] {
        [
            .number(totals[.responses2xx]), .number(totals[.responses3xx]),
            .number(totals[.responses4xx]), .number(totals[.responses5xx]),
        ]
    }

    private static func volumes(_ totals: TrafficTotals) -> [HTMLTable.Cell] {
        [
            .init(PageText.bytes(totals[.bytesIn])), .init(PageText.bytes(totals[.bytesOut])),
            .init(PageText.meanDuration(totals)), .init(PageText.longDuration(totals)),
        ]
    }
}
