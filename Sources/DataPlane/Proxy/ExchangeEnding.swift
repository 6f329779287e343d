// How exchanges end: with a response, with an answer of our own, with an abort; and what becomes of
// the two connections then. Hot in its first half.

internal import Model
internal import SharedState
internal import Syscalls

extension Engine {
    /// Local answers that do not fit into the loop's scratch memory may be this long.
    private static var longAnswerBytes: Int { 4 << 20 }
    /// Unsent answers, behind which one more may stand.
    private static var answersMaxBytes: Int { 65_536 }

    /// The response is sent. True: the client connection has something to do.
    mutating func finish(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>
    ) -> Bool {
        if let server = exchange[].server {
            exchange[].server = nil
            if exchange[].keepsServer, exchange[].phase == .responding, drain.isServing {
                parkIfClean(server, behind: exchange)
            } else {
                dismiss(server)
            }
        }
        let wasTunnel = exchange[].phase == .tunnelling
        let keepsClient = exchange[].keepsClient && exchange[].upload.isComplete
        let clientCloses = exchange[].clientCloses && exchange[].upload.isComplete
        exchange[].upload.forgetAll(&client[].input)
        release(exchange, client)
        if wasTunnel {
            close(client)
            return false
        }
        client[].hasExchanged = true
        if keepsClient {
            becomeIdle(client)
            return client[].hasUnreadInput || client[].transport.isReadable
        }
        return beginLingering(client, clientCloses: clientCloses)
    }

    /// Logs and recycles the exchange.
    private mutating func release(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>
    ) {
        switch exchange[].status / 100 {
        case 2: record.add(.responses2xx)
        case 3: record.add(.responses3xx)
        case 4: record.add(.responses4xx)
        case 5: record.add(.responses5xx)
        default: break
        }
        leaveDesk(exchange)
        countTraffic(exchange)
        exchange.countLoad(of: nil)
        if exchange[].phase == .tunnelling { tunnelCount &-= 1 }
        if configuration.accessLog != nil { writeLog(exchange, client) }
        recycle(exchange, client)
    }

    /// Takes the exchange from its client, without a word about it.
    mutating func recycle(_ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>) {
        buffers.empty(&exchange[].capture)
        if let pipe = exchange[].uploadPipe { pipes.give(pipe) }
        if let pipe = exchange[].downloadPipe { pipes.give(pipe) }
        guard let current = client[].exchange, current == exchange else {
            preconditionFailure("an exchange is over only once")
        }
        client[].exchange = nil
        exchanges.recycle(exchange)
    }

    /// Ends the exchange and its connections: nothing more can be said to the client.
    mutating func abort(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ end: ExchangeEnd,
        _ error: StaticString
    ) {
        exchange[].note(end, error)
        // A client that counts or sees chunks misses the end by itself, and keeps what has arrived.
        let reset = !exchange[].isSelfFraming || exchange[].isTCP || end == .clientAbort
        dropServer(exchange, reset: exchange[].phase == .tunnelling)
        release(exchange, client)
        close(client, reset: reset)
    }

    /// An error answer if one is still possible, otherwise an abort. The reason was noted.
    mutating func fail(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ status: Int,
        _ name: StaticString
    ) {
        if exchange[].hasResponded || exchange[].isTCP || exchange[].phase == .tunnelling {
            abort(exchange, client, exchange[].end, name)
        } else {
            answerError(exchange, client, status, name)
        }
    }

    /// The request's body is wrong or too long.
    mutating func refuseBody(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ error: HTTPError
    ) {
        countRefusal(error.status)
        exchange[].note(.refused, error.name)
        fail(exchange, client, error.status, error.name)
    }

    /// Begins the answer. The connection goes on behind it if the request is here in full: then it is
    /// known where the next one begins.
    mutating func answerError(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ status: Int,
        _ name: StaticString
    ) {
        dropServer(exchange)
        if !exchange[].upload.isComplete || !mayGoOn(client, behind: exchange[].upload.pending) {
            exchange[].keepsClient = false
        }
        beginAnswer(exchange, status)
        var facts = connectionFacts(exchange, client)
        let routes = exchange[].frontend?[].routes
        if routes?.errorsNeedRequest == true, exchange[].capture.hasMemory {
            exchange[].captured.fill(&facts, from: exchange[].capture.bytes)
        }
        let rules = routes?.errorRules(exchange[].route, exchange[].filters, status: status)
        if rules?.drops(Bytes("retry-after")) == true { exchange[].retryAfterSeconds = 0 }
        if rules?.drops(Bytes("www-authenticate")) == true { exchange[].login.isChallenge = false }
        if let page = routes?.errorPage(status) {
            var writer = scratch.writer()
            if LocalResponseWriter.writePage(
                page, delivery(exchange), rules: rules, facts: facts, into: &writer),
                answer(client, writer.written)
            {
                return
            }
        }
        var writer = scratch.writer()
        let written = LocalResponseWriter.writeError(
            status: status, name: name, delivery(exchange), rules: rules, facts: facts,
            into: &writer)
        if !written || !answer(client, writer.written) { exchange[].keepsClient = false }
    }

    mutating func respond(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ response: CompiledResponse,
        _ rules: AppliedRules, _ facts: ExchangeFacts
    ) {
        beginAnswer(exchange, response.status)
        exchange[].note(.local, "")
        var facts = facts
        facts.status = response.status
        var writer = scratch.writer()
        if LocalResponseWriter.write(
            response, delivery(exchange), rules: rules, facts: facts, into: &writer)
        {
            if answer(client, writer.written) { return }
        } else {
            let long = ByteScratch(capacity: Self.longAnswerBytes)
            var writer = long.writer()
            if LocalResponseWriter.write(
                response, delivery(exchange), rules: rules, facts: facts, into: &writer),
                answer(client, writer.written)
            {
                return
            }
        }
        answerError(exchange, client, 503, "answer-too-long")
    }

    mutating func respond(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ redirect: CompiledRedirect,
        _ rules: AppliedRules, _ facts: ExchangeFacts
    ) {
        beginAnswer(exchange, redirect.status)
        exchange[].note(.local, "")
        var facts = facts
        facts.status = redirect.status
        var writer = scratch.writer()
        let written = LocalResponseWriter.write(
            redirect, delivery(exchange), rules: rules, facts: facts, into: &writer)
        if written, answer(client, writer.written) { return }
        answerError(exchange, client, 503, "answer-too-long")
    }

    private func beginAnswer(_ exchange: Ref<Exchange>, _ status: Int) {
        leaveDesk(exchange)
        exchange.enter(.answering)
        exchange[].status = status
        exchange[].respondedAt = nowNanoseconds
    }

    private func delivery(_ exchange: Ref<Exchange>) -> LocalDelivery {
        var delivery = LocalDelivery(
            clientVersion: exchange[].clientVersion,
            isHead: exchange[].expectation.method == .head,
            keepsConnection: exchange[].keepsClient,
            retryAfterSeconds: Int(exchange[].retryAfterSeconds))
        if exchange[].login.isChallenge, exchange[].route >= 0 {
            delivery.realm = exchange[].frontend?[].routes?[exchange[].route].realm ?? .empty
        }
        return delivery
    }

    /// Puts bytes of our own on the way to the client. False: the system has no memory for them.
    mutating func answer(_ client: Ref<ClientConnection>, _ bytes: Bytes) -> Bool {
        if !client[].output.hasMemory {
            guard buffers.fill(&client[].output, capacityBytes: bytes.count) else { return false }
        }
        if client[].output.append(bytes) { return true }
        // Interim responses that the client has not taken yet stand before it.
        guard client[].output.count <= Self.answersMaxBytes,
            buffers.enlarge(&client[].output, toHold: client[].output.count + bytes.count)
        else { return false }
        return client[].output.append(bytes)
    }

    /// Sends what it can of it. False: the exchange is over.
    mutating func sendAnswer(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>
    ) -> Bool {
        guard client[].transport.isWritable else { return true }
        switch client[].sendOutput() {
        case .moved(let count):
            clientMoved &+= count
            exchange[].bytesOut &+= Int64(count)
            record.add(.bytesOut, UInt64(count))
            if client[].output.isEmpty { buffers.empty(&client[].output) }
            return true
        case .blocked, .ended: return true
        case .failed:
            abort(exchange, client, .clientAbort, "client-abort")
            return false
        }
    }
}
