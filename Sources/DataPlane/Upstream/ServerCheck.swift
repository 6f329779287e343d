// The check of one server in the loop that checks it, and all checks of a loop: who is due, who
// waits for a place, who is under way.
//
//   waiting ──due──▶ connecting ──made──▶ sending ──sent──▶ receiving
//      ▲  └──no place──▶ queued ─▲ │                │               │
//      └───────────────────────────┴────verdict─────┴───────────────┘
//
// At most so many are under way at once: what is due beyond that waits in line. One thread.

internal import SharedState

struct ServerCheck: ~Copyable, SlabEntry, TimerEntry {
    enum State: UInt8 {
        /// The timer says when it is due.
        case waiting
        /// Due, but too many are under way.
        case queued
        /// From here on the timer says when the server has failed.
        case connecting
        case sending
        case receiving

        var isUnderWay: Bool {
            switch self {
            case .waiting, .queued: false
            case .connecting, .sending, .receiving: true
            }
        }
    }
    var state = State.waiting
    var timer = TimerLinks<ServerCheck>()
    var transport = Transport()
    /// The request while it is sent, then what was received and is still needed.
    var buffer = Buffer()
    var sent = 0
    var answer = CheckAnswer()
    var health = ServerHealth()
    var plan: CheckPlan?
    var server: Ref<UpstreamServer>?
    /// When the last check of ours began: nanoseconds of the loop's clock, and as the record has it.
    var begunAt: Int64 = 0
    var begunAtWall: UInt64 = 0
    /// It is to be made whatever others have asked: the question is a new one, or something has
    /// changed for the server.
    var isUrgent = false
    /// Somebody else's check is under way, or was when its worker let go of it.
    var awaitsOther = false
    fileprivate var next: Ref<ServerCheck>?

    init() {}

    /// Sends what is left of the request.
    mutating func send() -> TransferResult {
        transport.send(buffer, offset: sent, count: buffer.count - sent)
    }

    /// Receives behind what is there already.
    mutating func receive() -> TransferResult { transport.receive(into: &buffer) }

    /// Looks at what was received; nil: there has to be more.
    mutating func readAnswer(
        head: inout ResponseHead, _ captures: Captures
    ) -> ServerCheckFinding? {
        guard let plan else { return ServerCheckFinding(.invalidAnswer) }
        return answer.didReceive(&buffer, plan, head: &head, captures)
    }

    /// The server has ended the connection.
    mutating func endAnswer(_ captures: Captures) -> ServerCheckFinding {
        guard let plan else { return ServerCheckFinding(.invalidAnswer) }
        return answer.didEnd(buffer, plan, captures)
    }
}

/// The checks of one loop.
struct ServerChecks: ~Copyable {
    /// Under way at once.
    static var underWayMax: Int { 64 }

    private var slab = Slab<ServerCheck>()
    var timers: TimerWheel<ServerCheck>
    private(set) var all: [Ref<ServerCheck>] = []
    /// Nothing is checked before the worker serves, nor after it was released.
    var isRunning = false
    var underWayCount = 0
    /// Some server went down or came up in this round.
    var hasNews = false
    private var first: Ref<ServerCheck>?
    private var last: Ref<ServerCheck>?

    init(now: Int64) {
        timers = TimerWheel(now: now)
    }

    var hasPlace: Bool { underWayCount < Self.underWayMax }

    mutating func add(_ plan: CheckPlan, of server: Ref<UpstreamServer>) -> Ref<ServerCheck> {
        let check = slab.take()
        check[].plan = plan
        check[].server = server
        server[].check = check
        all.append(check)
        return check
    }

    /// Puts one that is due at the end of the line.
    mutating func enqueue(_ check: Ref<ServerCheck>) {
        check[].state = .queued
        check[].next = nil
        if let last { last[].next = check } else { first = check }
        last = check
    }

    /// The one that has waited longest, if there is a place for it.
    mutating func nextInLine() -> Ref<ServerCheck>? {
        guard hasPlace, let check = first else { return nil }
        first = check[].next
        if first == nil { last = nil }
        check[].next = nil
        return check
    }

    mutating func emptyLine() {
        while let check = first {
            first = check[].next
            check[].next = nil
            check[].state = .waiting
        }
        last = nil
    }
}
