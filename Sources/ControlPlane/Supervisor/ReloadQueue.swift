// Which reload runs, which waits, which are over: one runs, one waits, a newer one takes the
// waiter's place. Pure value.

import Clock

struct ReloadQueue: Sendable {
    /// A reload takes some milliseconds, a burst of a hundred wishes some more: a waiter is started
    /// once the burst has been quiet this long…
    static let quiet: Duration = .milliseconds(100)
    /// …or has lasted this long. So a burst starts few generations, and nobody waits noticeably.
    static let burstMax: Duration = .milliseconds(500)
    /// How many finished records are kept to be shown.
    static let finishedCountMax = 200

    var running: ReloadOperation?
    private(set) var waiting: ReloadOperation?
    /// When the waiter may start; nil: at once.
    private var settlesAt: Instant?
    private var burstBegan: Instant?
    /// Newest first.
    private(set) var finished: [ReloadRecord]

    init(finished: [ReloadRecord]) {
        self.finished = Array(finished.prefix(Self.finishedCountMax))
    }

    /// Whatever is not over, then the finished ones, newest first.
    var records: [ReloadRecord] {
        [waiting, running].compactMap { $0?.record } + finished
    }

    func knows(_ id: String) -> Bool {
        running?.record.id == id || waiting?.record.id == id
            || finished.contains { $0.id == id }
    }

    /// Answers whose place it took; that one is over now, and the caller says so.
    mutating func enqueue(_ operation: ReloadOperation, at now: Instant) -> ReloadOperation? {
        if running != nil || waiting != nil {
            let began = burstBegan ?? now
            burstBegan = began
            settlesAt = min(now + Self.quiet, began + Self.burstMax)
        }
        defer { waiting = operation }
        return waiting
    }

    /// Whether one waits whose time has come, and which is durable.
    func isDue(at now: Instant) -> Bool {
        waiting?.isRecorded == true && settlesAt.map { $0 <= now } ?? true
    }

    /// When the waiter may start, if nothing but its burst is in its way.
    var startsAt: Instant? {
        running == nil && waiting?.isRecorded == true ? settlesAt : nil
    }

    /// By when the waiter must be durable; nil: it is, or nobody waits.
    var recordDeadline: Instant? { waiting?.recordDeadline }

    mutating func noteRecorded() { waiting?.noteRecorded() }

    mutating func forgive(until instant: Instant) {
        running?.forgive(until: instant)
        waiting?.forgive(until: instant)
    }

    mutating func takeWaiting() -> ReloadOperation? {
        defer {
            waiting = nil
            settlesAt = nil
            burstBegan = nil
        }
        return waiting
    }

    mutating func takeRunning() -> ReloadOperation? {
        defer { running = nil }
        return running
    }

    mutating func keep(_ record: ReloadRecord) {
        finished.insert(record, at: 0)
        if finished.count > Self.finishedCountMax { finished.removeLast() }
    }
}
