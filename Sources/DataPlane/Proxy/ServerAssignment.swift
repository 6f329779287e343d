// Which server an exchange goes to, over which connection, and what happens when that fails before
// the server has said anything. Hot.

internal import Glibc
internal import Model
internal import SharedState
internal import Syscalls

extension Engine {
    /// Servers that are tried before the client is told.
    private static var attemptsMax: UInt8 { 3 }
    /// Parked connections to one server in one loop.
    private static var parkedMax: Int { 256 }
    private static var parkedMilliseconds: Int64 { 30_000 }

    /// Gives the exchange a server: a parked connection, or a new one.
    ///
    /// - Parameter fresh: only a new connection will do.
    mutating func assignServer(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, fresh: Bool = false
    ) {
        exchange.enter(.connecting)
        let failed = exchange[].connectAttempts > 0 ? exchange[].upstream : nil
        guard let backend = exchange[].backend,
            let upstream = backend[].nextServer(
                avoiding: failed, key: exchange[].balanceKey, now: now, random: &random)
        else {
            exchange[].note(.serverAbort, "no-server")
            fail(exchange, client, 503, "no-server")
            return
        }
        exchange[].upstream = upstream
        if backend[].countsLoad { exchange.countLoad(of: upstream) }
        exchange[].connectingAt = nowNanoseconds
        if !fresh, !exchange[].isTCP, let server = upstream.takeParked(for: exchange) {
            parkedCount &-= 1
            record.add(.upstreamReuses)
            count(.reuses, of: upstream[].traffic)
            // The time it may be parked is not a time to answer in.
            serverTimers.arm(server, at: .max)
            exchange[].server = server
            exchange[].connectedAt = nowNanoseconds
            exchange[].wasReused = true
            exchange.enter(.awaitingResponse)
            return
        }
        connect(exchange, client, upstream, backend[].waits.connect)
    }

    private mutating func connect(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>,
        _ upstream: Ref<UpstreamServer>, _ wait: Int64
    ) {
        record.add(.upstreamConnects)
        count(.connections, of: upstream[].traffic)
        exchange[].connectAttempts &+= 1
        exchange[].wasReused = false
        do throws(SystemError) {
            var start = TCPSocket.ConnectStart.inProgress
            let socket = try TCPSocket.connect(to: upstream[].address, start: &start)
            try TCPSocket.setNoDelay(socket.rawValue)
            let server = servers.take()
            let fd = socket.take()
            server[].transport = Transport(owning: fd, isReadable: false, isWritable: false)
            server.connect(to: upstream, for: exchange)
            exchange[].server = server
            serverTimers.arm(server, at: now + wait)
            if let version = upstream[].proxyProtocol,
                !addProxyHeader(version, to: server, exchange, client)
            {
                throw SystemError(call: "malloc", errno: ENOMEM)
            }
            try epoll.add(
                fd: fd, events: Transport.events, token: server.token(tag: Tag.server))
        } catch {
            didFailToConnect(exchange, client, isTimeout: false)
        }
    }

    mutating func serverEvent(_ server: Ref<ServerConnection>, _ bits: UInt32) {
        guard server[].state != .doomed else { return }
        server[].transport.note(bits)
        switch server[].state {
        case .new, .doomed: return
        case .parked:
            checkParked(server)
            return
        case .connecting:
            guard didConnect(server) else { return }
        case .inUse: break
        }
        if let client = server[].exchange?[].client { advance(client) }
    }

    /// Whether the connection was made; if not, another server is tried.
    private mutating func didConnect(_ server: Ref<ServerConnection>) -> Bool {
        guard let exchange = server[].exchange, let client = exchange[].client else {
            dismiss(server)
            return false
        }
        if !server[].transport.hasFailed {
            guard server[].transport.isWritable else { return false }
            server.didConnect()
            serverTimers.arm(server, at: .max)
            exchange[].connectedAt = nowNanoseconds
            if exchange[].isTCP {
                beginTCPTunnel(exchange)
            } else {
                exchange.enter(.awaitingResponse)
            }
            return true
        }
        didFailToConnect(exchange, client, isTimeout: false)
        advance(client)
        return false
    }

    /// Nothing was sent yet, so any other server will do.
    mutating func didFailToConnect(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, isTimeout: Bool
    ) {
        countServerFailure(exchange)
        dropServer(exchange)
        if exchange[].connectAttempts < Self.attemptsMax {
            exchange[].retries &+= 1
            assignServer(exchange, client, fresh: true)
            return
        }
        let error: StaticString = isTimeout ? "connect-timeout" : "connect-failed"
        exchange[].note(isTimeout ? .serverTimeout : .serverAbort, error)
        fail(exchange, client, 503, error)
    }

    /// The server's end came before the first byte of a response.
    ///
    /// A connection that was reused may have been closed by the server while the request was on its
    /// way: it is repeated on a new one if that can do no harm (RFC 9112 §9.3.1).
    mutating func didLoseServer(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ server: Ref<ServerConnection>
    ) {
        countServerFailure(exchange)
        let wasReused = server[].isReused
        let saidNothing = server[].input.isEmpty && exchange[].interimCount == 0
        dropServer(exchange)
        let reachedNobody = exchange[].upload.totalSent == 0
        if wasReused, saidNothing, !exchange[].uploadIsForgotten,
            reachedNobody || exchange[].expectation.method.isIdempotent
        {
            exchange[].retries &+= 1
            exchange[].upload.sendAgain()
            exchange[].uploadIsBroken = false
            assignServer(exchange, client, fresh: true)
            return
        }
        exchange[].note(.serverAbort, "server-closed")
        fail(exchange, client, 502, "server-closed")
    }

    /// Bytes or the end on a connection that nobody uses: it is of no use any more. Events of its
    /// former exchange may still come, so the socket is asked.
    private mutating func checkParked(_ server: Ref<ServerConnection>) {
        guard server[].transport.isReadable else { return }
        if !server[].transport.hasFailed, !server[].transport.peerHasEnded,
            server[].transport.isSilent()
        {
            return
        }
        dismiss(server)
    }

    /// The exchange is over and the connection fit for another one.
    mutating func park(_ server: Ref<ServerConnection>) {
        guard let upstream = server[].server, upstream[].parkedCount < Self.parkedMax,
            upstream[].standing.adminState != .maintenance
        else {
            dismiss(server)
            return
        }
        buffers.empty(&server[].input)
        server.park()
        parkedCount &+= 1
        serverTimers.arm(server, at: now &+ Self.parkedMilliseconds)
    }

    /// Ends a connection to a server for good.
    mutating func dismiss(_ server: Ref<ServerConnection>, reset: Bool = false) {
        guard server[].state != .doomed else { return }
        if server[].state == .parked { parkedCount &-= 1 }
        server.doom()
        server[].transport.close(reset: reset)
        serverTimers.cancel(server)
        buffers.empty(&server[].input)
        buffers.empty(&server[].preface)
        closedServers.append(server)
    }

    /// The exchange has no server any more.
    mutating func dropServer(_ exchange: Ref<Exchange>, reset: Bool = false) {
        exchange[].waitsForServer = false
        guard let server = exchange[].server else { return }
        exchange[].server = nil
        dismiss(server, reset: reset)
    }

    /// Parked connections have no future in a loop that drains.
    mutating func dismissParked() {
        for backend in backends {
            for upstream in backend[].servers { dismissParked(of: upstream) }
        }
    }

    mutating func dismissParked(of upstream: Ref<UpstreamServer>) {
        while let server = upstream.anyParked { dismiss(server) }
    }
}
