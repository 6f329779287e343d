// One listening TCP socket of the admin API, with the connections that come of it. Runs on the event
// loop that it is given, and each connection in a task of its own.

import HummingbirdCore
import Logging
import Model
import NIOCore
import NIOHTTPTypes
import NIOPosix

final class NetworkListener: Sendable {
    /// What the connections of a listener have in common.
    struct Connections: Sendable {
        var http: HTTP1Channel
        /// Nil: plaintext.
        var tls: ServerTLS?
        var handshakeLimit: TimeAmount
        /// Is told of each handshake that came to nothing.
        var handshakeFailed: @Sendable (any Channel, String) -> Void
    }

    /// Where it really is: the port is the kernel's if none was asked for.
    let address: Model.SocketAddress
    private let channel: any Channel
    private let running: Task<Void, Never>

    /// - Throws: `AdminServerError.listen`.
    static func start(
        _ address: Model.SocketAddress, _ connections: Connections, group: any EventLoopGroup,
        logger: Logger
    ) async throws -> NetworkListener {
        // As every other listener: IPv6 is IPv6 only (IPV6_V6ONLY, ipv6(7)).
        let onlyIPv6 = ChannelOptions.Types.SocketOption(
            level: .ipv6, name: NIOBSDSocket.Option(rawValue: 26))
        var bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
        if case .ipv6 = address.host {
            bootstrap = bootstrap.serverChannelOption(onlyIPv6, value: 1)
        }
        do {
            let server = try await bootstrap.bind(
                host: "\(address.host)", port: Int(address.port)
            ) { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let tls = connections.tls else { return }
                    try channel.pipeline.syncOperations.addHandlers([
                        tls.handler(),
                        HandshakeGuard(
                            limit: connections.handshakeLimit, failed: connections.handshakeFailed),
                    ])
                }.flatMap { connections.http.setup(channel: channel, logger: logger) }
            }
            return NetworkListener(server, asked: address, connections.http, logger)
        } catch {
            throw AdminServerError.listen(address: "\(address)", reason: "\(error)")
        }
    }

    private init(
        _ server: NIOAsyncChannel<HTTP1Channel.Value, Never>, asked: Model.SocketAddress,
        _ http: HTTP1Channel, _ logger: Logger
    ) {
        channel = server.channel
        address = Model.SocketAddress(
            host: asked.host,
            port: server.channel.localAddress?.port.flatMap { UInt16(exactly: $0) } ?? asked.port)
        running = Task {
            await withDiscardingTaskGroup { group in
                do {
                    try await server.executeThenClose { connections in
                        for try await connection in connections {
                            group.addTask { await http.handle(value: connection, logger: logger) }
                        }
                    }
                } catch {
                    logger.error(
                        "an admin listener has ended",
                        metadata: ["address": "\(asked)", "error": "\(error)"])
                }
            }
        }
    }

    /// Takes no more connections, and returns when those that there are have ended: idle ones at
    /// once, others with their request.
    func stop() async {
        try? await channel.close()
        running.cancel()
        await running.value
    }
}
