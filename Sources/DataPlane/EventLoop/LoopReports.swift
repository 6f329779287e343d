// What the loops of a worker tell its main thread. Any loop posts, the main thread waits for
// `descriptor` and takes. A handful of messages in a worker's life.

internal import Syscalls

/// A fact about one loop.
enum LoopReport: Sendable, Equatable {
    /// `ProxyLoop.run` has begun to wait for events.
    case running
    /// So many listeners are adopted, and connections accepted from them.
    case accepting(listeners: Int)
    /// None of the loop's so many listeners is registered any more, and the queues that had to be
    /// drained are empty: the descriptors may be closed.
    case released(listeners: Int)
    /// No client connection, exchange or tunnel is left after `released`.
    case drained
    /// So many sessions fitted the order, and so many of them were ended.
    case ended(order: UInt64, matched: Int, ended: Int)
    /// `ProxyLoop.run` returns.
    case stopped
}

/// The queue of them.
final class LoopReports: Sendable {
    /// A report with the loop that made it.
    struct Entry: Sendable, Equatable {
        /// 0… as given to `ProxyLoop`.
        var loop: Int
        var report: LoopReport
    }
    private let mailbox: Mailbox<Entry>

    /// Throws where the system has no descriptor left.
    init() throws(SystemError) {
        mailbox = try Mailbox()
    }

    /// Readable while reports wait; for the main thread's poll set.
    var descriptor: Int32 { mailbox.descriptor }

    func post(_ report: LoopReport, loop: Int) {
        mailbox.post(Entry(loop: loop, report: report))
    }

    /// All that wait, oldest first.
    func takeAll() -> [Entry] { mailbox.takeAll() }
}
