// What happens when an attempt fails before anything of a response went to the client: a dead
// connection is replaced, the request is sent again, or the client is told.
//
// A request of which a byte was sent is sent again only if its method is idempotent and all of those
// bytes are still here. Repeating what a server may have seen is bounded by the backend's budget, so
// that retries cannot keep failing servers from getting up; a refused connection costs nobody
// anything and is bounded by the count alone. Cold.

internal import Model
internal import SharedState
internal import Syscalls

extension Engine {
    /// The longest wait before the same server is tried again.
    private static var pauseMilliseconds: Int64 { 1_000 }

    /// No connection was made, so nothing was sent: any other server will do.
    ///
    /// - Parameter isOurs: it is us who had no socket. That is no fault of the server, and a
    ///   connection that somebody else keeps does as well.
    mutating func didFailToConnect(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, isTimeout: Bool,
        isOurs: Bool = false
    ) {
        if isOurs { record.add(.upstreamShortages) } else { countServerFailure(exchange) }
        dropServer(exchange)
        if let backend = exchange[].backend, backend[].retries.onConnectFailure,
            retry(exchange, client, isFree: !isTimeout, fresh: !isOurs)
        {
            return
        }
        if isOurs {
            exchange[].note(.resource, "no-socket")
            shed(exchange, client, "no-socket")
            return
        }
        let error: StaticString = isTimeout ? "connect-timeout" : "connect-failed"
        exchange[].note(isTimeout ? .serverTimeout : .serverAbort, error)
        fail(exchange, client, 503, error)
    }

    /// The server's end came before the first byte of a response.
    ///
    /// A connection that was reused may have been closed by the server while the request was on its
    /// way (RFC 9112 §9.3.1). That is no failure of the server, and replacing it is no retry.
    mutating func didLoseServer(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ server: Ref<ServerConnection>
    ) {
        let mayRepeat = server[].input.isEmpty && isRepeatable(exchange)
        if mayRepeat, replaceIfReused(exchange, client) { return }
        countServerFailure(exchange)
        dropServer(exchange)
        if mayRepeat, let backend = exchange[].backend, backend[].retries.onEmptyResponse,
            retry(exchange, client, isFree: exchange[].upload.totalSent == 0)
        {
            return
        }
        exchange[].note(.serverAbort, "server-closed")
        fail(exchange, client, 502, "server-closed")
    }

    /// Whether the final head that was just read is dropped for another attempt.
    mutating func retriesInstead(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, of status: Int
    ) -> Bool {
        guard let backend = exchange[].backend, isRepeatable(exchange) else { return false }
        // The farewell of a server that has waited long enough for a next request (RFC 9110
        // §15.5.9): it crossed ours.
        if status == 408, replaceIfReused(exchange, client) { return true }
        guard backend[].retries.includes(status: status), hasAttempt(exchange),
            takeFromBudget(backend)
        else { return false }
        if EjectionRule.isFailure(status: status) { didFailToServe(exchange) }
        dropServer(exchange)
        return retry(exchange, client, isFree: true)
    }

    /// What a server said on a reused connection is no response. It may have been meant for nobody:
    /// then the request has another chance.
    mutating func replacesDesynchronised(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>
    ) -> Bool {
        guard exchange[].phase == .awaitingResponse, exchange[].wasReused else { return false }
        count(.desyncs, of: exchange[].upstream?[].traffic)
        return isRepeatable(exchange) && replaceIfReused(exchange, client)
    }

    /// Nothing was answered; nothing was sent, or what was may be sent again and is still here.
    private func isRepeatable(_ exchange: Ref<Exchange>) -> Bool {
        !exchange[].uploadIsForgotten && exchange[].interimCount == 0
            && (exchange[].upload.totalSent == 0
                || exchange[].expectation.method.isIdempotent)
    }

    /// The same server, by a new connection; it keeps whatever the exchange has of the server.
    /// False: the connection was a new one.
    private mutating func replaceIfReused(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>
    ) -> Bool {
        guard let server = exchange[].server, server[].isReused, !exchange[].hasReplaced else {
            return false
        }
        exchange[].hasReplaced = true
        sendAgain(exchange)
        exchange[].waitsForServer = false
        exchange[].server = nil
        dismiss(server)
        guard let upstream = exchange[].upstream, upstream[].standing.takesPersistent else {
            assignServer(exchange, client, fresh: true)
            return true
        }
        exchange.enter(.connecting)
        exchange[].connectingAt = nowNanoseconds
        connect(exchange, client, upstream)
        return true
    }

    private func sendAgain(_ exchange: Ref<Exchange>) {
        exchange[].upload.sendAgain()
        exchange[].uploadIsBroken = false
    }

    /// Another attempt may begin, as far as count and time go: not after the moment until which
    /// a silent server would have been waited for.
    private func hasAttempt(_ exchange: Ref<Exchange>) -> Bool {
        guard let backend = exchange[].backend else { return false }
        return exchange[].retries < backend[].retries.count
            && (nowNanoseconds &- exchange[].assignedAt) / 1_000_000 < backend[].waits.server
    }

    private mutating func takeFromBudget(_ backend: Ref<UpstreamBackend>) -> Bool {
        tellRetryBudget(backend)
        return configuration.upstreams.retryBudgets[backend[].index].take(now: now)
    }

    /// Begins another attempt, with another server if there is one. False: there is none left.
    ///
    /// - Parameters:
    ///   - isFree: it costs the servers nothing, or was taken from the budget already.
    ///   - fresh: only a new connection will do.
    private mutating func retry(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, isFree: Bool, fresh: Bool = true
    ) -> Bool {
        guard let backend = exchange[].backend, hasAttempt(exchange),
            isFree || takeFromBudget(backend)
        else { return false }
        exchange[].retries &+= 1
        count(.retries, of: exchange[].upstream?[].traffic)
        count(.retries, of: backend[].traffic)
        sendAgain(exchange)
        exchange[].failedUpstream = exchange[].upstream
        assignServer(exchange, client, fresh: fresh)
        return true
    }

    /// Waits before the server that has just failed is tried again. Not all for the same time, or
    /// they would come back together.
    mutating func pause(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, upToMilliseconds limit: Int64,
        fresh: Bool
    ) {
        let most = min(limit, Self.pauseMilliseconds)
        exchange[].isPausing = true
        exchange[].needsFresh = fresh
        // Who waits for the server is not to wait for a pause.
        exchange[].permit = nil
        // The client's timer is the pause's until then.
        exchange[].waitsForClient = false
        clientTimers.arm(client, at: now + most / 2 + random.next(below: most / 2 + 1))
    }

    mutating func endPause(_ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>) {
        clientTimers.arm(client, at: .max)
        exchange[].isPausing = false
        exchange[].hasPaused = true
        assignServer(exchange, client, fresh: exchange[].needsFresh)
        advance(client)
    }

    /// The budget is told of requests now and then, not for each.
    mutating func tellRetryBudget(_ backend: Ref<UpstreamBackend>) {
        guard backend[].untoldRequests > 0 else { return }
        configuration.upstreams.retryBudgets[backend[].index].note(
            requests: backend[].untoldRequests, now: now)
        backend[].untoldRequests = 0
    }

    /// What was sent of a request stays where it is as long as it may have to be sent again and
    /// fits; then there is room behind it. False: it is to be forgotten.
    mutating func keepsSent(_ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>) -> Bool {
        guard let backend = exchange[].backend, exchange[].phase == .awaitingResponse,
            !exchange[].uploadIsForgotten, exchange[].upload.sent > 0,
            exchange[].expectation.method.isIdempotent,
            client[].input.count < backend[].retries.bufferBytes
        else { return false }
        if client[].input.room > 0 { return true }
        if client[].input.start > 0 {
            client[].input.move(to: 0)
            return true
        }
        let wanted = min(backend[].retries.bufferBytes, client[].input.count * 4)
        return buffers.enlarge(&client[].input, toHold: wanted) && client[].input.room > 0
    }
}
