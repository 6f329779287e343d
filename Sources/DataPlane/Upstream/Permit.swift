// The right of one exchange to be with one server that has a limit. It belongs to the exchange and
// goes back when that lets go of it, in the one place where values end: it cannot be forgotten, nor
// given back twice. Hot where a limit is configured; the loop's thread.

internal import SharedState

struct Permit: ~Copyable {
    let server: Ref<UpstreamServer>
    private let number: Int

    /// - Parameter number: of a permit that the worker holds, and nobody else in it has.
    init(adopting number: Int, of server: Ref<UpstreamServer>) {
        self.number = number
        self.server = server
    }

    deinit { server.giveBack(number) }
}

/// A place in the line, left when the exchange lets go of it.
@safe
struct QueuePlace: ~Copyable {
    /// Of the backend.
    let backend: Int
    private let queue: Unmanaged<BackendQueue>
    private let ticket: QueueTicket

    init(_ ticket: QueueTicket, in queue: BackendQueue) {
        backend = queue.place
        self.ticket = ticket
        // SAFETY: the queue lives as long as the configuration, which outlives the loop's entries.
        unsafe self.queue = .passUnretained(queue)
    }

    deinit { unsafe queue._withUnsafeGuaranteedRef { $0.leave(ticket) } }

    /// Whether it is this place's turn.
    func isMeant(by answer: QueueAnswer) -> Bool {
        ticket.sequence == answer.sequence && backend == answer.backend
    }

    /// It came to the exchange's turn: it is out of the line already.
    consuming func end() { discard self }
}

/// Where a server's permits are taken and given back, in one loop.
@safe
struct PermitSource {
    private var serverLimit = ServerLimit()
    private var record: ServerRecord?
    private var holder: PermitHolder?
    /// Where a free one is likely.
    private var hint = 0
    private var queue: Unmanaged<BackendQueue>?
    private var loop: Unmanaged<LoopQueues>?

    init() {}

    /// A server of a backend that has a queue.
    init(
        _ record: ServerRecord?, worker: QueueWorker, queue: BackendQueue, loop: LoopQueues
    ) {
        self.record = record
        holder = worker.holder
        // SAFETY: both live as long as the loop, whose entries this is in.
        unsafe self.queue = .passUnretained(queue)
        unsafe self.loop = .passUnretained(loop)
    }

    /// The limit and the permits may have changed.
    mutating func read(configuredLimit: Int, rampPercent: Int, in region: SharedRegion) {
        serverLimit.read(
            record, configured: configuredLimit, rampPercent: rampPercent, in: region)
    }

    /// 0: there is no limit.
    var limit: Int { @inline(__always) get { serverLimit.inForce } }

    /// Somebody is in line for them, so a newcomer gets none.
    var areWaitedFor: Bool { limit > 0 && record?.hasWaiting != false }

    /// How many newcomers would get one just now, counted up to `most`.
    func freeCount(atMost most: Int) -> Int {
        areWaitedFor ? 0 : serverLimit.freeCount(atMost: most, hint: hint)
    }

    /// A free permit's number, now held; nil: there is none, or others wait already.
    @inline(__always)
    mutating func take() -> Int? {
        guard let record, let holder, !record.hasWaiting,
            let number = serverLimit.take(holder, hint: hint)
        else { return nil }
        hint = number + 1
        return number
    }

    /// Sets a permit free, or hands it on if somebody waits.
    mutating func giveBack(_ number: Int, server place: Int) {
        guard let permits = serverLimit.permits, let record, let queue = unsafe queue,
            let loop = unsafe loop
        else {
            return
        }
        hint = number
        var isFree = false
        if number < permits.count, !record.hasWaiting {
            permits.free(number)
            // Who begins to wait sets its bit and then looks at the permits: one of us sees.
            if !record.hasWaiting { return }
            isFree = true
        }
        // SAFETY: as in `init`.
        let answer = unsafe queue._withUnsafeGuaranteedRef { queue in
            isFree
                ? queue.didFree(near: number, server: place)
                : queue.takeBack(number, server: place)
        }
        unsafe loop._withUnsafeGuaranteedRef { $0.deliver(answer) }
    }
}

extension Ref where Entry == UpstreamServer {
    fileprivate func giveBack(_ number: Int) {
        self[].permits.giveBack(number, server: self[].index)
    }
}
