// Logins that are good for a connection and not for a request: NTLM, CredSSP, and Negotiate and
// Kerberos as they are used (RFC 4559 §6). Whoever spoke over such a connection next would speak in the
// client's name, so it is that client's alone, whatever `reuse` says; and the client stays with its server
// as long as the connection lasts, for there only it is known.

extension Engine {
    /// Looks at a request whose client has logged in like that, or shows who it is.
    mutating func bindToServer(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ facts: ExchangeFacts
    ) {
        // Who has a server by a cookie or table goes on with that: it may have to log in there again.
        if exchange[].ownServer < 0, client[].isBound,
            let server = client.boundServer(in: exchange[].backend)
        {
            exchange[].boundServer = server[].index
        }
        if Self.showsLogin(facts.fields, .authorization)
            || Self.showsLogin(facts.fields, .proxyAuthorization)
        {
            bind(exchange, client)
        }
    }

    /// Looks at an answer with status 401 or 407.
    mutating func noteChallenge(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ head: Bytes
    ) {
        let fields = response.fields.view(in: head)
        if Self.offersLoginOfConnection(fields, Bytes("www-authenticate"))
            || Self.offersLoginOfConnection(fields, Bytes("proxy-authenticate"))
        {
            bind(exchange, client)
        }
    }

    private func bind(_ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>) {
        exchange[].isBound = true
        client[].isBound = true
    }

    private static func showsLogin(_ fields: FieldView, _ known: KnownField) -> Bool {
        var index = 0
        while let value = fields.next(known, from: &index) {
            if isOfConnection(value) { return true }
        }
        return false
    }

    private static func offersLoginOfConnection(_ fields: FieldView, _ name: Bytes) -> Bool {
        var index = 0
        while let value = fields.next(name, from: &index) {
            if offersLoginOfConnection(value) { return true }
        }
        return false
    }

    /// Challenges may stand in one field, with commas between them (RFC 9110 §11.6.1).
    private static func offersLoginOfConnection(_ challenges: Bytes) -> Bool {
        var rest = challenges
        while true {
            if isOfConnection(rest.trimmed) { return true }
            guard let comma = rest.firstIndex(of: ASCII.comma) else { return false }
            rest = rest.suffix(from: comma &+ 1)
        }
    }

    /// Whether such a scheme begins the text.
    private static func isOfConnection(_ text: Bytes) -> Bool {
        begins(text, with: Bytes("ntlm")) || begins(text, with: Bytes("negotiate"))
            || begins(text, with: Bytes("kerberos")) || begins(text, with: Bytes("credssp"))
    }

    private static func begins(_ text: Bytes, with scheme: Bytes) -> Bool {
        guard text.prefix(min(scheme.count, text.count)).equalsIgnoringCase(scheme) else {
            return false
        }
        return text.count == scheme.count || !ASCII.isToken(text[scheme.count])
    }
}
