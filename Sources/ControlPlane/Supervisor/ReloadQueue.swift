// Which reload runs, which waits, which are over: one runs, one waits, a newer one takes the
// waiter's place. Pure value.

struct ReloadQueue: Sendable {
    /// How many finished records are kept to be shown.
    static let finishedCountMax = 200

    var running: ReloadOperation?
    private(set) var waiting: ReloadOperation?
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
    mutating func enqueue(_ operation: ReloadOperation) -> ReloadOperation? {
        defer { waiting = operation }
        return waiting
    }

    mutating func takeWaiting() -> ReloadOperation? {
        defer { waiting = nil }
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
