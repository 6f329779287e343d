// Parked connections of one loop: who may take which, how they are kept, shown to other loops and
// ended. What `safe` means, and the order in which connections are looked for, is in
// docs/configuration.md (`reuse`); what loops take from each other goes through `ClaimBoard`. Hot in
// its first half.

internal import Clock
internal import Model
internal import SharedState
internal import Synchronization
internal import Syscalls

extension Engine {
    private static var tendMilliseconds: Int64 { 100 }
    private static var purgeMilliseconds: Int64 { 5_000 }
    /// Over which a leaver's parked connections are closed.
    private static var leaveMilliseconds: Int64 { 1_000 }

    /// A connection to the server that was used before, in use by the exchange now; nil: there is
    /// none that it may have.
    mutating func takeParked(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ upstream: Ref<UpstreamServer>
    ) -> Ref<ServerConnection>? {
        while let own = client.ownParked(to: upstream) {
            guard let taken = own.takeBack(), let lease = silent(taken, asks: false) else {
                continue
            }
            return use(lease, exchange, client)
        }
        guard let rules = exchange[].backend?[].reuse, mayUseOthers(exchange, client, rules) else {
            return nil
        }
        while let other = otherParked(upstream, rules) {
            guard let taken = other.takeBack(),
                let lease = silent(taken, asks: rules.policy != .always)
            else { continue }
            return use(lease, exchange, client)
        }
        return takeOver(exchange, client, upstream)
    }

    @inline(__always)
    private mutating func use(
        _ lease: consuming ParkedLease, _ exchange: Ref<Exchange>,
        _ client: Ref<ClientConnection>
    ) -> Ref<ServerConnection> {
        let server = lease.use(for: exchange, owner: client)
        // The time it may be parked is not a time to answer in.
        serverTimers.arm(server, at: .max)
        return server
    }

    /// Whether the request may go over a connection that another client used. In `safe`, one that
    /// could not be repeated does so only behind another request of its client: a client that gets
    /// no answer to its very first one cannot know that the server merely closed.
    private func mayUseOthers(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ rules: ReuseRules
    ) -> Bool {
        switch rules.policy {
        case .never: false
        case .safe: client[].hasExchanged || exchange[].expectation.method.isIdempotent
        case .aggressive, .always: true
        }
    }

    private func otherParked(
        _ upstream: Ref<UpstreamServer>, _ rules: ReuseRules
    ) -> Ref<ServerConnection>? {
        let quiet = rules.quietTime
        return quiet == 0 ? upstream.warmestParked() : upstream.longParked(since: now &- quiet)
    }

    /// A connection that another loop has parked and shown. It is silent, whatever the policy: what
    /// its loop's poll set has reported is not known here.
    private mutating func takeOver(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ upstream: Ref<UpstreamServer>
    ) -> Ref<ServerConnection>? {
        guard let board = configuration.upstreams.claims, drain.isServing else { return nil }
        takeoverCursor = takeoverCursor &+ 1 < peers.count ? takeoverCursor &+ 1 : 0
        for step in peers.indices {
            let place = takeoverCursor &+ step
            let peer = peers[place < peers.count ? place : place &- peers.count]
            let line = board.line(server: upstream[].number, loop: peer.index)
            while let claim = line.claim() {
                _ = Epoll.remove(fd: claim.fd, fromSetOf: peer.pollSet.load(ordering: .acquiring))
                line.leave(claim.place)
                if let server = adopt(claim.fd, exchange, client, upstream) { return server }
            }
        }
        return nil
    }

    /// Takes the socket in. Nil, and closed: it is of no use.
    private mutating func adopt(
        _ fd: Int32, _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>,
        _ upstream: Ref<UpstreamServer>
    ) -> Ref<ServerConnection>? {
        guard SocketIO.peek(fd).wouldBlock, leads(fd, to: upstream) else {
            FileDescriptor(owning: fd).close()
            return nil
        }
        let server = servers.take()
        server[].transport = Transport(owning: fd, isReadable: false, isWritable: true)
        server[].transport.isLocal = upstream[].isLocal
        do throws(SystemError) {
            try epoll.add(fd: fd, events: Transport.events, token: server.token(tag: Tag.server))
        } catch {
            dismiss(server)
            return nil
        }
        server.arrive(at: upstream, for: exchange, owner: client)
        count(.takeovers, of: upstream[].traffic)
        return server
    }

    /// Another loop may not know yet that the server has moved. Asked only where it ever did.
    private func leads(_ fd: Int32, to upstream: Ref<UpstreamServer>) -> Bool {
        guard upstream[].addressTurn > 0 else { return true }
        // That of a unix socket is none that could be compared.
        let peer = (try? TCPSocket.peerAddress(fd)) ?? .unspecified
        return peer == upstream[].standing.address
    }

    /// The exchange is over. The connection is kept if nothing is known or to be feared behind the
    /// response.
    mutating func parkIfClean(_ server: Ref<ServerConnection>, behind exchange: Ref<Exchange>) {
        if exchange[].isBound {
            server[].carriesOneClient = true
            server[].isBound = true
        }
        let hasExcess = !server[].input.isEmpty || exchange[].download.hasExcess
        if hasExcess { count(.desyncs, of: server[].server?[].traffic) }
        // A last receive that filled its buffer leaves unknown what is behind it, and no event will
        // tell: bytes there would be the next client's answer.
        guard !hasExcess, !server[].transport.peerHasEnded, !server[].transport.hasFailed,
            !server[].transport.isReadable || server[].transport.isSilent()
        else {
            dismiss(server)
            return
        }
        park(server)
    }

    private mutating func park(_ server: Ref<ServerConnection>) {
        guard let upstream = server[].server, upstream[].standing.adminState != .maintenance,
            server.leadsToServer, mayPark(upstream) || makeRoom(at: upstream, for: server)
        else {
            dismiss(server)
            return
        }
        let rules = backends[upstream[].backend][].reuse
        buffers.empty(&server[].input)
        server.park(at: now)
        serverTimers.arm(server, at: now &+ rules.idleMilliseconds)
        if upstream[].claims != nil, rules.quietTime == 0 {
            if upstream[].shownCount == ClaimLine.placeCount { recycleTakenOver(upstream) }
            server.show()
        }
    }

    /// Whether one more connection to the server may be kept.
    @inline(__always)
    private func mayPark(_ upstream: Ref<UpstreamServer>) -> Bool {
        guard parkedCount < configuration.upstreams.parkedMax, !descriptorsAreShort else {
            return false
        }
        return upstream[].parkedCount < upstream[].idleShare || growShare(of: upstream)
    }

    /// One that any client may use is worth more than one that waits for its own: nobody keeps others
    /// from sharing by having many.
    private mutating func makeRoom(
        at upstream: Ref<UpstreamServer>, for server: Ref<ServerConnection>
    ) -> Bool {
        guard !server[].carriesOneClient, let own = upstream.oldestReserved else { return false }
        endParked(own)
        return mayPark(upstream)
    }

    private func growShare(of upstream: Ref<UpstreamServer>) -> Bool {
        guard configuration.upstreams.allowance(upstream).take() else {
            return false
        }
        upstream[].idleShare &+= 1
        return true
    }

    /// Events on a connection that nobody uses: bytes or its end make it useless. Events of its
    /// former exchange may still come, so the socket is asked.
    mutating func checkParked(_ server: Ref<ServerConnection>) {
        guard server[].transport.isReadable, let lease = server.takeBack() else { return }
        _ = silent(lease, asks: true)
    }

    /// Nil, and ended: the connection has something to say. Its socket is asked where it may have, or
    /// in any case.
    @inline(__always)
    private mutating func silent(
        _ lease: consuming ParkedLease, asks: Bool
    ) -> ParkedLease? {
        if !asks, !lease.isReadable { return lease }
        return silentSocket(lease)
    }

    private mutating func silentSocket(_ lease: consuming ParkedLease) -> ParkedLease? {
        if lease.isSilent() { return lease }
        if lease.isOpen { count(.desyncs, of: lease.server?[].traffic) }
        dismiss(lease)
        return nil
    }

    private mutating func dismiss(_ lease: consuming ParkedLease) {
        close(lease.end())
    }

    /// Ends a parked connection, unless another loop has claimed it.
    mutating func endParked(_ server: Ref<ServerConnection>) {
        if let lease = server.takeBack() { dismiss(lease) }
    }

    /// All of one server, at once.
    mutating func dismissParked(of upstream: Ref<UpstreamServer>) {
        while let server = upstream.oldestParked { endParked(server) }
    }

    /// All of the loop, which ends.
    mutating func dismissParked() {
        for backend in backends {
            for upstream in backend[].servers { dismissParked(of: upstream) }
        }
    }

    /// Parked connections have no future in a loop that drains. Each is closed at a moment of its
    /// own, so that a server does not see all of them go at once.
    mutating func spreadParked() {
        for backend in backends {
            for upstream in backend[].servers {
                var rest = upstream.nextParked(behind: nil)
                while let server = rest {
                    rest = upstream.nextParked(behind: server)
                    serverTimers.arm(server, at: now + random.next(below: Self.leaveMilliseconds))
                }
            }
        }
    }

    /// The client goes: what it used is anybody's, or nobody's.
    mutating func leaveOwn(_ client: Ref<ClientConnection>) {
        while let server = client[].firstOwn {
            server.disown()
            if server[].carriesOneClient, server[].state == .parked { endParked(server) }
        }
    }
}

// MARK: Now and then

extension Engine {
    /// Connections that the loop has parked.
    var parkedCount: Int { connectionTotals[].parked }

    /// A new descriptor: its number is the lowest that was free, so all below it are in use. Not to be
    /// asked where we have just made room ourselves: a low number says nothing then.
    @inline(__always)
    mutating func noteDescriptor(_ fd: Int32) {
        descriptorsAreShort = fd >= configuration.upstreams.shortDescriptor
    }

    /// Makes room for a new connection where descriptors are short; false: there was no need, or
    /// nothing to close.
    mutating func makeRoomForDescriptor() -> Bool {
        guard descriptorsAreShort, parkedCount > 0 else { return false }
        for backend in backends {
            for upstream in backend[].servers {
                guard let server = upstream.oldestParked else { continue }
                endParked(server)
                return true
            }
        }
        return false
    }

    /// Looks after parked connections, some ten times a second.
    @inline(__always)
    mutating func tendReuse() {
        if now >= reuseTendAt { tendReuseNow() }
    }

    private mutating func tendReuseNow() {
        reuseTendAt = now &+ Self.tendMilliseconds
        let purges = now >= purgedAt &+ Self.purgeMilliseconds
        if purges {
            purgedAt = now
            // The next high number says so again.
            descriptorsAreShort = false
        }
        for backend in backends {
            tellRetryBudget(backend)
            for upstream in backend[].servers {
                if upstream[].claims != nil {
                    recycleTakenOver(upstream)
                    if drain.isServing {
                        upstream.showLongParked(since: now &- backend[].reuse.quietTime)
                    }
                }
                if purges { purge(upstream) }
                publishConnections(of: upstream)
            }
        }
    }

    private mutating func recycleTakenOver(_ upstream: Ref<UpstreamServer>) {
        while let entry = upstream.reapTakenOver() { dismiss(entry) }
    }

    /// Closes half of what was not needed lately, and gives back what was not parked.
    private mutating func purge(_ upstream: Ref<UpstreamServer>) {
        for _ in 0..<upstream[].purgeCount() {
            guard let server = upstream.oldestParked else { break }
            endParked(server)
        }
        let unused = upstream[].idleShare &- upstream[].parkedCount
        guard unused > 0 else { return }
        upstream[].idleShare &-= unused
        configuration.upstreams.allowance(upstream).give(unused)
    }

    private func publishConnections(of upstream: Ref<UpstreamServer>) {
        let counts = upstream[].counts
        guard counts != upstream[].publishedCounts else { return }
        upstream[].connectionRecord?.change(from: upstream[].publishedCounts, to: counts)
        upstream[].publishedCounts = counts
    }
}
