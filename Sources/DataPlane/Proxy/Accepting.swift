// Listeners in one loop: registered, accepted from, paused at a limit, backed off from when the
// system has no descriptor left, let go. The descriptors are the main thread's; a loop only
// registers their numbers. Level triggered and exclusive, so that one connection wakes one of the
// loops (epoll(7)).

internal import Glibc
internal import Model
internal import SharedState
internal import Synchronization
internal import Syscalls

/// A listening socket as one loop has it.
struct Listener: ~Copyable, SlabEntry {
    enum State: Equatable {
        case accepting
        /// The limit of client connections is reached; looked at again soon.
        case full(checkAt: Int64)
        /// The system is out of descriptors or memory, or others are to have what comes.
        case backingOff(until: Int64)
        case released

        /// It is looked at again without an event.
        fileprivate var isPaused: Bool {
            switch self {
            case .accepting, .released: false
            case .full, .backingOff: true
            }
        }
    }
    fileprivate(set) var state = State.released
    /// The master's number.
    fileprivate(set) var number = 0
    fileprivate(set) var fd: Int32 = -1
    fileprivate(set) var frontend: Ref<FrontendState>?
    /// As `RuntimeConfiguration.limitedBind`.
    fileprivate var limitedBind = RuntimeConfiguration.unlimited
    /// As the kernel says; 0 of a unix socket.
    fileprivate var port: UInt16 = 0
    fileprivate var backoff: Int64 = 0

    init() {}
}

extension Engine {
    /// Connections taken in one go: then those that are here get their turn.
    private static var batchMax: Int { 16 }
    private static var fullCheckMilliseconds: Int64 { 20 }
    private static var yieldMilliseconds: Int64 { 2 }
    private static var backoffMilliseconds: (least: Int64, most: Int64) { (100, 2_000) }

    mutating func adopt(_ registrations: [ListenerRegistration]) {
        for registration in registrations
        where frontends.indices.contains(registration.frontendIndex) {
            let listener = listenerSlab.take()
            listener[].number = registration.listener
            listener[].fd = registration.fd
            listener[].frontend = frontends[registration.frontendIndex]
            listener[].limitedBind = configuration.limitedBind(
                registration.frontendIndex, registration.bindIndex)
            listener[].port = (try? TCPSocket.localAddress(registration.fd).port) ?? 0
            listeners.append(listener)
            register(listener)
        }
        reports.post(.accepting(listeners: registrations.count), loop: index)
    }

    private mutating func register(_ listener: Ref<Listener>) {
        do throws(SystemError) {
            try epoll.add(
                fd: listener[].fd, events: EpollEvents.input | EpollEvents.exclusive,
                token: listener.token(tag: Tag.listener))
            change(listener, to: .accepting)
        } catch {
            backOff(listener)
        }
    }

    /// Takes the listener out of the poll set. It may be out already: that is no harm.
    private mutating func unregister(_ listener: Ref<Listener>, _ next: Listener.State) {
        _ = try? epoll.remove(fd: listener[].fd)
        change(listener, to: next)
    }

    private mutating func change(_ listener: Ref<Listener>, to next: Listener.State) {
        if listener[].state.isPaused { pausedListenerCount -= 1 }
        if next.isPaused { pausedListenerCount += 1 }
        listener[].state = next
    }

    mutating func accept(_ listener: Ref<Listener>) {
        guard listener[].state == .accepting else { return }
        // What waits still would wake nobody else.
        if acceptBatch(listener), hasOtherWorkers { yieldIfAhead(listener) }
    }

    /// The kernel wakes whom it likes (EPOLLEXCLUSIVE), often the same one. A worker that has clearly
    /// more clients than another leaves the queue to it for a moment.
    private mutating func yieldIfAhead(_ listener: Ref<Listener>) {
        guard listener[].state == .accepting, drain.isServing, let frontend = listener[].frontend,
            configuration.frontendGauges[frontend[].index].isAhead
        else { return }
        unregister(listener, .backingOff(until: now + Self.yieldMilliseconds))
    }

    /// Returns whether the queue was seen empty.
    private mutating func acceptBatch(_ listener: Ref<Listener>) -> Bool {
        guard let frontend = listener[].frontend else { return true }
        let bind = listener[].limitedBind
        var rest = Self.batchMax
        while rest > 0 {
            rest -= 1
            guard takePlace(frontend[].index, bind) else {
                count(.queued, of: frontend[].traffic)
                unregister(listener, .full(checkAt: now + Self.fullCheckMilliseconds))
                return false
            }
            var peer = RawSocketAddress(host: .ipv4(0), port: 0)
            let result = TCPSocket.acceptRaw(listener[].fd, peer: &peer)
            if !result.isError {
                listener[].backoff = 0
                let fd = Int32(truncatingIfNeeded: result.value)
                place(
                    AcceptedConnection(
                        fd: fd, peer: peer, frontendIndex: frontend[].index, limitedBind: bind,
                        listenerPort: listener[].port))
                continue
            }
            givePlace(frontend[].index, bind)
            if result.wouldBlock { return true }
            record.add(.acceptErrors)
            if Self.isOfOneConnection(result.errno) { continue }
            // A released listener is not taken up again: `tendDrain` comes back to its queue.
            if drain.isServing { backOff(listener) }
            return false
        }
        return false
    }

    /// Errors that the connection just to be accepted had, not the listener (accept(2)).
    private static func isOfOneConnection(_ errno: Int32) -> Bool {
        switch errno {
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: false
        // Of the listener; these would come again for ever.
        case EBADF, EINVAL, ENOTSOCK, EOPNOTSUPP: false
        default: true
        }
    }

    /// Leaves the queue to the kernel for a while, twice as long each time.
    private mutating func backOff(_ listener: Ref<Listener>) {
        let bounds = Self.backoffMilliseconds
        let wait = min(bounds.most, max(bounds.least, listener[].backoff * 2))
        listener[].backoff = wait
        unregister(listener, .backingOff(until: now + wait))
    }

    /// A queue that nobody else will accept from is emptied whatever the limit: it is bounded, and
    /// whoever waits for it to be empty has a deadline.
    private mutating func takePlace(_ frontend: Int, _ bind: Int32) -> Bool {
        let isLimited = bind != RuntimeConfiguration.unlimited
        guard drain.isServing else {
            configuration.processGauge.takeBeyondLimit()
            configuration.frontendGauges[frontend].takeBeyondLimit()
            if isLimited { configuration.bindGauges[Int(bind)].takeBeyondLimit() }
            return true
        }
        guard configuration.processGauge.take() else { return false }
        guard configuration.frontendGauges[frontend].take() else {
            configuration.processGauge.give()
            return false
        }
        if isLimited, !configuration.bindGauges[Int(bind)].take() {
            givePlace(frontend, RuntimeConfiguration.unlimited)
            return false
        }
        return true
    }

    private func givePlace(_ frontend: Int, _ bind: Int32) {
        configuration.processGauge.give()
        configuration.frontendGauges[frontend].give()
        if bind != RuntimeConfiguration.unlimited { configuration.bindGauges[Int(bind)].give() }
    }

    /// Serves the connection here, or hands it to a loop that is clearly less busy.
    private mutating func place(_ connection: AcceptedConnection) {
        record.add(.connectionsAccepted)
        if drain.isServing, !peers.isEmpty, let peer = lessBusyPeer(),
            peer.mailbox.post(.connection(connection))
        {
            peer.clientCount.add(1, ordering: .relaxed)
            return
        }
        adopt(connection)
    }

    /// Clearly: by more than a few, and by more than an eighth.
    private func lessBusyPeer() -> LoopLink? {
        let own = clients.count - closedClients.count
        var least = own
        var found: LoopLink?
        for peer in peers {
            let count = peer.clientCount.load(ordering: .relaxed)
            if count < least {
                least = count
                found = peer
            }
        }
        return own - least > max(4, own / 8) ? found : nil
    }

    /// Begins to serve a connection whose place is taken.
    mutating func adopt(_ connection: AcceptedConnection) {
        let client = clients.take()
        let frontend = frontends[connection.frontendIndex]
        noteDescriptor(connection.fd)
        client[].transport = Transport(
            owning: connection.fd, isReadable: true, isWritable: true)
        client[].transport.isLocal = connection.peer.isUnspecified
        client[].peer = connection.peer
        client[].frontend = frontend
        client[].acceptedBy = frontend
        client[].limitedBind = connection.limitedBind
        client[].listenerPort = connection.listenerPort
        client[].acceptedAt = nowNanoseconds
        count(.connections, of: frontend[].traffic)
        client.change(to: .idle)
        client[].previous = newestClient
        newestClient?[].next = client
        newestClient = client
        if oldestClient == nil { oldestClient = client }
        welcome(client)
        // As a rule the first bytes have come with the connection. What was said of a server before
        // they were sent counts, also when it was said within this round.
        attendServersIfChanged()
        advance(client)
    }

    /// Has the poll set watch a client that it does not watch yet, once there is something to wait
    /// for. A connection that serves one request and ends has most often never come to that, and
    /// taking it in and out would be an eighth of its cost. Until then nobody would tell that the
    /// client has left, so it is put off for a moment only.
    mutating func watch(_ client: Ref<ClientConnection>) {
        if client[].isWatched || client[].state == .closed { return }
        if isServed(client) {
            clientTimers.arm(client, at: now)
            return
        }
        startWatching(client)
    }

    /// Whether a client has said all, so that the server comes next, and no deadline but the
    /// server's counts.
    private func isServed(_ client: Ref<ClientConnection>) -> Bool {
        guard client[].state == .exchanging, let exchange = client[].exchange, !exchange[].isTCP
        else { return false }
        switch exchange[].phase {
        case .connecting: return !exchange[].isPausing
        case .awaitingResponse, .responding: return !awaitsClient(exchange, client)
        case .request, .queued, .tunnelling, .answering: return false
        }
    }

    /// The moment has passed. True: it was what the client's deadline was for.
    mutating func watchServed(_ client: Ref<ClientConnection>) -> Bool {
        if client[].isWatched { return false }
        let isServed = isServed(client)
        startWatching(client)
        return isServed
    }

    private mutating func startWatching(_ client: Ref<ClientConnection>) {
        do throws(SystemError) {
            try epoll.add(
                fd: client[].transport.fd, events: Transport.events,
                token: client.token(tag: Tag.client))
            client[].isWatched = true
        } catch {
            if let exchange = client[].exchange {
                abort(exchange, client, .resource, "out-of-memory")
            } else {
                close(client)
            }
        }
    }

    /// Ends a client connection for good.
    mutating func close(_ client: Ref<ClientConnection>, reset: Bool = false) {
        guard client[].state != .closed else { return }
        client.change(to: .closed)
        client[].transport.close(reset: reset)
        clientTimers.cancel(client)
        leaveOwn(client)
        buffers.empty(&client[].input)
        buffers.empty(&client[].output)
        if let previous = client[].previous {
            previous[].next = client[].next
        } else {
            oldestClient = client[].next
        }
        if let next = client[].next {
            next[].previous = client[].previous
        } else {
            newestClient = client[].previous
        }
        if let door = client[].acceptedBy {
            givePlace(door[].index, client[].limitedBind)
            if let frontend = client[].frontend, frontend[].index != door[].index {
                configuration.frontendGauges[frontend[].index].give()
            }
        }
        closedClients.append(client)
    }

    /// When a paused listener has to be looked at.
    func nextListenerCheck() -> Int64? {
        guard pausedListenerCount > 0 else { return nil }
        var soonest: Int64?
        for listener in listeners {
            switch listener[].state {
            case .accepting, .released: break
            case .full(let time), .backingOff(let time):
                soonest = min(soonest ?? time, time)
            }
        }
        return soonest
    }

    /// Takes paused listeners up again, in turn and some in a round: where a thousand share a limit,
    /// all of them would come for one place.
    mutating func tendListeners() {
        guard pausedListenerCount > 0 else { return }
        let isFull = configuration.processGauge.isFull
        let start = listenerTurn
        var budget = Self.batchMax
        for step in listeners.indices {
            let place = (start &+ step) % listeners.count
            let listener = listeners[place]
            switch listener[].state {
            case .accepting, .released: break
            case .full(let time):
                guard budget > 0, time <= now || step < Self.batchMax else { break }
                if !isFull, hasPlace(listener) {
                    register(listener)
                    budget &-= 1
                    listenerTurn = place &+ 1
                } else if time <= now {
                    change(listener, to: .full(checkAt: now + Self.fullCheckMilliseconds))
                }
            case .backingOff(let time):
                if time <= now { register(listener) }
            }
        }
    }

    private func hasPlace(_ listener: Ref<Listener>) -> Bool {
        guard let frontend = listener[].frontend else { return false }
        let bind = listener[].limitedBind
        if bind != RuntimeConfiguration.unlimited, configuration.bindGauges[Int(bind)].isFull {
            return false
        }
        return !configuration.frontendGauges[frontend[].index].isFull
    }

    /// Takes what waits, before the listeners are let go. Who was woken for a connection must take it:
    /// nobody else was (EPOLLEXCLUSIVE), nor would be before another one comes.
    mutating func takeWaiting() {
        for listener in listeners where listener[].state != .released {
            _ = acceptBatch(listener)
        }
    }

    /// Deletes every registration; no listener event is acted on any more.
    mutating func unregisterListeners() {
        for listener in listeners { unregister(listener, .released) }
    }

    /// Takes a batch from each of the given listeners, which are released; true if all were empty.
    mutating func emptyQueues(of numbers: [Int]) -> Bool {
        var allEmpty = true
        for listener in listeners where numbers.contains(listener[].number) {
            if !acceptBatch(listener) { allEmpty = false }
        }
        return allEmpty
    }
}
