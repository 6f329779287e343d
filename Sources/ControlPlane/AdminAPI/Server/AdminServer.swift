// The admin API on a unix socket, by Hummingbird's server on one event loop thread of its own.
// Refuses to take a socket that another master answers on. Counterpart: `ControlPort`.

import HummingbirdCore
public import Logging
import NIOCore
import NIOPosix

/// Why the API could not be started.
public enum AdminServerError: Error, Sendable, Equatable, CustomStringConvertible {
    case alreadyServed(path: String)
    case endedAtStart

    public var description: String {
        switch self {
        case .alreadyServed(let path): "another master answers on \(path)"
        case .endedAtStart: "the admin server ended before it began"
        }
    }
}

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

    private init(
        server: Server<HTTP1Channel>, group: MultiThreadedEventLoopGroup, socket: AdminSocketFile,
        running: Task<Void, Never>, places: WatcherPlaces
    ) {
        self.server = server
        self.group = group
        self.socket = socket
        self.running = running
        self.places = places
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
            let roster = ConnectionRoster(limit: options.connectionLimit)
            let policy = AccessPolicy(options.roles)
            for finding in policy.findings { logger.warning("\(finding)") }
            let responder = AdminResponder(
                table: AdminRoutes.table(
                    port: port, version: options.version, tally: tally, places: places,
                    roster: roster),
                gate: .socket(policy), tally: tally, auditor: Auditor(port: port, logger: logger),
                logger: logger)
            let (server, running) = try await run(
                responder, options: options, roster: roster, socket: socket, group: group,
                logger: logger)
            return AdminServer(
                server: server, group: group, socket: socket, running: running, places: places)
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    /// Takes no more connections and gives requests in progress a second to end.
    public func stop() async {
        socket.remove()
        places.close()
        let (ends, end) = AsyncStream<Bool>.makeStream()
        let (server, running) = (server, running)
        let graceful = Task {
            try? await server.shutdownGracefully()
            await running.value
            end.yield(true)
        }
        let limit = Task {
            try? await Task.sleep(for: .seconds(1))
            end.yield(false)
        }
        let isOver = await ends.first { _ in true } ?? false
        limit.cancel()
        graceful.cancel()
        running.cancel()
        // A request that still waits has a use for its event loop.
        if isOver { try? await group.shutdownGracefully() }
    }

    private static func run(
        _ responder: AdminResponder, options: AdminServerOptions, roster: ConnectionRoster,
        socket: AdminSocketFile, group: MultiThreadedEventLoopGroup, logger: Logger
    ) async throws -> (Server<HTTP1Channel>, Task<Void, Never>) {
        let (starts, start) = AsyncThrowingStream<Void, any Error>.makeStream()
        let stallMax = TimeAmount(options.stallMax)
        let server = Server(
            childChannelSetup: HTTP1Channel(
                responder: { try await responder.respond(to: $0, $1, $2) },
                configuration: .init(
                    additionalChannelHandlers: [
                        ConnectionGuard(roster: roster, stallMax: stallMax)
                    ], idleTimeout: idleTimeout)),
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
