// A TCP frontend's client from its first moment to a server, or to the HTTP frontend that a route
// hands it over to: the search for that route, and the first bytes that it may depend on.

internal import Model
internal import SharedState
internal import Syscalls

extension Engine {
    /// A TCP frontend's client: an exchange from its first moment to its last.
    ///
    /// - Parameter authority: the name that it asked the proxy before us for; empty: none is known.
    mutating func beginTCP(_ client: Ref<ClientConnection>, authority: Bytes) {
        client[].stateSince = nowNanoseconds
        let exchange = makeExchange(client)
        exchange[].isTCP = true
        exchange[].isSelfFraming = false
        exchange[].keepsClient = false
        exchange[].keepsServer = false
        exchange[].upload.begin(headBytes: 0, .untilClose)
        exchange[].download.begin(headBytes: 0, .untilClose)
        if !authority.isEmpty { noteName(authority, of: exchange) }
        chooseRoute(exchange, client, TCPOpening())
    }

    /// Looks for the first route that takes the connection, or waits for the bytes it depends on.
    /// Limits on the way are asked once.
    private mutating func chooseRoute(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ opening: TCPOpening
    ) {
        guard let table = client[].frontend?[].tcpRoutes else { return }
        while true {
            switch table.choose(
                client[].peer.host, port: client[].port, opening,
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
            case .needsOpening(let place):
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
        switch action {
        case .backend(let place) where backends.indices.contains(place):
            exchange[].backend = backends[place]
            setBalanceKey(exchange, client)
            recogniseClient(exchange, client)
            // Bytes of a tunnel are never an error.
            _ = exchange[].upload.approve(&client[].input)
            assignServer(exchange, client, fresh: true)
        case .frontend(let place) where frontends.indices.contains(place):
            handOver(exchange, client, to: frontends[place])
        case .backend, .frontend, .deny, .goOn: abort(exchange, client, .refused, "denied")
        }
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

// MARK: The first bytes

extension Engine {
    /// Reads until what routes ask is known, or it is clear that it never will be. True: come again.
    mutating func readOpening(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>
    ) -> Bool {
        // They may have come together with a PROXY header.
        if client[].hasUnreadInput {
            client[].hasUnreadInput = false
            return lookAtOpening(exchange, client)
        }
        guard client[].transport.isReadable else { return false }
        guard makeRoomForOpening(client) else { return giveUpOpening(exchange, client) }
        switch client[].receive() {
        case .moved(let count):
            record.add(.bytesIn, UInt64(count))
            if client[].input.count == count { client[].stateSince = nowNanoseconds }
            return lookAtOpening(exchange, client)
        case .blocked:
            if client[].input.isEmpty { buffers.empty(&client[].input) }
            return false
        case .ended:
            // Seen once more when what there is has been passed on.
            client[].transport.expectEnd()
            return giveUpOpening(exchange, client)
        case .failed:
            abort(exchange, client, .clientAbort, "client-abort")
            return false
        }
    }

    /// False: there is none, or the opening is longer than any.
    private mutating func makeRoomForOpening(_ client: Ref<ClientConnection>) -> Bool {
        // It may be the beginning of a head, which is rewritten where it stands.
        if !client[].input.hasMemory {
            return buffers.fill(&client[].input, startingAt: Buffer.headroomBytes)
        }
        if client[].input.room > 0 { return true }
        client[].input.move(to: 0)
        if client[].input.room > 0 { return true }
        guard client[].input.capacity < BufferSize.large.bytes else { return false }
        return buffers.enlarge(&client[].input, toHold: BufferSize.large.bytes)
    }

    private mutating func lookAtOpening(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>
    ) -> Bool {
        guard let table = client[].frontend?[].tcpRoutes else { return false }
        var memory = scratch.writer()
        guard
            let opening = exchange[].opening.read(
                client[].input.bytes, for: table.questions, joiningIn: &memory)
        else { return client[].transport.isReadable }
        return didRead(opening, exchange, client)
    }

    /// Neither TLS nor HTTP, or none that we understand, or none in time: routes that ask for what is
    /// hidden do not take the connection, unless they deny; others may.
    mutating func giveUpOpening(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>
    ) -> Bool {
        didRead(OpeningReader.hidden(client[].input.bytes), exchange, client)
    }

    private mutating func didRead(
        _ opening: TCPOpening, _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>
    ) -> Bool {
        clientTimers.arm(client, at: .max)
        if let name = opening.name, !name.isEmpty { noteName(name, of: exchange) }
        chooseRoute(exchange, client, opening)
        return client[].state != .closed
    }
}

// MARK: Handing over

extension Engine {
    /// From here on the client is one of an HTTP frontend, as if it had come to a listener of that: what
    /// it has sent is the beginning of its first request. It keeps the place that it was accepted to,
    /// and takes one of the other frontend as well. There its waits count from when they would have
    /// begun, so that nobody has them twice.
    private mutating func handOver(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>,
        to frontend: Ref<FrontendState>
    ) {
        guard takePlace(of: frontend) else {
            refuseHandOver(exchange, client, to: frontend)
            return
        }
        let beganAt = exchange[].beganAt
        let firstByteAt = client[].stateSince
        recycle(exchange, client)
        client[].frontend = frontend
        count(.connections, of: frontend[].traffic)
        becomeIdle(client)
        guard RequestHeadParser.hasBegun(client[].input.bytes) else {
            let latest = beganAt / 1_000_000 &+ frontend[].waits.keepAlive
            clientTimers.arm(client, at: min(client[].timer.deadline, latest))
            return
        }
        client.change(to: .readingHead)
        client[].stateSince = firstByteAt
        clientTimers.arm(client, at: firstByteAt / 1_000_000 &+ frontend[].waits.request)
    }

    /// Two that come for the last place at once may both miss it, and this one will not come again.
    private func takePlace(of frontend: Ref<FrontendState>) -> Bool {
        let gauge = configuration.frontendGauges[frontend[].index]
        return gauge.take() || gauge.take() || gauge.take()
    }

    /// It has as many clients as it may; this one cannot wait to be accepted.
    private mutating func refuseHandOver(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>,
        to frontend: Ref<FrontendState>
    ) {
        exchange[].isTCP = false
        exchange[].isSelfFraming = true
        exchange[].frontend = frontend
        exchange[].headAt = nowNanoseconds
        count(.queued, of: frontend[].traffic)
        // Routes of the other frontend have other numbers.
        exchange[].route = -1
        exchange[].bytesIn = Int64(client[].input.count)
        exchange[].retryAfterSeconds = 1
        exchange[].note(.resource, "frontend-full")
        answerError(exchange, client, 503, "frontend-full")
    }
}
