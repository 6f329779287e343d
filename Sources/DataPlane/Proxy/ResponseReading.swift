// From a server's bytes to a response head, and its rewritten form before the first bytes of the
// body. Hot.

internal import Model
internal import SharedState
internal import Syscalls

extension Engine {
    /// 100, 102 and 103 that one request may be answered with before its response.
    private static var interimMax: UInt8 { 16 }

    /// Receives until a final head is there or nothing more is.
    mutating func readResponseHead(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ server: Ref<ServerConnection>
    ) {
        while exchange[].phase == .awaitingResponse, server[].transport.isReadable {
            if !server[].input.hasMemory {
                guard buffers.fill(&server[].input, startingAt: Buffer.headroomBytes) else {
                    exchange[].note(.resource, "out-of-memory")
                    fail(exchange, client, 503, "out-of-memory")
                    return
                }
            }
            if server[].input.room == 0 { server[].input.move(to: 0) }
            guard server[].input.room > 0 else {
                refuseResponse(exchange, client, .headTooLarge)
                return
            }
            switch server[].receive() {
            case .moved(let received):
                serverMoved = true
                // An answer to a request that was not sent yet is somebody else's.
                let isFirst = server[].input.count == received
                if exchange[].upload.totalSent == 0 || isFirst && isTooSoon(exchange, server) {
                    count(.desyncs, of: exchange[].upstream?[].traffic)
                    server[].input.removeAll()
                    didLoseServer(exchange, client, server)
                    return
                }
                parseResponse(exchange, client, server)
            case .blocked:
                if server[].input.isEmpty { buffers.empty(&server[].input) }
                return
            case .ended, .failed:
                didLoseServer(exchange, client, server)
                return
            }
        }
    }

    /// Whether bytes on a reused connection were on their way before the server can have had a byte of
    /// the request: they came sooner than any answer there, and without word that one has arrived.
    @inline(__always)
    private func isTooSoon(_ exchange: Ref<Exchange>, _ server: Ref<ServerConnection>) -> Bool {
        let took = nowNanoseconds &- exchange[].firstSentAt
        guard took < server[].quickest, !server[].transport.isLocal else { return false }
        // Within one round no time passes: such an answer is asked about each time.
        server[].quickest = max(1, took)
        return server[].isReused
            && server[].transport.unacknowledgedCount >= exchange[].upload.totalSent
    }

    /// Interim heads pass, the final one begins the response.
    private mutating func parseResponse(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ server: Ref<ServerConnection>
    ) {
        while !server[].input.isEmpty {
            let received = server[].input.bytes
            let result = server[].parser.parse(
                received, to: exchange[].expectation,
                headBytes: client[].frontend?[].limits.headBytes ?? 15_360, into: &response)
            switch result {
            case .incomplete: return
            case .failed(let error):
                refuseResponse(exchange, client, error)
                return
            case .complete(let length):
                guard response.isInterim else {
                    beginResponse(exchange, client, server, length)
                    return
                }
                guard passInterim(exchange, client, server, length) else {
                    refuseResponse(exchange, client, .tooManyInterim)
                    return
                }
            }
        }
        server[].input.removeAll(startingAt: Buffer.headroomBytes)
    }

    /// An HTTP/1.0 client knows no interim response (RFC 9110 §15.2).
    private mutating func passInterim(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>,
        _ server: Ref<ServerConnection>, _ length: Int
    ) -> Bool {
        exchange[].interimCount &+= 1
        guard exchange[].interimCount <= Self.interimMax else { return false }
        if exchange[].clientVersion == .http11 {
            var writer = scratch.writer()
            let written = HeadSerializer.writeResponse(
                response, server[].input.bytes(0, length),
                ResponseForwarding(clientVersion: .http11, keepsClientConnection: true),
                rules: configuration.noRules, facts: ExchangeFacts(), into: &writer)
            guard written, answer(client, writer.written) else { return false }
        }
        server[].input.consume(length)
        return true
    }

    /// The final head: from here on there is no other answer.
    private mutating func beginResponse(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>,
        _ server: Ref<ServerConnection>, _ length: Int
    ) {
        if response.status >= 408, retriesInstead(exchange, client, of: response.status) {
            return
        }
        exchange[].respondedAt = nowNanoseconds
        exchange[].status = response.status
        if response.status == 401 || response.status == 407 {
            noteChallenge(exchange, client, server[].input.bytes(0, length))
        }
        noteLatency(exchange)
        if EjectionRule.isFailure(status: response.status) {
            didFailToServe(exchange)
        } else {
            didServe(exchange)
        }
        let isRequestSent =
            exchange[].upload.isComplete && !exchange[].upload.hasUnsent
            && !exchange[].uploadIsBroken
        exchange[].isSelfFraming = response.isSelfFraming(for: exchange[].clientVersion)
        exchange[].keepsServer =
            response.keepAlive && isRequestSent && !wasHereBefore(exchange)
        if !isRequestSent && !awaitsContinue(exchange) || wasHereBefore(exchange) {
            count(.desyncs, of: exchange[].upstream?[].traffic)
        }
        // An answer to a request that is still on its way: neither side can be trusted to agree on
        // where the next message begins.
        if !isRequestSent || !exchange[].isSelfFraming
            || !mayGoOn(client, behind: exchange[].upload.pending)
        {
            exchange[].keepsClient = false
        }
        guard rewriteHead(exchange, client, server, length) else {
            refuseResponse(exchange, client, .headTooLarge)
            return
        }
        exchange[].upload.forgetSent(&client[].input)
        exchange[].uploadIsForgotten = true
        if client[].input.isEmpty { buffers.empty(&client[].input) }
        if response.isUpgrade {
            beginTunnel(exchange, client)
        } else {
            exchange.enter(.responding)
        }
        if let error = exchange[].download.approve(&server[].input) {
            refuseResponse(exchange, client, error)
        }
    }

    /// Whether the answer was in the kernel before the last byte of the request went: the loop heard
    /// of it in the round in which it sent that. Behind an interim response nobody can tell.
    @inline(__always)
    private func wasHereBefore(_ exchange: Ref<Exchange>) -> Bool {
        exchange[].sentAt == nowNanoseconds && exchange[].interimCount == 0
    }

    /// The server may refuse the body that it was asked about (RFC 9110 §10.1.1): that is in order.
    func awaitsContinue(_ exchange: Ref<Exchange>) -> Bool {
        exchange[].expectsContinue && exchange[].interimCount == 0
    }

    /// For policies that prefer quick servers. A quick failure is no merit.
    @inline(__always)
    private func noteLatency(_ exchange: Ref<Exchange>) {
        guard let load = exchange[].upstream?[].load,
            !EjectionRule.isFailure(status: exchange[].status)
        else { return }
        let sample = Double(max(0, exchange[].respondedAt &- exchange[].sentAt)) / 1_000
        load.latency = load.latency.adding(microseconds: sample, at: now)
    }

    private mutating func rewriteHead(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>,
        _ server: Ref<ServerConnection>, _ length: Int
    ) -> Bool {
        guard let routes = exchange[].frontend?[].routes else { return false }
        let rules = routes.responseRules(
            exchange[].route, exchange[].filters, status: response.status)
        let head = server[].input.bytes(0, length)
        var facts = ExchangeFacts()
        if !rules.writesNothing {
            facts = connectionFacts(exchange, client)
            exchange[].captured.fill(&facts, from: exchange[].capture.bytes)
            facts.captures = routing.captures.empty
            facts.responseFields = response.fields.view(in: head)
        }
        let forwarding = ResponseForwarding(
            clientVersion: exchange[].clientVersion,
            keepsClientConnection: exchange[].keepsClient)
        let cookie = stickyCookie(exchange)
        var dropped: UInt128 = 0
        if let cookie { dropped = dropSetCookies(cookie, head, rules) }
        var writer = scratch.writer()
        guard
            HeadSerializer.writeResponse(
                response, head, forwarding, rules: rules, facts: facts, into: &writer)
        else { return false }
        if let cookie,
            !writeSetCookies(cookie, exchange, head, instead: dropped, to: &writer)
        {
            return false
        }
        let filledRoom = server[].input.room == 0
        guard replaceHead(&server[].input, length, writer.written) else { return false }
        exchange[].download.begin(
            headBytes: writer.count, response.isUpgrade ? .untilClose : response.body,
            decodes: exchange[].clientVersion == .http10, filledRoom: filledRoom)
        return true
    }

    /// The server speaks no HTTP that we are sure of.
    private mutating func refuseResponse(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ error: HTTPError
    ) {
        if replacesDesynchronised(exchange, client) { return }
        countServerFailure(exchange)
        exchange[].note(.serverAbort, error.name)
        fail(exchange, client, 502, error.name)
    }
}
