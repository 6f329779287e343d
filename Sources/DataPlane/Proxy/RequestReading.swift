// From a client's bytes to a request head: idle, reading, and what to do when it takes too long or
// is wrong. Hot.

internal import Model
internal import SharedState
internal import Syscalls

extension Engine {
    mutating func clientEvent(_ client: Ref<ClientConnection>, _ bits: UInt32) {
        guard client[].state != .closed else { return }
        client[].transport.note(bits)
        advance(client)
    }

    /// Does whatever can be done for a client connection now: requests one after the other, each
    /// as far as it goes, for a bounded number of turns.
    mutating func advance(_ client: Ref<ClientConnection>) {
        var turns = Self.turnsMax
        while turns > 0 {
            turns &-= 1
            let goesOn: Bool
            switch client[].state {
            case .readingProxyHeader: goesOn = readProxyHeader(client)
            case .idle, .readingHead: goesOn = readHead(client)
            case .exchanging:
                guard let exchange = client[].exchange else { return }
                goesOn = advance(exchange, client)
            case .lingering: goesOn = linger(client)
            case .closed: return
            }
            if !goesOn {
                if !client[].isWatched { watch(client) }
                return
            }
        }
        enqueue(client)
    }

    /// The connection waits for a request.
    mutating func becomeIdle(_ client: Ref<ClientConnection>) {
        client.change(to: .idle)
        client[].stateSince = nowNanoseconds
        guard let frontend = client[].frontend else { return }
        if client[].input.isEmpty {
            buffers.empty(&client[].input)
        } else {
            client[].hasUnreadInput = true
        }
        clientTimers.arm(client, at: idleDeadline(frontend[].waits.keepAlive))
    }

    /// Looks at what is there, or receives. True: something changed, come again.
    private mutating func readHead(_ client: Ref<ClientConnection>) -> Bool {
        if client[].hasUnreadInput { return parseHead(client) }
        guard client[].transport.isReadable else { return false }
        if !makeRoomForHead(client) { return client[].state == .exchanging }
        switch client[].receive() {
        case .moved(let count):
            record.add(.bytesIn, UInt64(count))
            return parseHead(client)
        case .blocked:
            if client[].input.isEmpty { buffers.empty(&client[].input) }
            return false
        case .ended: didEndBeforeHead(client)
        case .failed: close(client)
        }
        return false
    }

    private mutating func makeRoomForHead(_ client: Ref<ClientConnection>) -> Bool {
        if !client[].input.hasMemory {
            let filled = buffers.fill(
                &client[].input, startingAt: Buffer.headroomBytes)
            if !filled { close(client) }
            return filled
        }
        if client[].input.room == 0 {
            client[].input.move(to: min(Buffer.headroomBytes, client[].input.start))
        }
        if client[].input.room > 0 { return true }
        // Longer than any head that the limits allow.
        refuse(client, .headTooLarge)
        return false
    }

    private mutating func parseHead(_ client: Ref<ClientConnection>) -> Bool {
        client[].hasUnreadInput = false
        guard let frontend = client[].frontend else { return false }
        let received = client[].input.bytes
        let result = client[].parser.parse(
            received, limits: frontend[].limits, into: &request)
        switch result {
        case .complete(let length):
            if let error = frontend[].paths.apply(to: &request, in: received) {
                refuse(client, error)
                return client[].state != .closed
            }
            if client[].state == .idle { client[].stateSince = nowNanoseconds }
            beginExchange(client, headBytes: length)
            return true
        case .incomplete:
            if client[].state == .idle, RequestHeadParser.hasBegun(received) {
                client.change(to: .readingHead)
                client[].stateSince = nowNanoseconds
                clientTimers.arm(client, at: now + frontend[].waits.request)
            }
            return client[].transport.isReadable
        case .failed(let error):
            refuse(client, error)
            return client[].state != .closed
        }
    }

    /// A silent end between two requests is how connections end; in a head it is an abort.
    private mutating func didEndBeforeHead(_ client: Ref<ClientConnection>) {
        if client[].state == .readingHead, drain.isServing { record.add(.badRequests) }
        close(client)
    }

    /// Of a message that is at fault, by the status that it gets.
    mutating func countRefusal(_ status: Int) {
        switch status {
        case 413: record.add(.bodiesTooLarge)
        case 414: record.add(.targetsTooLong)
        case 417: record.add(.expectationsFailed)
        case 431: record.add(.headersTooLarge)
        case 501, 505: record.add(.notImplemented)
        default: record.add(.badRequests)
        }
    }

    /// Answers a request that is not one.
    mutating func refuse(_ client: Ref<ClientConnection>, _ error: HTTPError) {
        countRefusal(error.status)
        let exchange = makeExchange(client)
        exchange[].keepsClient = false
        exchange[].bytesIn = Int64(client[].input.count)
        exchange[].note(.refused, error.name)
        answerError(exchange, client, error.status, error.name)
    }

    /// The head did not come in time.
    mutating func refuseSlowHead(_ client: Ref<ClientConnection>) {
        record.add(.requestTimeouts)
        let exchange = makeExchange(client)
        exchange[].keepsClient = false
        exchange[].bytesIn = Int64(client[].input.count)
        exchange[].note(.clientTimeout, "request-timeout")
        answerError(exchange, client, 408, "request-timeout")
        advance(client)
    }
}
