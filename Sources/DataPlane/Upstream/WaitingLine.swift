// Who waits for a server of one backend, in one worker, in which order: by priority, then first
// come first served. Those that any server will do for stand in the backend's lane, those that
// belong to one server in that server's. A pure value; its owner holds the lock.

/// One exchange that waits.
struct Waiter: BitwiseCopyable {
    /// The loop of the exchange, and the exchange there: `Ref.token`.
    var loop: Int
    var exchange: UInt64
    /// 0…9; smaller is served first.
    var priority: Int
    /// The one server that will do; nil: any.
    var server: Int?
}

/// What a waiter is known by. A number is given once, so that an old ticket finds nobody.
struct QueueTicket: BitwiseCopyable, Equatable {
    fileprivate var entry: Int32
    var sequence: UInt64
    /// How many stood in the same lane.
    var ahead: Int32
}

enum LineAnswer {
    case stands(QueueTicket)
    /// As many wait for the waiter's own server as may.
    case laneIsFull
    case isFull
}

struct WaitingLine {
    static let priorityCount = 10

    /// One who is out of the line now, and the number of the ticket.
    struct Next: BitwiseCopyable {
        var waiter: Waiter
        var sequence: UInt64
    }
    private struct Entry: BitwiseCopyable {
        var waiter: Waiter
        /// 0: the entry is free.
        var sequence: UInt64
        var next: Int32
        var previous: Int32
    }
    /// First and last entry of one priority in one lane; -1: there is none.
    private struct List: BitwiseCopyable {
        var first: Int32 = -1
        var last: Int32 = -1
    }
    private struct Lane: BitwiseCopyable {
        var lists = InlineArray<10, List>(repeating: List())
        /// A bit for each list that is not empty.
        var present: UInt32 = 0
        var count = 0
    }

    private let limit: Int
    /// How many may wait for one server alone, by place.
    private let serverLimits: [Int]
    private var entries: [Entry] = []
    private var freeEntries: [Int32] = []
    /// The backend's, then one for each server.
    private var lanes: [Lane]
    private var nextSequence: UInt64 = 1
    /// All that wait.
    private(set) var count = 0

    /// - Parameters:
    ///   - limit: how many may wait, in all lanes together.
    ///   - serverLimits: how many of them for one server alone, for each.
    init(limit: Int, serverLimits: [Int]) {
        self.limit = limit
        self.serverLimits = serverLimits
        lanes = Array(repeating: Lane(), count: serverLimits.count + 1)
    }

    /// How many wait for any server.
    var backendCount: Int { lanes[0].count }

    /// How many wait for this server alone.
    func count(ofServer place: Int) -> Int { lanes[place + 1].count }

    mutating func add(_ waiter: Waiter) -> LineAnswer {
        guard count < limit else { return .isFull }
        if let server = waiter.server, lanes[server + 1].count >= serverLimits[server] {
            return .laneIsFull
        }
        let ticket = QueueTicket(
            entry: freeEntries.popLast() ?? Int32(entries.count), sequence: nextSequence,
            ahead: Int32(clamping: lanes[lane(of: waiter)].count))
        nextSequence += 1
        let entry = Entry(waiter: waiter, sequence: ticket.sequence, next: -1, previous: -1)
        if Int(ticket.entry) == entries.count {
            entries.append(entry)
        } else {
            entries[Int(ticket.entry)] = entry
        }
        link(ticket.entry, behind: lanes[lane(of: waiter)].lists[priority(of: waiter)].last)
        return .stands(ticket)
    }

    /// The one who had the ticket; nil: it waits no more.
    mutating func remove(_ ticket: QueueTicket) -> Waiter? {
        guard entries.indices.contains(Int(ticket.entry)),
            entries[Int(ticket.entry)].sequence == ticket.sequence
        else { return nil }
        return take(ticket.entry).waiter
    }

    /// Whether `takeNext` finds somebody.
    func hasWaiter(forServer place: Int, takesNew: Bool, takesPersistent: Bool) -> Bool {
        takesNew && lanes[0].count > 0 || takesPersistent && lanes[place + 1].count > 0
    }

    /// The one whom the server serves next, out of the line.
    ///
    /// - takesNew: those of the backend's lane may go there.
    /// - takesPersistent: those of its own lane may.
    mutating func takeNext(
        forServer place: Int, takesNew: Bool, takesPersistent: Bool
    ) -> Next? {
        let any = takesNew ? head(ofLane: 0) : nil
        let own = takesPersistent ? head(ofLane: place + 1) : nil
        guard let best = better(any, own) else { return nil }
        return take(best)
    }

    /// The first of the backend's lane, out of the line.
    mutating func takeAny() -> Next? {
        head(ofLane: 0).map { take($0) }
    }

    /// Those who wait for this server alone may go to any from now on, each where it would stand
    /// had it said so when it came.
    mutating func moveToBackend(fromServer place: Int) {
        while let moved = head(ofLane: place + 1) {
            unlink(moved)
            entries[Int(moved)].waiter.server = nil
            let list = lanes[0].lists[priority(of: entries[Int(moved)].waiter)]
            var before = list.last
            while before >= 0, entries[Int(before)].sequence > entries[Int(moved)].sequence {
                before = entries[Int(before)].previous
            }
            link(moved, behind: before)
        }
    }

    private mutating func take(_ entry: Int32) -> Next {
        let taken = entries[Int(entry)]
        unlink(entry)
        entries[Int(entry)].sequence = 0
        freeEntries.append(entry)
        return Next(waiter: taken.waiter, sequence: taken.sequence)
    }

    private func better(_ one: Int32?, _ other: Int32?) -> Int32? {
        guard let one, let other else { return one ?? other }
        let (first, second) = (entries[Int(one)], entries[Int(other)])
        if priority(of: first.waiter) != priority(of: second.waiter) {
            return priority(of: first.waiter) < priority(of: second.waiter) ? one : other
        }
        return first.sequence < second.sequence ? one : other
    }

    private func head(ofLane lane: Int) -> Int32? {
        let present = lanes[lane].present
        return present == 0 ? nil : lanes[lane].lists[present.trailingZeroBitCount].first
    }

    private func lane(of waiter: Waiter) -> Int { waiter.server.map { $0 + 1 } ?? 0 }

    private func priority(of waiter: Waiter) -> Int {
        min(max(0, waiter.priority), Self.priorityCount - 1)
    }

    /// Puts an entry into its lane's list, behind `before`; -1: at the front.
    private mutating func link(_ entry: Int32, behind before: Int32) {
        let waiter = entries[Int(entry)].waiter
        let (lane, priority) = (lane(of: waiter), priority(of: waiter))
        let after = before < 0 ? lanes[lane].lists[priority].first : entries[Int(before)].next
        entries[Int(entry)].previous = before
        entries[Int(entry)].next = after
        if before < 0 {
            lanes[lane].lists[priority].first = entry
        } else {
            entries[Int(before)].next = entry
        }
        if after < 0 {
            lanes[lane].lists[priority].last = entry
        } else {
            entries[Int(after)].previous = entry
        }
        lanes[lane].present |= 1 << UInt32(priority)
        lanes[lane].count += 1
        count += 1
    }

    private mutating func unlink(_ entry: Int32) {
        let (next, previous) = (entries[Int(entry)].next, entries[Int(entry)].previous)
        let waiter = entries[Int(entry)].waiter
        let (lane, priority) = (lane(of: waiter), priority(of: waiter))
        if previous < 0 {
            lanes[lane].lists[priority].first = next
        } else {
            entries[Int(previous)].next = next
        }
        if next < 0 {
            lanes[lane].lists[priority].last = previous
        } else {
            entries[Int(next)].previous = previous
        }
        if lanes[lane].lists[priority].first < 0 { lanes[lane].present &= ~(1 << UInt32(priority)) }
        lanes[lane].count -= 1
        count -= 1
    }
}
