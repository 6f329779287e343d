// The book in which every request of a load stands under an id of its own: what the client did
// and what came of it. Joined with the echo server's book it tells what was lost.

internal import Foundation
internal import Synchronization

/// What came of one request.
public enum RequestFate: Sendable, Equatable {
    /// A whole response.
    case answered(status: Int)
    /// Nobody took the connection; nothing was sent.
    case refused
    /// Sent, and then the connection ended or fell silent without a whole response.
    case lost(wasReset: Bool, String)
    /// The connection was already over when the client looked, before it sent: no loss.
    case notSent
}

/// One request in the book.
public struct LedgerEntry: Sendable {
    public var id: String
    public var client: String
    /// Must arrive exactly once.
    public var isOnceOnly: Bool
    public var fate: RequestFate
    public var milliseconds: Double
    /// Seconds since the ledger's start.
    public var at: Double

    public init(
        id: String, client: String, isOnceOnly: Bool, fate: RequestFate, milliseconds: Double,
        at: Double
    ) {
        self.id = id
        self.client = client
        self.isOnceOnly = isOnceOnly
        self.fate = fate
        self.milliseconds = milliseconds
        self.at = at
    }
}

/// The client's book. Any thread.
public final class Ledger: Sendable {
    private let entries = Mutex<[LedgerEntry]>([])
    private let numbers = Counter()
    private let start = Elapsed()

    public init() {}

    /// A new id.
    public func nextID(_ client: String) -> String { "\(client)-\(numbers.add())" }

    public func record(
        _ id: String, client: String, isOnceOnly: Bool, fate: RequestFate, milliseconds: Double
    ) {
        let at = start.milliseconds / 1000
        entries.withLock {
            $0.append(
                LedgerEntry(
                    id: id, client: client, isOnceOnly: isOnceOnly, fate: fate,
                    milliseconds: milliseconds, at: at))
        }
    }

    public var all: [LedgerEntry] { entries.withLock { $0 } }

    /// The client's book joined with the server's.
    public func verdict(server: EchoServer) -> LedgerVerdict {
        LedgerVerdict(all) { server.timesSeen($0) }
    }
}

/// What a load shows. Perfect is: everything sent was answered with 2xx and arrived once.
public struct LedgerVerdict: Sendable, CustomStringConvertible {
    public var requestCount = 0
    public var sentNotAnswered: [LedgerEntry] = []
    public var refusedCount = 0
    public var resetCount = 0
    public var notSentCount = 0
    /// Ids that must arrive once and arrived more often.
    public var duplicates: [String] = []
    /// Answered with 2xx, but the server never saw them.
    public var answeredUnseen: [String] = []
    public var badStatus: [LedgerEntry] = []
    public var countByClient: [String: Int] = [:]
    public var p50Milliseconds = 0.0
    public var p99Milliseconds = 0.0
    public var maxMilliseconds = 0.0

    public init(_ entries: [LedgerEntry], timesSeen: (String) -> Int) {
        var times: [Double] = []
        for entry in entries {
            requestCount += 1
            countByClient[entry.client, default: 0] += 1
            let seen = timesSeen(entry.id)
            if entry.isOnceOnly, seen > 1 { duplicates.append(entry.id) }
            switch entry.fate {
            case .answered(let status):
                times.append(entry.milliseconds)
                if !(200...299).contains(status) {
                    badStatus.append(entry)
                } else if seen == 0 {
                    answeredUnseen.append(entry.id)
                }
            case .refused: refusedCount += 1
            case .notSent: notSentCount += 1
            case .lost(let wasReset, _):
                sentNotAnswered.append(entry)
                if wasReset { resetCount += 1 }
            }
        }
        times.sort()
        if let last = times.last {
            p50Milliseconds = times[times.count / 2]
            p99Milliseconds = times[min(times.count - 1, times.count * 99 / 100)]
            maxMilliseconds = last
        }
    }

    /// Nothing lost, refused, reset, doubled, invented or answered with an error.
    public var isPerfect: Bool {
        sentNotAnswered.isEmpty && refusedCount == 0 && resetCount == 0 && duplicates.isEmpty
            && answeredUnseen.isEmpty && badStatus.isEmpty
    }

    public var description: String {
        var text =
            "\(requestCount) requests \(countByClient.sorted { $0.key < $1.key }): "
            + "\(sentNotAnswered.count) lost (\(resetCount) reset), \(refusedCount) refused, "
            + "\(duplicates.count) twice, \(answeredUnseen.count) unseen, "
            + "\(badStatus.count) not 2xx, \(notSentCount) not sent; "
        text += String(
            format: "p50 %.1f p99 %.1f max %.1f ms", p50Milliseconds, p99Milliseconds,
            maxMilliseconds)
        for entry in (sentNotAnswered + badStatus).prefix(10) { text += "\n  \(entry)" }
        return text
    }
}
