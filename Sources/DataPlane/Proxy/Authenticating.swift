// Routes that ask for a password (RFC 7617): a request with one that is known to be right passes at
// once; another waits for the desk where such are checked, and is then routed anew from its first
// byte, which still stands in the client's buffer.

internal import Model
internal import Syscalls

/// Who has passed a route that asks for a password, and who waits for that.
struct ExchangeLogin: BitwiseCopyable {
    /// Of the question at the desk; 0: nothing waits for an answer.
    var ticket: UInt64 = 0
    /// Places of the route that was passed last, and of its user; -1: none was.
    var route: Int32 = -1
    var user: Int32 = -1
    /// Place of the route for which an answer came; -1: none.
    var answeredRoute: Int32 = -1
    var isRight = false

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
        _ exchange: Ref<Exchange>, at place: Int, _ list: Int, _ facts: inout ExchangeFacts
    ) -> Login {
        var writer = scratch.writer()
        guard let credentials = Self.credentials(facts.fields, into: &writer) else {
            return .refused
        }
        guard credentials.password.count <= PasswordMemory.passwordBytesMax else {
            return .refused
        }
        let users = configuration.userLists[list]
        let user = users.place(of: credentials.user)
        // Routed anew, with the same bytes.
        if place <= Int(exchange[].login.route), let user {
            didLogIn(exchange, place, user, users, &facts)
            return .passes
        }
        if exchange[].login.answeredRoute == Int32(clamping: place) {
            guard exchange[].login.isRight, let user else { return .refused }
            passwords.remember(list, user, credentials.password)
            didLogIn(exchange, place, user, users, &facts)
            return .passes
        }
        if let user, passwords.knows(list, user, credentials.password) {
            didLogIn(exchange, place, user, users, &facts)
            return .passes
        }
        guard users.count > 0 else { return .refused }
        let question = PasswordDesk.Question(
            loop: index, exchange: exchange.token(tag: 0),
            password: (0..<credentials.password.count).map { credentials.password[$0] },
            hash: users.hash(user ?? 0), isOfUser: user != nil)
        guard let ticket = configuration.passwords.ask(question) else { return .overloaded }
        exchange[].login.ticket = ticket
        // Limits up to here have been asked.
        exchange[].nextRoute = Int32(clamping: place &+ 1)
        return .waits
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

    private mutating func didLogIn(
        _ exchange: Ref<Exchange>, _ place: Int, _ user: Int, _ users: CompiledUserList,
        _ facts: inout ExchangeFacts
    ) {
        exchange[].login.route = max(exchange[].login.route, Int32(clamping: place))
        exchange[].login.user = Int32(clamping: user)
        facts.user = users.name(user)
    }

    /// The name of the user for whom a route asked the exchange last, or no bytes.
    func userName(_ exchange: Ref<Exchange>) -> Bytes {
        let login = exchange[].login
        guard login.route >= 0, let routes = exchange[].frontend?[].routes else { return .empty }
        let list = routes[Int(login.route)].userList
        return configuration.userLists[list].name(Int(login.user))
    }

    /// The desk has answered. Whoever has left, or waits for another answer, is not concerned.
    mutating func hear(_ verdict: PasswordVerdict) {
        let exchange = Ref<Exchange>(token: verdict.exchange)
        guard exchange[].login.ticket == verdict.ticket, let client = exchange[].client,
            let frontend = client[].frontend
        else { return }
        exchange[].login.ticket = 0
        exchange[].login.answeredRoute = exchange[].nextRoute &- 1
        exchange[].login.isRight = verdict.isRight
        let received = client[].input.bytes
        // It was read before, and nobody has touched it since.
        guard
            case .complete(let length) = client[].parser.parse(
                received, limits: frontend[].limits, into: &request),
            frontend[].paths.apply(to: &request, in: received) == nil
        else {
            abort(exchange, client, .resource, "head-lost")
            return
        }
        route(exchange, client, length)
        advance(client)
    }
}
