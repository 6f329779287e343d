// Waiting for a server that has a limit: admission, the line, its three ends (it is the exchange's
// turn, time is up, the client has left), and what changes of servers mean to it. Hot where a limit
// is configured; a backend without one never comes here.

internal import Model
internal import SharedState

extension Engine {
    /// What a client is told that found no place, for Retry-After.
    private static var shedSeconds: Int32 { 1 }

    /// The server to go to, with a permit where it has a limit: the picked one, or what the policy
    /// picks among those that are not full. Nil: the exchange waits, or was answered.
    ///
    /// - Parameter failed: a server that it has just been to for nothing: that has a free place
    ///   because it fails, so who comes from there waits for the picked one.
    mutating func admit(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>,
        _ picked: Ref<UpstreamServer>, avoiding failed: Ref<UpstreamServer>?, fresh: Bool
    ) -> Ref<UpstreamServer>? {
        if let held = exchange[].permit?.server {
            if held == picked { return picked }
            exchange[].permit = nil
        }
        if takePermit(exchange, picked) { return picked }
        if let other = takeFree(exchange, elseThan: picked) { return other }
        return join(exchange, client, server: failed == nil ? nil : picked[].index, fresh: fresh)
    }

    /// The same for the server that the client belongs to: while it is full the exchange waits for
    /// it, and for no other as long as there is room to wait.
    mutating func admit(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>,
        toOwn server: Ref<UpstreamServer>, fresh: Bool
    ) -> Ref<UpstreamServer>? {
        if let held = exchange[].permit?.server {
            if held == server { return server }
            exchange[].permit = nil
        }
        if takePermit(exchange, server) { return server }
        return join(
            exchange, client, server: server[].index, own: server, fresh: fresh)
    }

    /// The server that the policy picks among those that have a permit left, with that; nil: all are
    /// full. One that has just failed the exchange has one because it fails.
    ///
    /// - Parameter full: it has none, as is known already.
    private mutating func takeFree(
        _ exchange: Ref<Exchange>, elseThan full: Ref<UpstreamServer>
    ) -> Ref<UpstreamServer>? {
        guard let backend = exchange[].backend,
            backend.markFull(full, exchange[].failedUpstream)
        else { return nil }
        while let other = backend[].nextFreeServer(
            key: exchange[].balanceKey, now: now, random: &random)
        {
            if takePermit(exchange, other) { return other }
            other[].isFull = true
        }
        return nil
    }

    /// False: the server is full.
    @inline(__always)
    private func takePermit(
        _ exchange: Ref<Exchange>, _ server: Ref<UpstreamServer>
    ) -> Bool {
        if server[].permits.limit == 0 { return true }
        guard let number = server[].permits.take() else { return false }
        exchange[].permit = Permit(adopting: number, of: server)
        return true
    }

    /// Stands in line, for one server or for any. The server to go to, if one is free after all.
    ///
    /// - Parameter own: that server, if another one will do where the line is full.
    private mutating func join(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, server: Int?,
        own: Ref<UpstreamServer>? = nil, fresh: Bool
    ) -> Ref<UpstreamServer>? {
        exchange.enter(.queued)
        exchange[].queuedAt = nowNanoseconds
        guard let backend = exchange[].backend, configuration.queues.listen() else {
            exchange[].note(.resource, "queue-full")
            shed(exchange, client, "queue-full")
            return nil
        }
        var joining = stand(exchange, in: backend, server: server)
        var lane = server
        if case .laneIsFull = joining, let server {
            if let other = takeFree(exchange, elseThan: backend[].servers[server]) {
                exchange.enter(.connecting)
                return other
            }
            lane = nil
            joining = stand(exchange, in: backend, server: nil)
        }
        switch joining {
        case .full, .laneIsFull:
            if let own, let other = takeFree(exchange, elseThan: own) {
                exchange.enter(.connecting)
                return other
            }
            exchange[].note(.serverAbort, "queue-full")
            shed(exchange, client, "queue-full")
            return nil
        case .answered(let answer):
            return go(exchange, answer)
        case .waits(let ticket):
            exchange[].place = QueuePlace(
                ticket, in: configuration.queues.queues[backend[].index])
            exchange[].queuedBehind = Int(ticket.ahead)
            exchange[].waitedForOne = lane != nil
            exchange[].needsFresh = fresh
            count(.queued, of: backend[].traffic)
            exchange[].waitsForClient = false
            clientTimers.arm(client, at: now &+ backend[].waits.queue)
            return nil
        }
    }

    private mutating func stand(
        _ exchange: Ref<Exchange>, in backend: Ref<UpstreamBackend>, server: Int?
    ) -> BackendQueue.Joining {
        var others: [QueueAnswer] = []
        let joining = configuration.queues.queues[backend[].index].join(
            Waiter(
                loop: index, exchange: exchange.token(tag: 0), priority: priority(of: exchange),
                server: server), answers: &others)
        for answer in others { queues.deliver(answer) }
        return joining
    }

    private func priority(of exchange: Ref<Exchange>) -> Int {
        guard let frontend = exchange[].frontend else { return Route.defaultPriority }
        let routes = configuration.configuration.frontends[frontend[].index].routes
        let place = exchange[].route
        return routes.indices.contains(place) ? routes[place].priority : Route.defaultPriority
    }

    /// Takes over what the answer holds; nil: there is no server.
    private func go(_ exchange: Ref<Exchange>, _ answer: QueueAnswer) -> Ref<UpstreamServer>? {
        guard let place = answer.server else { return nil }
        let server = backends[answer.backend][].servers[place]
        if let permit = answer.permit {
            exchange[].permit = Permit(adopting: permit, of: server)
        }
        exchange.enter(.connecting)
        return server
    }

    // MARK: The ends

    /// What this loop's own exchanges were answered.
    mutating func hearAnswers() {
        guard !queues.answers.isEmpty else { return }
        for answer in queues.takeAnswers() { hear(answer) }
        queues.didTake()
    }

    /// It is an exchange's turn, unless that has gone meanwhile: then the next one's.
    mutating func hear(_ answer: QueueAnswer) {
        // Where the queue knows more than this loop does. It may end sessions, so it comes first: none
        // of those that wait.
        if let server = answer.server,
            !backends[answer.backend][].servers[server][].standing.takesPersistent
        {
            attendServersIfChanged()
        }
        let exchange = Ref<Exchange>(token: answer.exchange)
        guard exchange[].place?.isMeant(by: answer) == true, let client = exchange[].client else {
            queues.refuse(answer)
            return
        }
        exchange[].place.take()?.end()
        endWait(exchange)
        clientTimers.arm(client, at: .max)
        guard let server = go(exchange, answer) else {
            exchange[].note(.serverAbort, "no-server")
            fail(exchange, client, 503, "no-server")
            advance(client)
            return
        }
        if server[].standing.takesPersistent {
            open(exchange, client, server, fresh: exchange[].needsFresh)
        } else {
            // It went out of service on the way.
            assignServer(exchange, client, fresh: exchange[].needsFresh)
        }
        advance(client)
    }

    mutating func endWait(_ exchange: Ref<Exchange>) {
        let wait = max(0, nowNanoseconds &- exchange[].queuedAt)
        exchange[].queueNanoseconds &+= wait
        count(.queueMicroseconds, UInt64(wait / 1_000), of: exchange[].backend?[].traffic)
    }

    mutating func didWaitTooLong(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>
    ) {
        endWait(exchange)
        exchange[].note(.serverTimeout, "queue-timeout")
        shed(exchange, client, "queue-timeout")
        advance(client)
    }

    /// There is more to do than servers, or we, can do: the client is to come again, not at once.
    mutating func shed(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ name: StaticString
    ) {
        exchange[].retryAfterSeconds = Self.shedSeconds
        fail(exchange, client, 503, name)
    }

    /// A client that ends its side while it waits may have said all it had to, or be gone: the two
    /// look alike until it is sent something, which resets the connection of one that is gone, and
    /// its place is free. To the other an interim response says nothing (RFC 9110 §15.2). In
    /// HTTP/1.0 there are none, so such a client keeps its place.
    mutating func askWhetherGone(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>
    ) {
        guard client[].transport.peerHasEnded, !exchange[].isTCP, !exchange[].wasAskedWhetherGone,
            exchange[].clientVersion == .http11
        else { return }
        exchange[].wasAskedWhetherGone = true
        _ = answer(client, LocalResponseWriter.continue100)
    }

    // MARK: Servers

    func makePermitSource(_ server: Ref<UpstreamServer>) -> PermitSource {
        guard let worker = configuration.queues.worker else { return PermitSource() }
        return PermitSource(
            server[].record, worker: worker,
            queue: configuration.queues.queues[server[].backend], loop: queues)
    }

    /// Something about the backend's servers may be new: limits, or who takes traffic.
    mutating func attendQueue(of backend: Ref<UpstreamBackend>) {
        let wasLimited = backend[].isLimited
        var isLimited = false
        for server in backend[].servers {
            let percent = server[].standing.rampPercent(
                over: server[].slowStart, wall: wallMilliseconds)
            server[].permits.read(
                configuredLimit: server[].configuredLimit, rampPercent: percent,
                in: configuration.traffic.region)
            if server[].permits.limit > 0 { isLimited = true }
        }
        backend[].isLimited = isLimited
        guard isLimited || wasLimited else { return }
        let queue = configuration.queues.queues[backend[].index]
        for answer in queue.attend(now: now, wall: wallMilliseconds) { queues.deliver(answer) }
    }
}
