// The admin API for other machines: `admin.tcp` and `admin.metrics`, on an event loop thread of
// their own, so that handshakes of strangers cost the unix socket nothing.

import HummingbirdCore
import Logging
import Model
import NIOCore
import NIOPosix

final class AdminNetwork: Sendable {
    /// Connections of all listeners together; beyond that idle ones make room.
    static let connectionLimit = 1_024

    private let group: MultiThreadedEventLoopGroup
    private let tcp: [NetworkListener]
    private let metrics: [NetworkListener]
    private let expiryWatch: Task<Void, Never>

    /// What all listeners need of the rest of the API.
    struct Surroundings: Sendable {
        var port: any ControlPort
        var tally: AdminTally
        var roster: ConnectionRoster
        var certificates: CertificateRoster
        /// Of the whole API.
        var table: RouteTable
        var policy: AccessPolicy
        var options: AdminServerOptions
        var logger: Logger

        /// For one kind of listener.
        func connections(
            _ table: RouteTable, _ gate: AccessGate, tls: ServerTLS?
        ) -> NetworkListener.Connections {
            let responder = AdminResponder(
                table: table, gate: gate, tally: tally,
                auditor: Auditor(port: port, logger: logger), logger: logger)
            let (tally, logger, lines) = (tally, logger, StrangerAllowance())
            return NetworkListener.Connections(
                http: AdminServer.http(responder, roster: roster, stallMax: options.stallMax),
                tls: tls, handshakeLimit: TimeAmount(options.handshakeMax)
            ) { channel, why in
                tally.countHandshakeFailure()
                let address = PeerAddress(channel.remoteAddress)
                guard lines.takes(address) else { return }
                logger.notice(
                    "admin handshake failed",
                    metadata: ["client": "\(address?.text ?? "unknown")", "reason": "\(why)"])
            }
        }
    }

    /// Nil if there are no such listeners.
    static func start(_ surroundings: Surroundings) async throws -> AdminNetwork? {
        let options = surroundings.options
        if options.tcp == nil, options.metrics == nil { return nil }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var listeners: (tcp: [NetworkListener], metrics: [NetworkListener]) = ([], [])
        do {
            if let tcp = options.tcp {
                listeners.tcp = try await Self.listeners(
                    tcp.listen, try connections(tcp, surroundings), group, surroundings)
            }
            if let metrics = options.metrics {
                listeners.metrics = try await Self.listeners(
                    metrics.listen, try connections(metrics, surroundings), group, surroundings)
            }
            return AdminNetwork(
                group: group, tcp: listeners.tcp, metrics: listeners.metrics,
                expiryWatch: Task {
                    await surroundings.certificates.watch(
                        for: surroundings.port, logger: surroundings.logger)
                })
        } catch {
            for listener in listeners.tcp + listeners.metrics { await listener.stop() }
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private init(
        group: MultiThreadedEventLoopGroup, tcp: [NetworkListener], metrics: [NetworkListener],
        expiryWatch: Task<Void, Never>
    ) {
        self.expiryWatch = expiryWatch
        self.group = group
        self.tcp = tcp
        self.metrics = metrics
    }

    var tcpAddresses: [Model.SocketAddress] { tcp.map(\.address) }
    var metricsAddresses: [Model.SocketAddress] { metrics.map(\.address) }

    /// Gives requests in progress a second to end.
    func stop() async {
        expiryWatch.cancel()
        let listeners = tcp + metrics
        let isOver = await AdminServer.isOver(within: .seconds(1)) {
            await withDiscardingTaskGroup { stops in
                for listener in listeners { stops.addTask { await listener.stop() } }
            }
        }
        // A request that still waits has a use for its event loop.
        if isOver { try? await group.shutdownGracefully() }
    }

    private static func connections(
        _ tcp: AdminTCPListener, _ surroundings: Surroundings
    ) throws -> NetworkListener.Connections {
        let logger = surroundings.logger
        let tls = try ServerTLS(tcp.tls, allowsStrangers: tcp.tokens != nil, logger: logger)
        surroundings.certificates.add("/admin/tcp/tls/chain") { tls.life }
        let authenticator = try Authenticator(tokenFile: tcp.tokens, logger: logger)
        return surroundings.connections(
            surroundings.table, .tcp(surroundings.policy, hosts: tcp.hosts, authenticator),
            tls: tls)
    }

    private static func connections(
        _ metrics: AdminMetricsListener, _ surroundings: Surroundings
    ) throws -> NetworkListener.Connections {
        let tls = try metrics.tls.map { files in
            try ServerTLS(files, allowsStrangers: false, logger: surroundings.logger)
        }
        if let tls { surroundings.certificates.add("/admin/metrics/tls/chain") { tls.life } }
        let paths: Set = ["/metrics", "/healthz", "/readyz"]
        let table = RouteTable(surroundings.table.routes.filter { paths.contains($0.path) })
        return surroundings.connections(table, .open(hosts: metrics.hosts), tls: tls)
    }

    /// All of them or none.
    private static func listeners(
        _ addresses: [Model.SocketAddress], _ connections: NetworkListener.Connections,
        _ group: any EventLoopGroup, _ surroundings: Surroundings
    ) async throws -> [NetworkListener] {
        var started: [NetworkListener] = []
        do {
            for address in addresses {
                started.append(
                    try await NetworkListener.start(
                        address, connections, group: group, logger: surroundings.logger))
            }
            return started
        } catch {
            for listener in started { await listener.stop() }
            throw error
        }
    }
}
