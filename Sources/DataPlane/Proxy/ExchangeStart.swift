// From a request head to what is done about it: the route, its action, the rewritten head. Hot.

internal import Model
internal import SharedState
internal import Syscalls

extension Engine {
    /// A new exchange on a client connection.
    mutating func makeExchange(_ client: Ref<ClientConnection>) -> Ref<Exchange> {
        let exchange = exchanges.take()
        exchange[].client = client
        exchange[].frontend = client[].frontend
        exchange[].beganAt = client[].stateSince
        exchange[].headAt = nowNanoseconds
        exchange[].requestID = requestIDs.next()
        exchange[].pace.minRate = Int64(client[].frontend?[].limits.minRateBytes ?? 0)
        client[].exchange = exchange
        client.change(to: .exchanging)
        return exchange
    }

    /// The loop's `request` is the head at the beginning of the client's input.
    mutating func beginExchange(_ client: Ref<ClientConnection>, headBytes: Int) {
        record.add(.requests)
        clientTimers.arm(client, at: .max)
        let exchange = makeExchange(client)
        exchange[].clientVersion = request.version
        exchange[].keepsClient = request.keepAlive && mayGoOn(client, behind: headBytes)
        exchange[].clientCloses = !request.keepAlive
        exchange[].expectsContinue = request.expectsContinue
        exchange[].expectation = ResponseExpectation(
            method: request.method, offersUpgrade: !request.upgrade.isEmpty)
        route(exchange, client, headBytes)
    }

    /// What is done about the loop's `request`, the head at the beginning of the client's input.
    mutating func route(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ headBytes: Int
    ) {
        guard let frontend = client[].frontend, let routes = frontend[].routes else {
            answerError(exchange, client, 503, "no-route")
            return
        }
        let head = client[].input.bytes(0, headBytes)
        var facts = requestFacts(exchange, client, head)
        switch findRoute(exchange, client, routes, &facts) {
        case .goesOn: break
        case .wrongTarget(let error):
            refuseTarget(exchange, client, headBytes, error)
            return
        case .beyondLimit(let status, let wait):
            refuseBeyondLimit(exchange, client, headBytes, status, wait)
            return
        case .waits:
            // Whoever leaves now is in the log as well.
            if configuration.accessLog != nil || routes.errorsNeedRequest {
                capture(exchange, head)
            }
            return
        case .loggedOut(let status):
            refuseLogin(exchange, client, headBytes, status)
            return
        }
        let place = exchange[].route
        guard place >= 0, let action = routes[place].action else {
            capture(exchange, head)
            endRequest(exchange, client, headBytes)
            exchange[].note(.local, "no-route")
            answerError(exchange, client, 404, "no-route")
            return
        }
        let filters = exchange[].filters
        if configuration.accessLog != nil || routes.errorsNeedRequest
            || routes.responseNeedsRequest(place, filters)
        {
            capture(exchange, head)
        }
        switch action {
        case .backend(let backend):
            exchange[].backend = backends[backend]
            if let key = backends[backend][].hashKey { setBalanceKey(exchange, client, key, facts) }
            forward(exchange, client, headBytes, routes.requestRules(place, filters), facts)
        case .mappedBackend:
            if let key = exchange[].backend?[].hashKey {
                setBalanceKey(exchange, client, key, facts)
            }
            forward(exchange, client, headBytes, routes.requestRules(place, filters), facts)
        case .respond(let answer):
            endRequest(exchange, client, headBytes)
            respond(
                exchange, client, answer,
                routes.responseRules(place, filters, status: answer.status), facts)
        case .redirect(let redirect):
            endRequest(exchange, client, headBytes)
            respond(
                exchange, client, redirect,
                routes.responseRules(place, filters, status: redirect.status), facts)
        case .deny(let status, let delay):
            endRequest(exchange, client, headBytes)
            deny(exchange, client, status, after: delay)
        }
    }

    /// What the filters on the way to a route have to say.
    private enum Passage {
        case goesOn
        case wrongTarget(HTTPError)
        case beyondLimit(status: Int, waitMicroseconds: Int64)
        /// A password is looked at.
        case waits
        case loggedOut(status: Int)
    }

    /// Looks for the first route with an action that takes the request; the filters of what takes it
    /// on the way are applied.
    private mutating func findRoute(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ routes: RouteTable,
        _ facts: inout ExchangeFacts
    ) -> Passage {
        routing.begin(round: nowNanoseconds)
        // Nothing is left of a search that a password cut short.
        exchange[].route = -1
        exchange[].login.user = .empty
        exchange[].filters = FilterSet()
        exchange[].backend = nil
        var next = 0
        while let place = routes.match(&facts, &routing.conditions, from: next) {
            next = place &+ 1
            let action = routes[place].action
            if case .mappedBackend(let map)? = action {
                // No value: this route is not for that request.
                guard let backend = map[0].backend(facts) else { continue }
                exchange[].backend = backends[backend]
            }
            let limit = routes[place].rateLimit
            if limit >= 0, exchange[].asksLimit(of: place),
                case .refused(let wait) = ask(configuration.rateLimits[limit], client, facts)
            {
                exchange[].route = place
                return .beyondLimit(
                    status: routes[place].rateLimitStatus, waitMicroseconds: wait)
            }
            if routes[place].userList >= 0 {
                let login = logIn(exchange, client, at: place, routes[place].userList, &facts)
                if let passage = Self.passage(login) {
                    exchange[].route = place
                    return passage
                }
            }
            if let error = applyFilters(exchange, routes, place, &facts) {
                return .wrongTarget(error)
            }
            if action != nil {
                exchange[].route = place
                return .goesOn
            }
        }
        return .goesOn
    }

    /// Nil: the request goes on.
    private static func passage(_ login: Login) -> Passage? {
        switch login {
        case .passes: nil
        case .refused: .loggedOut(status: 401)
        case .waits: .waits
        case .overloaded: .loggedOut(status: 429)
        }
    }

    /// The client did not say a password that is right, or there is no saying yet whether it is.
    private mutating func refuseLogin(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ headBytes: Int,
        _ status: Int
    ) {
        capture(exchange, client[].input.bytes(0, headBytes))
        endRequest(exchange, client, headBytes)
        // A flood of either is no fault that every log has to tell of.
        let error: StaticString = status == 401 ? "unauthorized" : "too-many-passwords"
        exchange[].note(.refused, error)
        if status == 401 {
            exchange[].login.isChallenge = true
        } else {
            exchange[].retryAfterSeconds = 1
        }
        answerError(exchange, client, status, error)
    }

    /// What a route does besides its action and its limit.
    private mutating func applyFilters(
        _ exchange: Ref<Exchange>, _ routes: RouteTable, _ place: Int, _ facts: inout ExchangeFacts
    ) -> HTTPError? {
        let number = routes[place].filterNumber
        if number > 0 { exchange[].filters.insert(number) }
        if routes[place].rewrite.isEmpty { return nil }
        return routes[place].rewrite.apply(to: &facts, &routing)
    }

    /// The client is to come again when a request of its key is allowed.
    private mutating func refuseBeyondLimit(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ headBytes: Int,
        _ status: Int, _ waitMicroseconds: Int64
    ) {
        record.add(.rateLimited)
        capture(exchange, client[].input.bytes(0, headBytes))
        endRequest(exchange, client, headBytes)
        exchange[].retryAfterSeconds = Int32(clamping: (waitMicroseconds &+ 999_999) / 1_000_000)
        exchange[].note(.refused, "rate-limited")
        answerError(exchange, client, status, "rate-limited")
    }

    /// Refuses now, or when the client's timer fires: whoever asks too often has to wait, and it
    /// costs an entry in a slab.
    private mutating func deny(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ status: Int,
        after delay: Int64
    ) {
        exchange[].note(.refused, "denied")
        guard delay > 0, drain.isServing else {
            answerError(exchange, client, status, "denied")
            return
        }
        exchange[].isTarpitted = true
        exchange[].status = status
        clientTimers.arm(client, at: now &+ delay)
    }

    /// A rewrite made something of the target that no server should see.
    private mutating func refuseTarget(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ headBytes: Int,
        _ error: HTTPError
    ) {
        countRefusal(error.status)
        capture(exchange, client[].input.bytes(0, headBytes))
        endRequest(exchange, client, headBytes)
        exchange[].note(.refused, error.name)
        answerError(exchange, client, error.status, error.name)
    }

    /// Whether the connection may be kept: not in a loop that drains, unless the client has sent
    /// its next request already, `behind` the bytes of the present one.
    func mayGoOn(_ client: Ref<ClientConnection>, behind bytes: Int) -> Bool {
        drain.isServing || client[].input.count > bytes || client[].transport.isReadable
    }

    /// Puts the rewritten head in the place of the received one and looks for a server.
    private mutating func forward(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ headBytes: Int,
        _ rules: AppliedRules, _ facts: ExchangeFacts
    ) {
        guard let frontend = client[].frontend else { return }
        if let stickiness = exchange[].backend?[].stickiness {
            recogniseClient(exchange, client, headBytes, stickiness[0], facts)
        }
        if client[].isBound || request.fields.knows(.authorization)
            || request.fields.knows(.proxyAuthorization)
        {
            bindToServer(exchange, client, facts)
        }
        var writer = scratch.writer()
        var forwarding = RequestForwarding(forwardedFor: frontend[].forwardedFor)
        if !request.hasHostField, let backend = exchange[].backend {
            forwarding.hostFallback = configuration.backendNames[backend[].index]
        }
        let head = client[].input.bytes(0, headBytes)
        guard
            HeadSerializer.writeRequest(
                request, head, forwarding, rules: rules, facts: facts, into: &writer),
            replaceHead(&client[].input, headBytes, writer.written)
        else {
            record.add(.headersTooLarge)
            exchange[].note(.refused, HTTPError.headTooLarge.name)
            answerError(exchange, client, 431, HTTPError.headTooLarge.name)
            return
        }
        exchange[].upload.begin(
            headBytes: writer.count, request.body,
            bodyLimitBytes: Int64(frontend[].limits.bodyBytes))
        exchange[].bytesIn = Int64(headBytes)
        exchange[].forwardedHeadBytes = writer.count
        if let error = exchange[].upload.approve(&client[].input) {
            refuseBody(exchange, client, error)
            return
        }
        assignServer(exchange, client)
    }

    /// Writes `head` where the first `headBytes` of the buffer stand.
    mutating func replaceHead(
        _ buffer: inout Buffer, _ headBytes: Int, _ head: Bytes
    ) -> Bool {
        if buffer.replacePrefix(headBytes, with: head) { return true }
        // The head is at most as long as the scratch memory it was written into.
        guard buffers.enlarge(&buffer, toHold: buffer.count + head.count) else { return false }
        return buffer.replacePrefix(headBytes, with: head)
    }

    /// The request is for us: its head is consumed, and its body if it is here in full. Otherwise
    /// the connection cannot go on behind the answer.
    private mutating func endRequest(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ headBytes: Int
    ) {
        exchange[].bytesIn = Int64(headBytes)
        exchange[].upload.begin(headBytes: headBytes, request.body)
        let error = exchange[].upload.approve(&client[].input)
        if error != nil || !exchange[].upload.isComplete { exchange[].keepsClient = false }
    }

    /// What rules and local answers may say about the request.
    private mutating func requestFacts(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ head: Bytes
    ) -> ExchangeFacts {
        var facts = connectionFacts(exchange, client)
        facts.setRequest(request, in: head)
        facts.captures = routing.captures.empty
        // Known again behind the route that asks.
        facts.user = .empty
        return facts
    }

    /// The same without the request.
    mutating func connectionFacts(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>
    ) -> ExchangeFacts {
        var facts = ExchangeFacts()
        var writer = addressScratch.writer()
        AddressText.writeClient(client[].peer.host, to: &writer)
        facts.clientIP = writer.written
        facts.clientPort = client[].peer.port
        facts.clientAddress = ClientAddress(client[].peer.host)
        facts.port = client[].port
        if client[].isSecure { facts.scheme = Bytes("https") }
        facts.requestID = exchange[].requestID
        facts.user = exchange[].login.user
        if let upstream = exchange[].upstream {
            facts.backend = configuration.backendNames[upstream[].backend]
            facts.server = configuration.serverNames[upstream[].backend][upstream[].index]
        }
        if let routes = exchange[].frontend?[].routes { facts.frontend = routes.frontend }
        facts.generation = generationText
        facts.revision = revisionText
        facts.pid = pidText
        facts.wallSeconds = wallMilliseconds / 1_000
        facts.status = exchange[].status
        return facts
    }

    /// Copies what is wanted of the request when its bytes are gone.
    private mutating func capture(_ exchange: Ref<Exchange>, _ head: Bytes) {
        if exchange[].capture.hasMemory { buffers.empty(&exchange[].capture) }
        guard buffers.fill(&exchange[].capture, .record) else { return }
        var writer = exchange[].capture.freeWriter()
        exchange[].captured = CapturedRequest(request, head, into: &writer)
        exchange[].capture.didWrite(writer.count)
    }
}
