// From an accepted connection to a client that is served: the PROXY header of one that comes
// through another proxy, then the first request, or the choice of a TCP route, which may want the
// name out of a TLS hello.

internal import Model
internal import SharedState
internal import Syscalls

extension Engine {
    /// A connection has come. Who is trusted to say where a client is must say it; who is not is
    /// never listened to.
    mutating func welcome(_ client: Ref<ClientConnection>) {
        guard let input = client[].frontend?[].proxyInput else {
            begin(client, authority: .empty)
            return
        }
        // Who may connect to a unix socket, its file says.
        if client[].peer.isUnspecified || input.trusted.contains(ClientAddress(client[].peer.host))
        {
            client.change(to: .readingProxyHeader)
            client[].stateSince = nowNanoseconds
            clientTimers.arm(client, at: now + inspectWait(client))
        } else if input.refusesOthers {
            refuseArrival(client, "proxy-header-untrusted")
        } else {
            begin(client, authority: .empty)
        }
    }

    /// The client's address is known.
    ///
    /// - Parameter authority: the name that it asked the proxy before us for; empty: none is known.
    private mutating func begin(_ client: Ref<ClientConnection>, authority: Bytes) {
        guard let frontend = client[].frontend else { return }
        if frontend[].isHTTP { becomeIdle(client) } else { beginTCP(client, authority: authority) }
    }

    private func inspectWait(_ client: Ref<ClientConnection>) -> Int64 {
        client[].frontend?[].waits.inspect ?? 1
    }

    /// Closes a connection before anything is served on it, with a line in the log.
    private mutating func refuseArrival(_ client: Ref<ClientConnection>, _ error: StaticString) {
        record.add(.proxyHeaderErrors)
        let exchange = makeExchange(client)
        exchange[].keepsClient = false
        exchange[].isTCP = client[].frontend?[].isHTTP == false
        exchange[].bytesIn = Int64(client[].input.count)
        abort(exchange, client, .refused, error)
    }
}

// MARK: The PROXY header

extension Engine {
    /// True: it is over, go on with what follows.
    mutating func readProxyHeader(_ client: Ref<ClientConnection>) -> Bool {
        guard client[].transport.isReadable else { return false }
        if !client[].input.hasMemory {
            guard buffers.fill(&client[].input, startingAt: Buffer.headroomBytes) else {
                close(client)
                return false
            }
        }
        switch client[].receive() {
        case .moved(let count):
            record.add(.bytesIn, UInt64(count))
            return takeProxyHeader(client)
        case .blocked:
            if client[].input.isEmpty { buffers.empty(&client[].input) }
        // Whoever only looks whether somebody listens says nothing and is gone.
        case .ended, .failed:
            if client[].input.isEmpty {
                close(client)
            } else {
                refuseArrival(client, "proxy-header-cut")
            }
        }
        return false
    }

    /// What follows the header stays in the buffer.
    private mutating func takeProxyHeader(_ client: Ref<ClientConnection>) -> Bool {
        var header = ProxyHeader()
        let received = client[].input.bytes
        switch ProxyHeaderParser.parse(received, into: &header) {
        case .incomplete: return client[].transport.isReadable
        case .failed(let error):
            refuseArrival(client, error.name)
            return false
        case .complete(let length):
            // No client has the address that stands for all.
            if let source = header.source, source.host != .ipv6(high: 0, low: 0) {
                client[].peer = RawSocketAddress(
                    host: source.host.unmapped, port: source.port)
                client[].destination = header.destination
            }
            client[].isSecure = header.isSecure
            let authority = received.slice(header.authority)
            client[].input.consume(length)
            client[].hasUnreadInput = !client[].input.isEmpty
            clientTimers.arm(client, at: .max)
            begin(client, authority: authority)
            return client[].state != .closed
        }
    }

    mutating func refuseSlowProxyHeader(_ client: Ref<ClientConnection>) {
        refuseArrival(client, "proxy-header-timeout")
    }
}

// MARK: TCP routes

extension Engine {
    /// A TCP frontend's client: an exchange from its first moment to its last.
    private mutating func beginTCP(_ client: Ref<ClientConnection>, authority: Bytes) {
        client[].stateSince = nowNanoseconds
        let exchange = makeExchange(client)
        exchange[].isTCP = true
        exchange[].isSelfFraming = false
        exchange[].keepsClient = false
        exchange[].keepsServer = false
        exchange[].upload.begin(headBytes: 0, .untilClose)
        exchange[].download.begin(headBytes: 0, .untilClose)
        if !authority.isEmpty { noteName(authority, of: exchange) }
        chooseRoute(exchange, client, name: nil)
    }

    /// Looks for the first route that takes the connection, or waits for the hello it depends on.
    /// Limits on the way are asked once.
    private mutating func chooseRoute(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, name: Bytes?,
        isHidden: Bool = false
    ) {
        guard let table = client[].frontend?[].tcpRoutes else { return }
        while true {
            switch table.choose(
                client[].peer.host, name: name, isHidden: isHidden,
                from: Int(exchange[].nextRoute))
            {
            case .route(let place, let action, let limit):
                exchange[].nextRoute = Int32(clamping: place &+ 1)
                if limit >= 0 {
                    let verdict = ask(configuration.rateLimits[limit], client, ExchangeFacts())
                    if case .refused = verdict {
                        record.add(.rateLimited)
                        exchange[].route = place
                        abort(exchange, client, .refused, "rate-limited")
                        return
                    }
                }
                if action == .goOn { continue }
                exchange[].route = place
                follow(action, exchange, client)
            case .needsHello(let place):
                exchange[].nextRoute = Int32(clamping: place)
                clientTimers.arm(client, at: now + inspectWait(client))
            case .none: abort(exchange, client, .refused, "no-route")
            }
            return
        }
    }

    private mutating func follow(
        _ action: TCPRouteTable.Action, _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>
    ) {
        guard case .backend(let backend) = action, backends.indices.contains(backend) else {
            abort(exchange, client, .refused, "denied")
            return
        }
        exchange[].backend = backends[backend]
        setBalanceKey(exchange, client)
        recogniseClient(exchange, client)
        // Bytes of a tunnel are never an error.
        _ = exchange[].upload.approve(&client[].input)
        assignServer(exchange, client, fresh: true)
    }

    /// Reads until the name is known, or it is clear that there will be none. True: come again.
    mutating func readHello(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>
    ) -> Bool {
        // A hello may have come together with a PROXY header.
        if client[].hasUnreadInput {
            client[].hasUnreadInput = false
            return lookAtHello(exchange, client)
        }
        guard client[].transport.isReadable else { return false }
        guard makeRoomForHello(client) else { return giveUpHello(exchange, client) }
        switch client[].receive() {
        case .moved(let count):
            record.add(.bytesIn, UInt64(count))
            return lookAtHello(exchange, client)
        case .blocked:
            if client[].input.isEmpty { buffers.empty(&client[].input) }
            return false
        case .ended:
            // Seen once more when what there is has been passed on.
            client[].transport.expectEnd()
            return giveUpHello(exchange, client)
        case .failed:
            abort(exchange, client, .clientAbort, "client-abort")
            return false
        }
    }

    /// False: there is none, or the hello is longer than any.
    private mutating func makeRoomForHello(_ client: Ref<ClientConnection>) -> Bool {
        if !client[].input.hasMemory { return buffers.fill(&client[].input) }
        if client[].input.room > 0 { return true }
        client[].input.move(to: 0)
        if client[].input.room > 0 { return true }
        guard client[].input.capacity < BufferSize.large.bytes else { return false }
        return buffers.enlarge(&client[].input, toHold: BufferSize.large.bytes)
    }

    private mutating func lookAtHello(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>
    ) -> Bool {
        var memory = scratch.writer()
        var name = Bytes.empty
        switch exchange[].hello.parse(client[].input.bytes, joiningIn: &memory, name: &name) {
        case .incomplete: return client[].transport.isReadable
        case .failed: return giveUpHello(exchange, client)
        case .complete: return didLearnName(exchange, client, name)
        }
    }

    /// No TLS, or none that we understand, or none in time: routes that ask for a name do not take
    /// the connection, unless they deny; others may.
    mutating func giveUpHello(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>
    ) -> Bool {
        didLearnName(exchange, client, .empty, isHidden: true)
    }

    private mutating func didLearnName(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ name: Bytes,
        isHidden: Bool = false
    ) -> Bool {
        clientTimers.arm(client, at: .max)
        if !name.isEmpty { noteName(name, of: exchange) }
        chooseRoute(exchange, client, name: name, isHidden: isHidden)
        return client[].exchange != nil
    }

    /// For the log and for the server's PROXY header. Without memory it is not told.
    private mutating func noteName(_ name: Bytes, of exchange: Ref<Exchange>) {
        if exchange[].capture.hasMemory { buffers.empty(&exchange[].capture) }
        guard buffers.fill(&exchange[].capture, .record) else { return }
        var writer = exchange[].capture.freeWriter()
        writer.append(name)
        exchange[].captured = CapturedRequest()
        exchange[].captured.host = ByteRange(0, writer.count)
        exchange[].capture.didWrite(writer.count)
    }
}
