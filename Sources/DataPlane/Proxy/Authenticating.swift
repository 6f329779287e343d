// Routes that ask for a password (RFC 7617): a request with one that is known to be right passes at
// once; another waits for the desk where such are looked at, and is then routed anew from its first
// byte, which still stands in the client's buffer.

internal import Model
internal import Syscalls

/// Who has passed a route that asks for a password, and what is waited for.
struct ExchangeLogin: BitwiseCopyable {
    /// Of the question at the desk; 0: nothing waits for an answer.
    var ticket: UInt64 = 0
    /// The user for whom a route asked last; the configuration's bytes.
    var user = Bytes.empty
    /// Place of the route that the question is of; -1: none.
    var askedRoute: Int32 = -1
    var outcome: PasswordVerdict.Outcome?
    /// The answer asks the client to say who it is.
    var isChallenge = false

    init() {}
}

extension Engine {
    enum Login {
        case passes
        /// The client is to say who it is.
        case refused
        case waits
        /// The desk is full.
        case overloaded
    }

    /// - Parameters:
    ///   - place: of the route.
    ///   - list: place of the users whom it lets pass.
    mutating func logIn(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, at place: Int, _ list: Int,
        _ facts: inout ExchangeFacts
    ) -> Login {
        var writer = scratch.writer()
        let users = configuration.userLists[list]
        guard let credentials = Self.credentials(facts.fields, into: &writer),
            credentials.password.count <= PasswordMemory.passwordBytesMax, users.count > 0
        else { return .refused }
        let user = users.place(of: credentials.user)
        // Also one that was passed before the request was routed anew: that is remembered.
        if let user, passwords.knows(users.account(user), credentials.password) {
            didLogIn(exchange, users.name(user), &facts)
            return .passes
        }
        if exchange[].login.askedRoute == Int32(clamping: place),
            let outcome = exchange[].login.outcome
        {
            switch outcome {
            case .wrong: return .refused
            case .notLookedAt: return .overloaded
            case .right: break
            }
        } else {
            let question = PasswordDesk.Question(
                account: user.map { users.account($0) }, password: credentials.password,
                hash: users.hash(user ?? 0), client: ClientAddress(client[].peer.host).site,
                loop: index, exchange: exchange.token(tag: 0))
            switch configuration.passwords.ask(question) {
            case .full: return .overloaded
            case .wait(let ticket):
                wait(exchange, client, at: place, ticket)
                return .waits
            case .right: break
            }
        }
        guard let user else { return .refused }
        passwords.remember(users.account(user), credentials.password)
        didLogIn(exchange, users.name(user), &facts)
        return .passes
    }

    /// Two fields, of which servers might believe the other, are none.
    private static func credentials(
        _ fields: FieldView, into writer: inout ByteWriter
    ) -> BasicCredentials? {
        var index = 0
        guard let value = fields.next(Bytes("authorization"), from: &index),
            fields.next(Bytes("authorization"), from: &index) == nil
        else { return nil }
        return BasicCredentials(value, into: &writer)
    }

    private func didLogIn(
        _ exchange: Ref<Exchange>, _ user: Bytes, _ facts: inout ExchangeFacts
    ) {
        exchange[].login.user = user
        facts.user = user
    }

    private mutating func wait(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, at place: Int,
        _ ticket: UInt64
    ) {
        exchange[].login.ticket = ticket
        exchange[].login.askedRoute = Int32(clamping: place)
        exchange[].login.outcome = nil
        // The search begins anew when the answer is there, and other routes may take the request by
        // then; limits up to here that were asked are not asked again.
        exchange[].nextRoute = Int32(clamping: place &+ 1)
        clientTimers.arm(client, at: now &+ (client[].frontend?[].waits.queue ?? 1))
    }

    /// Whatever the desk says, nobody listens.
    func leaveDesk(_ exchange: Ref<Exchange>) {
        guard exchange[].login.ticket > 0 else { return }
        configuration.passwords.forget(exchange[].login.ticket)
        exchange[].login.ticket = 0
    }

    /// The desk has answered. Whoever has left, or waits for another answer, is not concerned.
    mutating func hear(_ verdict: PasswordVerdict) {
        let exchange = Ref<Exchange>(token: verdict.exchange)
        guard exchange[].login.ticket == verdict.ticket, exchange[].phase == .request,
            let client = exchange[].client
        else { return }
        exchange[].login.ticket = 0
        exchange[].login.outcome = verdict.outcome
        clientTimers.arm(client, at: .max)
        routeAnew(exchange, client)
        advance(client)
    }

    /// The head was read before, and nobody has touched it since.
    private mutating func routeAnew(_ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>) {
        let received = client[].input.bytes
        guard let frontend = client[].frontend,
            case .complete(let length) = client[].parser.parse(
                received, limits: frontend[].limits, into: &request),
            frontend[].paths.apply(to: &request, in: received) == nil
        else {
            abort(exchange, client, .resource, "head-lost")
            return
        }
        route(exchange, client, length)
    }

    /// The desk took too long.
    mutating func didWaitAtDesk(_ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>) {
        leaveDesk(exchange)
        exchange[].login.outcome = .notLookedAt
        routeAnew(exchange, client)
        advance(client)
    }
}
