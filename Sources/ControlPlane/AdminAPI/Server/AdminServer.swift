// The admin API: on a unix socket, by Hummingbird's server on one event loop thread of its own, and
// for other machines if that is wanted (`AdminNetwork`). Refuses to take a socket that another master
// answers on. Counterpart: `ControlPort`.

import HummingbirdCore
public import Logging
import NIOCore
import NIOPosix

/// A running admin API.
public final class AdminServer: Sendable {
    /// Beyond that a body is refused with 413.
    static let bodyBytesMax = 1_048_576
    /// Of the kernel's queue: when it is full, connect(2) fails at once where it may not block.
    static let backlog = 4096
    /// Of a connection without a request, and of a request whose head is not complete.
    static let idleTimeout = TimeAmount.seconds(60)

    private let server: Server<HTTP1Channel>
    private let group: MultiThreadedEventLoopGroup
    private let socket: AdminSocketFile
    private let running: Task<Void, Never>
    private let places: WatcherPlaces
    /// Nil: there is the unix socket only.
    let network: AdminNetwork?

    private init(
        server: Server<HTTP1Channel>, group: MultiThreadedEventLoopGroup, socket: AdminSocketFile,
        running: Task<Void, Never>, places: WatcherPlaces, network: AdminNetwork?
    ) {
        self.server = server
        self.group = group
        self.socket = socket
        self.running = running
        self.places = places
        self.network = network
    }

    /// Returns when requests are answered. The socket is born under the process's umask, which
    /// must allow the owner at most, and gets its mode and group then.
    public static func start(
        _ port: any ControlPort, options: AdminServerOptions, logger: Logger
    ) async throws -> AdminServer {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let socket = AdminSocketFile(path: options.socketPath)
        do {
            try await socket.checkUnanswered(group)
            let tally = AdminTally()
            let places = WatcherPlaces(heartbeatPeriod: options.heartbeatPeriod)
            let rosters = (
                socket: ConnectionRoster(limit: options.connectionLimit),
                network: ConnectionRoster(limit: AdminNetwork.connectionLimit)
            )
            let certificates = CertificateRoster()
            let policy = AccessPolicy(options.roles)
            for finding in policy.findings { logger.warning("\(finding)") }
            let table = AdminRoutes.table(
                port: port, version: options.version, tally: tally, places: places,
                rosters: [rosters.socket, rosters.network], certificates: certificates)
            // First what can go wrong by files and ports; it touches nothing that is there.
            let network = try await AdminNetwork.start(
                .init(
                    port: port, tally: tally, roster: rosters.network,
                    certificates: certificates, table: table, policy: policy, options: options,
                    logger: logger))
            let responder = AdminResponder(
                table: table, gate: .socket(policy), tally: tally,
                auditor: Auditor(port: port, logger: logger), logger: logger)
            do {
                let (server, running) = try await run(
                    responder, options: options, roster: rosters.socket, socket: socket,
                    group: group, logger: logger)
                return AdminServer(
                    server: server, group: group, socket: socket, running: running,
                    places: places, network: network)
            } catch {
                await network?.stop()
                throw error
            }
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    /// Takes no more connections and gives requests in progress a second to end.
    public func stop() async {
        socket.remove()
        places.close()
        await network?.stop()
        let (server, running) = (server, running)
        let isOver = await Self.isOver(within: .seconds(1)) {
            try? await server.shutdownGracefully()
            await running.value
        }
        running.cancel()
        // A request that still waits has a use for its event loop.
        if isOver { try? await group.shutdownGracefully() }
    }

    /// Whether the work has come to its end when the time has.
    static func isOver(
        within limit: Duration, _ work: @escaping @Sendable () async -> Void
    ) async -> Bool {
        let (ends, end) = AsyncStream<Bool>.makeStream()
        let working = Task {
            await work()
            end.yield(true)
        }
        let waiting = Task {
            try? await Task.sleep(for: limit)
            end.yield(false)
        }
        let isOver = await ends.first { _ in true } ?? false
        waiting.cancel()
        working.cancel()
        return isOver
    }

    /// What becomes of a connection, whatever it came by.
    static func http(
        _ responder: AdminResponder, roster: ConnectionRoster, stallMax: Duration
    ) -> HTTP1Channel {
        let stallMax = TimeAmount(stallMax)
        return HTTP1Channel(
            responder: { try await responder.respond(to: $0, $1, $2) },
            configuration: .init(
                additionalChannelHandlers: [
                    ConnectionGuard(roster: roster, stallMax: stallMax)
                ], idleTimeout: idleTimeout))
    }

    private static func run(
        _ responder: AdminResponder, options: AdminServerOptions, roster: ConnectionRoster,
        socket: AdminSocketFile, group: MultiThreadedEventLoopGroup, logger: Logger
    ) async throws -> (Server<HTTP1Channel>, Task<Void, Never>) {
        let (starts, start) = AsyncThrowingStream<Void, any Error>.makeStream()
        let server = Server(
            childChannelSetup: http(responder, roster: roster, stallMax: options.stallMax),
            configuration: ServerConfiguration(
                address: .unixDomainSocket(path: options.socketPath), backlog: backlog),
            onServerRunning: { _ in
                do {
                    try socket.setAccess(mode: options.socketMode, group: options.socketGroup)
                    start.yield()
                } catch {
                    start.finish(throwing: error)
                }
            },
            eventLoopGroup: group, logger: logger)
        let running = Task {
            do {
                try await server.run()
                start.finish()
            } catch {
                start.finish(throwing: error)
            }
        }
        for try await _ in starts { return (server, running) }
        running.cancel()
        throw AdminServerError.endedAtStart
    }
}
