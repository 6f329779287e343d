// What is counted of a frontend, a backend or a server. The raw value is a place in shared memory:
// append, never reorder, and change `RegionLayout.version` when a place gets another meaning.

/// A total over all workers that ever carried traffic for the name; it never goes down.
@frozen
public enum TrafficCounter: Int, CaseIterable, Sendable {
    /// Of a frontend: accepted. Of a backend or server: begun.
    case connections
    /// Exchanges that ended.
    case requests
    /// Final answers to clients by class; of a server: those that it gave.
    case responses2xx
    case responses3xx
    case responses4xx
    case responses5xx
    /// Connections to servers that failed, or ended in the middle of an answer.
    case failures
    /// Exchanges over a connection that was there already.
    case reuses
    /// From clients.
    case bytesIn
    /// To clients.
    case bytesOut
    /// Sum of the durations that the histogram counts.
    case durationMicroseconds
    /// Of a backend: exchanges that had to wait because every server was full. Of a frontend: how
    /// often it was full itself.
    case queued
    /// Sum of their waits.
    case queueMicroseconds
    /// Of `reuses`: over a connection that another loop had kept.
    case takeovers
    /// Bytes of a server that answered nothing, or a request that was still on its way to it: its
    /// connection was closed.
    case desyncs
    /// Attempts after a request's first one.
    case retries
}

/// Durations of HTTP requests, from the complete head to the end of the answer.
public enum TrafficHistogram {
    /// Upper bounds, inclusive; what is longer falls into one more bucket.
    public static let boundsMicroseconds: [Int64] = [
        500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
        2_500_000, 10_000_000,
    ]
    public static let bucketCount = 14
    /// Word of the first bucket in a record; the counters stand before it.
    @inlinable static var firstWord: Int { 16 }
}

/// Words of a record, and of what a loop keeps until it adds it there.
public enum TrafficLayout {
    public static let wordCount = 32

    /// The word of a duration's bucket; the same bounds as in `TrafficHistogram`, as comparisons,
    /// because every request asks.
    @inlinable
    public static func bucketWord(microseconds: Int64) -> Int {
        let bucket =
            switch microseconds {
            case ...500: 0
            case ...1_000: 1
            case ...2_500: 2
            case ...5_000: 3
            case ...10_000: 4
            case ...25_000: 5
            case ...50_000: 6
            case ...100_000: 7
            case ...250_000: 8
            case ...500_000: 9
            case ...1_000_000: 10
            case ...2_500_000: 11
            case ...10_000_000: 12
            default: 13
            }
        return TrafficHistogram.firstWord + bucket
    }
}
