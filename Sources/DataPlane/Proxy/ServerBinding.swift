// Logins that are good for a connection and not for a request: NTLM, and Negotiate as it is used
// (RFC 4559 §6). Whoever spoke over such a connection next would speak in the client's name, so it is
// that client's alone, whatever `reuse` says; and the client stays with its server as long as the
// connection lasts, for there only it is known.

internal import Syscalls

extension Engine {
    /// Looks at a request whose client has logged in like that, or shows who it is.
    mutating func bindToServer(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ facts: ExchangeFacts
    ) {
        if client[].isBound, let server = client.boundServer(in: exchange[].backend) {
            exchange[].ownServer = server[].index
        }
        var index = 0
        while let value = facts.fields.next(Bytes("authorization"), from: &index) {
            if Self.isOfConnection(value) { bind(exchange, client) }
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
            var start = 0
            while start < rest.count, rest[start] == ASCII.space || rest[start] == ASCII.tab {
                start &+= 1
            }
            rest = rest.suffix(from: start)
            if isOfConnection(rest) { return true }
            guard let comma = rest.firstIndex(of: ASCII.comma) else { return false }
            rest = rest.suffix(from: comma &+ 1)
        }
    }

    /// Whether such a scheme begins the text.
    private static func isOfConnection(_ text: Bytes) -> Bool {
        begins(text, with: Bytes("ntlm")) || begins(text, with: Bytes("negotiate"))
    }

    private static func begins(_ text: Bytes, with scheme: Bytes) -> Bool {
        guard text.prefix(min(scheme.count, text.count)).equalsIgnoringCase(scheme) else {
            return false
        }
        return text.count == scheme.count || !ASCII.isToken(text[scheme.count])
    }
}

extension Ref where Entry == ClientConnection {
    /// Where this client is known by a connection that is its alone.
    func boundServer(in backend: Ref<UpstreamBackend>?) -> Ref<UpstreamServer>? {
        guard let place = backend?[].index else { return nil }
        var candidate = self[].firstOwn
        while let connection = candidate {
            if connection[].state == .parked, connection[].carriesOneClient,
                let server = connection[].server, server[].backend == place
            {
                return server
            }
            candidate = connection[].nextOwn
        }
        return nil
    }
}
