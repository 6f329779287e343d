// A connection to a server, and the only place where its state changes.
//
//   new ──▶ connecting ──▶ inUse ⇄ parked ──▶ takenOver
//    │          │            │       │            │
//    │          └────────────┴───────┴────────────┴──▶ doomed ──▶ recycled
//    └─(another loop's)─▶ inUse
//
// The counters of a server and the membership in its list of parked connections are derived here,
// from the state and from nothing else. Taking a connection out of the pool for a while gives a
// `ParkedLease`, and only that can be used again or ended; there is no way out of `doomed`. Hot, one
// thread; what loops take from each other goes through `ClaimBoard`.

internal import Model
internal import SharedState
internal import Syscalls

/// One socket to one server.
struct ServerConnection: ~Copyable, SlabEntry, TimerEntry {
    enum State: UInt8 {
        /// Belongs to nobody yet.
        case new
        /// connect(2) has begun; an exchange waits for it.
        case connecting
        /// Carries an exchange.
        case inUse
        /// Idle and fit for the next exchange; registered, so that its end is seen at once.
        case parked
        /// Another loop has claimed it. The entry waits until that loop has deleted the
        /// registration: events may still name it.
        case takenOver
        /// Closed, or about to be.
        case doomed
    }
    fileprivate(set) var state = State.new
    var parser = ResponseHeadParser()
    var transport = Transport()
    var timer = TimerLinks<ServerConnection>()
    /// What the server sent and was not forwarded yet.
    var input = Buffer()
    /// What the server is told before the client's first byte; gone when sent.
    var preface = Buffer()
    /// The server knows who speaks, by a PROXY header or by a login that is good for the connection:
    /// nobody else may ever use it.
    var carriesOneClient = false
    /// The latter (`ServerBinding`).
    var isBound = false
    /// Who uses it, while `connecting` or `inUse`.
    var exchange: Ref<Exchange>?
    fileprivate(set) var server: Ref<UpstreamServer>?
    /// The server's when the connection was made.
    fileprivate var addressTurn: UInt32 = 0
    /// The client that used it last, as long as that is there: bytes that come late are its own.
    fileprivate(set) var owner: Ref<ClientConnection>?
    /// It carried an exchange before the present one: the server may close it at any moment.
    fileprivate(set) var isReused = false
    /// Milliseconds of the loop's clock.
    fileprivate(set) var parkedAt: Int64 = 0
    /// Nanoseconds: the soonest that an answer ever came.
    var quickest: Int64 = .max
    /// Where it is shown to the other loops; -1: nowhere.
    var claimPlace = -1
    // In one of the server's lists of parked connections.
    fileprivate(set) var next: Ref<ServerConnection>?
    fileprivate(set) var previous: Ref<ServerConnection>?
    // In the owner's list of connections.
    fileprivate var nextOwn: Ref<ServerConnection>?
    fileprivate var previousOwn: Ref<ServerConnection>?

    init() {}

    /// Receives behind what is there already.
    @inline(__always)
    mutating func receive() -> TransferResult { transport.receive(into: &input) }

    /// Sends the preface and, behind it, bytes of `buffer`; consumes nothing.
    mutating func sendPreface(
        then buffer: borrowing Buffer, offset: Int, count: Int
    ) -> TransferResult {
        transport.send(preface, then: buffer, offset: offset, count: count)
    }
}

extension Ref where Entry == ServerConnection {
    /// A new connection begins. `owner`: the client, where another exchange may follow.
    func connect(
        to server: Ref<UpstreamServer>, for exchange: Ref<Exchange>,
        owner: Ref<ClientConnection>?
    ) {
        self[].server = server
        self[].addressTurn = server[].addressTurn
        self[].exchange = exchange
        change(to: .connecting)
        if let owner { setOwner(owner) }
    }

    /// The connection is there.
    func didConnect() {
        change(to: .inUse)
    }

    /// It was another loop's and is used here from now on.
    func arrive(
        at server: Ref<UpstreamServer>, for exchange: Ref<Exchange>, owner: Ref<ClientConnection>
    ) {
        self[].server = server
        self[].addressTurn = server[].addressTurn
        self[].exchange = exchange
        self[].isReused = true
        change(to: .inUse)
        setOwner(owner)
    }

    /// It leads to where its server is now.
    var leadsToServer: Bool { self[].addressTurn == self[].server?[].addressTurn }

    /// Nobody uses the connection now.
    @inline(__always)
    func park(at now: Int64) {
        self[].exchange = nil
        self[].parkedAt = now
        change(to: .parked)
    }

    @inline(__always)
    fileprivate func use(for exchange: Ref<Exchange>, owner: Ref<ClientConnection>) {
        change(to: .inUse)
        self[].exchange = exchange
        self[].isReused = true
        // Where a client is known is found first.
        if let old = self[].owner, old == owner, !self[].isBound { return }
        setOwner(owner)
    }

    /// Ends it for good; the caller closes it in the same event. A parked one is ended by its lease.
    func doom() {
        precondition(self[].state != .parked, "a parked connection is taken back before its end")
        end()
    }

    fileprivate func end() {
        guard self[].state != .doomed else { return }
        self[].exchange = nil
        change(to: .doomed)
        disown()
    }

    /// Makes a parked connection this loop's alone. Nil: another loop has claimed it, and this entry
    /// has no socket any more.
    @inline(__always)
    func takeBack() -> ParkedLease? {
        self[].claimPlace < 0 || takeBackShown() ? ParkedLease(self) : nil
    }

    private func takeBackShown() -> Bool {
        guard let server = self[].server, let line = server[].claims else { return true }
        let place = self[].claimPlace
        guard line.takeBack(self[].transport.fd, at: place) else {
            lose()
            return false
        }
        server[].shown[place] = nil
        server[].shownCount &-= 1
        self[].claimPlace = -1
        return true
    }

    /// The socket is another loop's now.
    func lose() {
        change(to: .takenOver)
        disown()
        self[].transport.giveAway()
    }

    /// Lets other loops claim a parked connection, if there is a place for it.
    func show() {
        guard self[].state == .parked, self[].claimPlace < 0, !self[].carriesOneClient,
            let server = self[].server, let line = server[].claims,
            let place = server.emptyPlace()
        else { return }
        server[].shown[place] = self
        server[].shownCount &+= 1
        self[].claimPlace = place
        line.show(self[].transport.fd, at: place)
    }

    /// The one transition function.
    @inline(__always)
    fileprivate func change(to new: ServerConnection.State) {
        let old = self[].state
        self[].state = new
        guard let server = self[].server else {
            precondition(new == .doomed, "a connection without a server leads nowhere")
            return
        }
        switch old {
        case .new:
            precondition(
                new == .connecting || new == .inUse, "a connection begins with connecting")
        case .connecting: server[].connectingCount &-= 1
        case .inUse: server[].inUseCount &-= 1
        case .parked:
            precondition(
                self[].claimPlace < 0 || new == .takenOver, "shown, and not taken back")
            server[].parkedCount &-= 1
            server[].totals?[].parked &-= 1
            if self[].carriesOneClient {
                unlink(from: &server[].reserved)
            } else {
                unlink(from: &server[].parked)
            }
        case .takenOver: precondition(new == .doomed, "the socket is another loop's")
        case .doomed: preconditionFailure("there is no way out of doomed")
        }
        switch new {
        case .new: preconditionFailure("a connection is new only once")
        case .connecting:
            server[].connectingCount &+= 1
            server[].noteUse()
        case .inUse:
            server[].inUseCount &+= 1
            server[].noteUse()
        case .parked:
            server[].parkedCount &+= 1
            server[].totals?[].parked &+= 1
            if self[].carriesOneClient {
                link(into: &server[].reserved)
            } else {
                link(into: &server[].parked)
            }
        case .takenOver: precondition(old == .parked, "only a parked connection can be taken over")
        case .doomed: break
        }
    }

    @inline(__always)
    private func link(into list: inout ParkedList) {
        let first = list.newest
        self[].next = first
        self[].previous = nil
        if let first { first[].previous = self } else { list.oldest = self }
        list.newest = self
    }

    @inline(__always)
    private func unlink(from list: inout ParkedList) {
        let next = self[].next
        let previous = self[].previous
        if let next { next[].previous = previous } else { list.oldest = previous }
        if let previous { previous[].next = next } else { list.newest = next }
        self[].next = nil
        self[].previous = nil
    }

    private func setOwner(_ client: Ref<ClientConnection>) {
        disown()
        self[].owner = client
        self[].nextOwn = client[].firstOwn
        client[].firstOwn?[].previousOwn = self
        client[].firstOwn = self
    }

    /// From now on it is nobody's in particular.
    func disown() {
        guard let client = self[].owner else { return }
        self[].owner = nil
        let next = self[].nextOwn
        let previous = self[].previousOwn
        next?[].previousOwn = previous
        if let previous { previous[].nextOwn = next } else { client[].firstOwn = next }
        self[].nextOwn = nil
        self[].previousOwn = nil
    }
}

/// A parked connection that was taken out of the pool for a while: no other loop can have it. It is
/// used again, or ended for good; let go of, it is parked as before.
struct ParkedLease: ~Copyable {
    private let connection: Ref<ServerConnection>

    @inline(__always)
    fileprivate init(_ connection: Ref<ServerConnection>) {
        self.connection = connection
    }

    /// Whether its poll set has reported anything.
    var isReadable: Bool { @inline(__always) get { connection[].transport.isReadable } }

    /// Whether the socket has nothing to say: neither bytes nor an end.
    func isSilent() -> Bool { connection[].transport.isSilent() }

    /// Neither ended nor failed, as far as was asked: what it says is bytes.
    var isOpen: Bool {
        !connection[].transport.hasFailed && !connection[].transport.peerHasEnded
    }

    var server: Ref<UpstreamServer>? { connection[].server }

    /// Carries an exchange again.
    @inline(__always)
    consuming func use(
        for exchange: Ref<Exchange>, owner: Ref<ClientConnection>
    ) -> Ref<ServerConnection> {
        connection.use(for: exchange, owner: owner)
        return connection
    }

    /// Ends it for good; the caller closes it in the same event.
    consuming func end() -> Ref<ServerConnection> {
        connection.end()
        return connection
    }
}

extension Ref where Entry == ClientConnection {
    /// Own connections that are looked at: as many servers may take turns without a request
    /// missing the connection that is there for it.
    private static var ownMax: Int { 128 }

    /// A parked connection to the server that this client used last.
    @inline(__always)
    func ownParked(to server: Ref<UpstreamServer>) -> Ref<ServerConnection>? {
        var candidate = self[].firstOwn
        var rest = Self.ownMax
        while let connection = candidate, rest > 0 {
            rest &-= 1
            if connection[].state == .parked, let other = connection[].server, other == server {
                return connection
            }
            candidate = connection[].nextOwn
        }
        return nil
    }

    /// Where this client has logged in for as long as a connection lasts, last if at several.
    func boundServer(in backend: Ref<UpstreamBackend>?) -> Ref<UpstreamServer>? {
        guard let place = backend?[].index else { return nil }
        var candidate = self[].firstOwn
        var rest = Self.ownMax
        while let connection = candidate, rest > 0 {
            rest &-= 1
            if connection[].state == .parked, connection[].isBound,
                let server = connection[].server, server[].backend == place
            {
                return server
            }
            candidate = connection[].nextOwn
        }
        return nil
    }
}
