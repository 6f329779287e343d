// A connection to a server, and the only place where its state changes.
//
//   new ──▶ connecting ──▶ inUse ⇄ parked
//               │            │       │
//               └────────────┴───────┴──▶ doomed ──▶ recycled
//
// The counters of a server and the membership in its list of parked connections are derived here,
// from the state and from nothing else; there is no way out of `doomed`. Hot, one thread.

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
    /// The server was told who the client is: nobody else may ever use the connection.
    var carriesOneClient = false
    /// Who uses it, while `connecting` or `inUse`.
    var exchange: Ref<Exchange>?
    fileprivate(set) var server: Ref<UpstreamServer>?
    /// It carried an exchange before the present one: the server may close it at any moment.
    var isReused = false
    fileprivate var next: Ref<ServerConnection>?
    fileprivate var previous: Ref<ServerConnection>?

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

/// What one loop knows of one server.
struct UpstreamServer: ~Copyable, SlabEntry {
    /// Connections by state, where the state is counted.
    fileprivate(set) var connectingCount = 0
    fileprivate(set) var inUseCount = 0
    fileprivate(set) var parkedCount = 0
    /// The one parked last is taken first: its cache lines and the server's are warm.
    fileprivate var firstParked: Ref<ServerConnection>?
    var address = RawSocketAddress(host: .ipv4(0), port: 0)
    /// Places in the configuration.
    var backend = 0
    var index = 0
    var traffic: Ref<TrafficTally>?
    /// Nil where the shared memory had no room: then nothing is known of it but the configuration.
    var record: ServerRecord?
    var configuredWeight = 100
    var isBackup = false
    /// Milliseconds; 0: at once.
    var slowStart: Int64 = 0
    /// Nil where the policy looks at no load.
    var load: ServerLoad?
    var standing = ServerStanding(weight: 100)
    var proxyProtocol: ProxyProtocolVersion?

    init() {}

    var hasParked: Bool { firstParked != nil }
}

extension Ref where Entry == ServerConnection {
    /// A new connection begins.
    func connect(to server: Ref<UpstreamServer>, for exchange: Ref<Exchange>) {
        self[].server = server
        self[].exchange = exchange
        self[].isReused = false
        change(to: .connecting)
    }

    /// The connection is there.
    func didConnect() {
        change(to: .inUse)
    }

    /// Nobody uses the connection now.
    @inline(__always)
    func park() {
        self[].exchange = nil
        change(to: .parked)
    }

    /// Ends it for good; the caller closes it in the same event.
    func doom() {
        guard self[].state != .doomed else { return }
        self[].exchange = nil
        change(to: .doomed)
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
        case .new: precondition(new == .connecting, "a connection begins with connecting")
        case .connecting: server[].connectingCount &-= 1
        case .inUse: server[].inUseCount &-= 1
        case .parked:
            server[].parkedCount &-= 1
            unlink(from: server)
        case .doomed: preconditionFailure("there is no way out of doomed")
        }
        switch new {
        case .new: preconditionFailure("a connection is new only once")
        case .connecting: server[].connectingCount &+= 1
        case .inUse: server[].inUseCount &+= 1
        case .parked:
            server[].parkedCount &+= 1
            link(to: server)
        case .doomed: break
        }
    }

    @inline(__always)
    private func link(to server: Ref<UpstreamServer>) {
        let first = server[].firstParked
        self[].next = first
        self[].previous = nil
        first?[].previous = self
        server[].firstParked = self
    }

    @inline(__always)
    private func unlink(from server: Ref<UpstreamServer>) {
        let next = self[].next
        let previous = self[].previous
        next?[].previous = previous
        if let previous { previous[].next = next } else { server[].firstParked = next }
        self[].next = nil
        self[].previous = nil
    }
}

extension Ref where Entry == UpstreamServer {
    /// The warmest parked connection, now in use by `exchange`; nil if none is parked.
    @inline(__always)
    func takeParked(for exchange: Ref<Exchange>) -> Ref<ServerConnection>? {
        guard let connection = self[].firstParked else { return nil }
        connection.change(to: .inUse)
        connection[].exchange = exchange
        connection[].isReused = true
        return connection
    }

    /// Any parked connection, for ending it.
    var anyParked: Ref<ServerConnection>? { self[].firstParked }
}
