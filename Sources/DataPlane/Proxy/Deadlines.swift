// Every wait has an end. A connection has one deadline: what it is for follows from its state when
// it fires. The hot path stores numbers only (`TimerWheel`).

internal import Model
internal import SharedState
internal import Syscalls

extension Engine {
    mutating func expireTimers() {
        while let client = clientTimers.nextExpired(now: now) { didTimeOut(client) }
        while let server = serverTimers.nextExpired(now: now) { didTimeOut(server) }
    }

    /// Whom the exchange waits for after this turn, and since when.
    mutating func updateDeadlines(_ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>) {
        if exchange[].phase == .tunnelling {
            if clientMoved > 0 || serverMoved || !exchange[].waitsForClient {
                exchange[].waitsForClient = true
                clientTimers.arm(client, at: now &+ tunnelWait(exchange))
            }
            return
        }
        guard let frontend = exchange[].frontend else { return }
        let waitsForClient = awaitsClient(exchange, client)
        let isCharged = waitsForClient && dependsOnClient(exchange, client)
        if clientMoved > 0 || isCharged != exchange[].pace.isCharged {
            exchange[].pace.update(at: now, moved: clientMoved, charges: isCharged)
        }
        if waitsForClient {
            if clientMoved > 0 || !exchange[].waitsForClient {
                let patience = exchange[].pace.patience(of: frontend[].waits.client)
                clientTimers.arm(client, at: now &+ patience)
            }
        } else if exchange[].waitsForClient {
            clientTimers.arm(client, at: .max)
        }
        exchange[].waitsForClient = waitsForClient
        guard let server = exchange[].server, server[].state == .inUse,
            let backend = exchange[].backend
        else { return }
        let waitsForServer = awaitsServer(exchange)
        if waitsForServer {
            if serverMoved || !exchange[].waitsForServer {
                serverTimers.arm(server, at: now &+ backend[].waits.server)
            }
        } else if exchange[].waitsForServer {
            serverTimers.arm(server, at: .max)
        }
        exchange[].waitsForServer = waitsForServer
    }

    /// Bytes to take, or bytes of a body to send.
    func awaitsClient(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>
    ) -> Bool {
        switch exchange[].phase {
        case .request, .connecting, .queued, .tunnelling: false
        case .answering: true
        case .awaitingResponse, .responding:
            exchange[].download.hasUnsent || !client[].output.isEmpty
                || !exchange[].upload.isComplete && !exchange[].upload.hasUnsent
                    && !exchange[].uploadIsBroken
        }
    }

    /// Nothing goes on without the client: neither is its server to say `100` first, nor more of a
    /// response that is being passed on.
    private func dependsOnClient(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>
    ) -> Bool {
        let hasToTake = exchange[].download.hasUnsent || !client[].output.isEmpty
        return switch exchange[].phase {
        case .request, .connecting, .queued, .tunnelling: false
        case .answering: true
        case .awaitingResponse: hasToTake || !awaitsContinue(exchange)
        case .responding: hasToTake
        }
    }

    /// Bytes of the request to take, or a response to send.
    private func awaitsServer(_ exchange: Ref<Exchange>) -> Bool {
        switch exchange[].phase {
        case .request, .connecting, .queued, .tunnelling, .answering: false
        case .awaitingResponse: exchange[].upload.hasUnsent || exchange[].upload.isComplete
        case .responding:
            !exchange[].download.hasUnsent && !exchange[].download.isComplete
        }
    }

    private mutating func didTimeOut(_ client: Ref<ClientConnection>) {
        switch client[].state {
        case .closed: break
        case .lingering: close(client)
        case .readingProxyHeader: refuseSlowProxyHeader(client)
        case .readingHead: refuseSlowHead(client)
        case .idle: closeIdle(client)
        case .exchanging:
            guard let exchange = client[].exchange, !watchServed(client) else { return }
            if client[].exchange == nil { return }
            if exchange[].isTCP, exchange[].phase == .request {
                if giveUpOpening(exchange, client) { advance(client) }
                return
            }
            if exchange[].login.ticket > 0 {
                didWaitAtDesk(exchange, client)
                return
            }
            if exchange[].isTarpitted {
                exchange[].isTarpitted = false
                answerError(exchange, client, exchange[].status, "denied")
                advance(client)
                return
            }
            if exchange[].phase == .queued {
                didWaitTooLong(exchange, client)
                return
            }
            if exchange[].isPausing {
                endPause(exchange, client)
                return
            }
            giveUpClient(exchange, client)
        }
    }

    /// It was silent for too long, or it is too slow.
    private mutating func giveUpClient(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>
    ) {
        if exchange[].phase == .tunnelling, exchange[].uploadEnded {
            abort(exchange, client, .serverTimeout, "server-timeout")
            return
        }
        let limit = exchange[].frontend?[].waits.client ?? 0
        let error: StaticString =
            exchange[].pace.isSlow(for: limit) ? "client-slow" : "client-timeout"
        exchange[].note(.clientTimeout, error)
        // The timer has fired: an answer needs it armed again, even if nothing of it can be sent now.
        exchange[].waitsForClient = false
        if exchange[].phase == .awaitingResponse, !exchange[].upload.isComplete {
            record.add(.requestTimeouts)
            fail(exchange, client, 408, error)
            advance(client)
        } else {
            abort(exchange, client, .clientTimeout, error)
        }
    }

    /// An idle connection ends without a word, unless the client has just spoken.
    private mutating func closeIdle(_ client: Ref<ClientConnection>) {
        if client[].transport.isReadable || !client[].transport.isSilent() {
            // Whatever it is: a request to answer, or the client's end.
            clientTimers.arm(client, at: now + 1_000)
            advance(client)
        } else {
            close(client)
        }
    }

    private mutating func didTimeOut(_ server: Ref<ServerConnection>) {
        switch server[].state {
        case .new, .takenOver, .doomed: break
        case .parked: endParked(server)
        case .connecting, .inUse:
            guard let exchange = server[].exchange, let client = exchange[].client else {
                dismiss(server)
                return
            }
            record.add(.upstreamTimeouts)
            if server[].state == .connecting {
                didFailToConnect(exchange, client, isTimeout: true)
            } else {
                didFailToServe(exchange)
                exchange[].note(.serverTimeout, "server-timeout")
                fail(exchange, client, 504, "server-timeout")
            }
            advance(client)
        }
    }
}
