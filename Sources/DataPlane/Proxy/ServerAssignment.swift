// Which server an exchange goes to, and over which connection; what follows when that fails is in
// `Retrying`. Hot.

internal import Glibc
internal import Model
internal import SharedState
internal import Syscalls

extension Engine {
    /// Gives the exchange a server: a parked connection, or a new one.
    ///
    /// - Parameter fresh: only a new connection will do.
    mutating func assignServer(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, fresh: Bool = false
    ) {
        exchange.enter(.connecting)
        if exchange[].ownServer >= 0 || exchange[].boundServer >= 0, let own = ownServer(exchange) {
            if let upstream = admit(exchange, client, toOwn: own, fresh: fresh) {
                open(exchange, client, upstream, fresh: fresh)
            }
            return
        }
        guard let backend = exchange[].backend,
            let picked = backend[].nextServer(
                avoiding: exchange[].failedUpstream, key: exchange[].balanceKey, now: now,
                random: &random)
        else {
            exchange[].note(.serverAbort, "no-server")
            fail(exchange, client, 503, "no-server")
            return
        }
        let failed = exchange[].failedUpstream
        if let failed, failed == picked, !exchange[].hasPaused {
            pause(exchange, client, upToMilliseconds: backend[].waits.connect, fresh: fresh)
            return
        }
        guard !backend[].isLimited else {
            if let upstream = admit(exchange, client, picked, avoiding: failed, fresh: fresh) {
                open(exchange, client, upstream, fresh: fresh)
            }
            return
        }
        open(exchange, client, picked, fresh: fresh)
    }

    /// Gives the exchange a connection to the server that it goes to.
    @inline(__always)
    mutating func open(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>,
        _ upstream: Ref<UpstreamServer>, fresh: Bool
    ) {
        if exchange[].assignedAt == 0 { noteFirstAssignment(exchange) }
        exchange[].upstream = upstream
        if exchange[].clientHash != 0, exchange[].ownServer != upstream[].index {
            rememberServer(exchange, upstream)
        }
        let backend = backends[upstream[].backend]
        if backend[].countsLoad { exchange.countLoad(of: upstream) }
        exchange[].connectingAt = nowNanoseconds
        if !fresh, !exchange[].isTCP, let server = takeParked(exchange, client, upstream) {
            record.add(.upstreamReuses)
            count(.reuses, of: upstream[].traffic)
            exchange[].server = server
            exchange[].connectedAt = nowNanoseconds
            exchange[].wasReused = true
            exchange.enter(.awaitingResponse)
            return
        }
        connect(exchange, client, upstream)
    }

    @inline(__always)
    private func noteFirstAssignment(_ exchange: Ref<Exchange>) {
        exchange[].assignedAt = nowNanoseconds
        exchange[].backend?[].untoldRequests &+= 1
    }

    /// A new connection to the server.
    mutating func connect(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ upstream: Ref<UpstreamServer>
    ) {
        record.add(.upstreamConnects)
        count(.connections, of: upstream[].traffic)
        exchange[].wasReused = false
        exchange[].hasPaused = false
        let hasMadeRoom = makeRoomForDescriptor()
        let wait = exchange[].backend?[].waits.connect ?? 1
        do throws(SystemError) {
            // A server may lose its address while an exchange waits for it.
            guard let address = upstream[].standing.address else {
                throw SystemError(call: "connect", errno: EHOSTUNREACH)
            }
            let socket = try upstream.connect(to: address)
            if !hasMadeRoom { noteDescriptor(socket.rawValue) }
            let server = servers.take()
            let fd = socket.take()
            server[].transport = Transport(owning: fd, isReadable: false, isWritable: false)
            server[].transport.isLocal = upstream[].isLocal
            server.connect(to: upstream, for: exchange, owner: exchange[].isTCP ? nil : client)
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
            // The next attempt makes room.
            if error.errno == EMFILE { descriptorsAreShort = true }
            didFailToConnect(exchange, client, isTimeout: false, isOurs: error.isOurShortage)
        }
    }

    mutating func serverEvent(_ server: Ref<ServerConnection>, _ bits: UInt32) {
        guard server[].state != .doomed else { return }
        server[].transport.note(bits)
        switch server[].state {
        case .new, .takenOver, .doomed: return
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
                didServe(exchange)
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

    /// Ends a connection to a server for good.
    mutating func dismiss(_ server: Ref<ServerConnection>, reset: Bool = false) {
        guard server[].state != .doomed else { return }
        server.doom()
        close(server, reset: reset)
    }

    /// What is left to do for one that is doomed.
    mutating func close(_ server: Ref<ServerConnection>, reset: Bool = false) {
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
}
