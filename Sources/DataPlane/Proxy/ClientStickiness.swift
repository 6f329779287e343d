// A client that belongs to a server goes there: what its request says of it, what the response tells
// it, and what is remembered of it in between. Where the server takes it no more it is balanced anew
// and belongs to another one from then on. Hot where a backend has it; the others pay for a nil
// check a request and one a response.

internal import Model
internal import SharedState
internal import Syscalls

extension Engine {
    /// Looks whom the client belongs to, and takes what is ours out of the request, whose head is
    /// the first bytes of the client's input still.
    mutating func recogniseClient(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ headBytes: Int,
        _ stickiness: CompiledStickiness, _ facts: ExchangeFacts
    ) {
        switch stickiness {
        case .cookie(let cookie):
            exchange[].ownServer = cookie.place(in: facts.fields) ?? -1
            if !cookie.passes { hide(cookie, client, headBytes) }
        case .table(let table):
            let hash =
                table.key.isClientAddress
                ? KeyHash.hash(client[].peer.host, seed: table.seed)
                : table.key.hash(facts, seed: table.seed)
            // Who lacks the key is nobody that we could know again.
            if let hash { lookUp(hash, exchange, table) }
        }
    }

    /// A TCP connection has its client's address only.
    func recogniseClient(_ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>) {
        guard let stickiness = exchange[].backend?[].stickiness,
            case .table(let table) = stickiness[0]
        else { return }
        lookUp(KeyHash.hash(client[].peer.host, seed: table.seed), exchange, table)
    }

    private func lookUp(_ hash: UInt64, _ exchange: Ref<Exchange>, _ table: CompiledStickyTable) {
        exchange[].clientHash = hash == 0 ? 1 : hash
        exchange[].ownServer = table.place(of: exchange[].clientHash, now: nowNanoseconds) ?? -1
    }

    /// Fields are written over in place: they become no longer.
    private mutating func hide(
        _ cookie: CompiledStickyCookie, _ client: Ref<ClientConnection>, _ headBytes: Int
    ) {
        let head = client[].input.bytes(0, headBytes)
        var index = 0
        while index < request.fields.count {
            let slot = request.fields[index]
            if slot.known == .cookie, cookie.isIn(head.slice(slot.value)) {
                var writer = client[].input.writer(from: Int(slot.value.offset))
                cookie.write(head.slice(slot.value), to: &writer)
                request.fields.shorten(index, to: writer.count)
            }
            index &+= 1
        }
    }

    /// The server that the exchange's client belongs to, or else has logged in at, unless it takes it
    /// no more or has just failed.
    func ownServer(_ exchange: Ref<Exchange>) -> Ref<UpstreamServer>? {
        let place =
            exchange[].ownServer >= 0 ? exchange[].ownServer : exchange[].boundServer
        guard let servers = exchange[].backend?[].servers, servers.indices.contains(place) else {
            return nil
        }
        let own = servers[place]
        if let failed = exchange[].failedUpstream, failed == own { return nil }
        return own[].standing.takesPersistent ? own : nil
    }

    /// The client, which is known by a table, belongs to another server from now on.
    func rememberServer(_ exchange: Ref<Exchange>, _ upstream: Ref<UpstreamServer>) {
        guard let stickiness = exchange[].backend?[].stickiness,
            case .table(let table) = stickiness[0]
        else { return }
        exchange[].ownServer = upstream[].index
        table.remember(upstream[].index, of: exchange[].clientHash, now: nowNanoseconds)
    }

    // MARK: Responses

    /// Nil where the response says nothing of the client's server.
    @inline(__always)
    func stickyCookie(_ exchange: Ref<Exchange>) -> CompiledStickyCookie? {
        guard let stickiness = exchange[].backend?[].stickiness,
            case .cookie(let cookie) = stickiness[0]
        else { return nil }
        return cookie
    }

    /// Keeps the server's own fields about the cookie from being carried over. Returns a bit for
    /// each of them that is to be written anew.
    mutating func dropSetCookies(
        _ cookie: CompiledStickyCookie, _ head: Bytes, _ rules: AppliedRules
    ) -> UInt128 {
        var dropped: UInt128 = 0
        var index = 0
        while index < response.fields.count {
            let slot = response.fields[index]
            let name = head.slice(slot.name)
            if !slot.isDropped, name.equalsIgnoringCase("set-cookie"),
                cookie.isSet(by: head.slice(slot.value))
            {
                response.fields.drop(index)
                if !rules.drops(name) { dropped |= 1 << UInt128(index) }
            }
            index &+= 1
        }
        return dropped
    }

    /// Adds lines to a head that is complete but for them. False: there is no room (502).
    func writeSetCookies(
        _ cookie: CompiledStickyCookie, _ exchange: Ref<Exchange>, _ head: Bytes,
        instead dropped: UInt128, to writer: inout ByteWriter
    ) -> Bool {
        guard let place = exchange[].upstream?[].index else { return true }
        // Before the empty line.
        writer.truncate(to: writer.count &- 2)
        var rest = dropped
        while rest != 0 {
            let slot = response.fields[rest.trailingZeroBitCount]
            cookie.writeInstead(of: head.slice(slot.value), place, to: &writer)
            rest &= rest &- 1
        }
        if exchange[].ownServer != place { cookie.writeOwn(place, to: &writer) }
        writer.append("\r\n")
        return !writer.overflowed
    }
}
