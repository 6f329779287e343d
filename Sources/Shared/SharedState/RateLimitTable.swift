// When each key of a rate limit may come again, in memory that all workers share: a reload is no way
// around a limit. One word a key, changed by compare-and-exchange, so that what loops and processes
// do at the same time is counted exactly.
//
// The generic cell rate algorithm (ITU-T I.371): a key has a theoretical arrival time, TAT. A
// request moves it one interval on; it is refused if that would put it more than a burst of
// intervals ahead of now. A key that is not there is one whose TAT has passed.

/// What a limit says of one request.
public enum RateLimitVerdict: Sendable, Equatable {
    case allowed
    /// It may come again after this time.
    case refused(waitMicroseconds: Int64)
}

/// A handle on the cells of one limit. Copied freely, any thread, any process.
public struct RateLimitTable: BitwiseCopyable, Sendable {
    private let cells: TableCells

    /// Of all limits together.
    public static let bucketCountMax = RegionLayout.limitBucketCount

    /// Microseconds that a burst may take to come back: a quarter of what the clock can tell.
    public static let reachMax: Int64 = 1 << 42

    /// Each loop has the time of its round: so far one may be behind another, which has put a TAT as
    /// far ahead as it may be.
    private static let skewMax: Int64 = 1_000_000

    /// Looks at this many bits of a word as time, in microseconds; the rest tells keys apart.
    private static let timeBits: UInt64 = 44
    private static let timeMask: UInt64 = (1 << timeBits) - 1

    /// Buckets for so many keys: 1…`bucketCountMax`.
    public static func bucketCount(entries: Int) -> Int {
        TablePlacement.bucketCount(cells: entries, atMost: bucketCountMax)
    }

    /// Nil for a placement that is not within the region, or whose count is no power of two.
    public init?(_ region: SharedRegion, _ placement: TablePlacement) {
        guard
            let cells = TableCells(
                region, start: RegionLayout.limitStart, countMax: Self.bucketCountMax, placement)
        else { return nil }
        self.cells = cells
    }

    /// A table of this process alone, for as long as it lives: there was no room in the region.
    public init(unsharedBucketCount count: Int) {
        cells = TableCells(unsharedBucketCount: count, countMax: Self.bucketCountMax)
    }

    /// Asks for one request, and counts it if it is allowed.
    ///
    /// - Parameters:
    ///   - key: a hash of the key, all bits of it good.
    ///   - now: microseconds of CLOCK_MONOTONIC, which all processes share.
    ///   - interval: from one request to the next on average, microseconds, at least 1.
    ///   - burst: how many may come at once, at least 1; with `interval` at most `reachMax`.
    public func ask(key: UInt64, now: Int64, interval: Int64, burst: Int64) -> RateLimitVerdict {
        ask(key: key, now: now, interval: interval, burst: burst, mends: true)
    }

    /// - Parameter mends: whether a TAT that is farther ahead than it can be is set back.
    private func ask(
        key: UInt64, now: Int64, interval: Int64, burst: Int64, mends: Bool
    ) -> RateLimitVerdict {
        // 0 would be a free cell.
        let tag = max(1, key >> Self.timeBits)
        let bucket = cells.bucket(of: key)
        let time = UInt64(bitPattern: now) & Self.timeMask
        let reach = Self.reach(interval, burst)
        // Others may be faster; each of them has counted one, so few rounds are enough.
        for _ in 0..<64 {
            let cell = find(tag, in: bucket, at: time, reach: mends ? reach : .max)
            let word = cells.load(cell)
            let isKnown = word >> Self.timeBits == tag
            let ahead = isKnown ? Self.ahead(word, of: time) : 0
            let next = min(ahead, reach + Self.skewMax) + interval
            guard next > reach else {
                if cells.change(cell, from: word, to: Self.word(tag, time, next)) {
                    return .allowed
                }
                continue
            }
            // Of a limit that was larger before a reload, or left from before the clock came round.
            if mends, ahead > reach + Self.skewMax {
                guard cells.change(cell, from: word, to: Self.word(tag, time, reach)) else {
                    continue
                }
                return .refused(waitMicroseconds: interval)
            }
            return .refused(waitMicroseconds: next - reach)
        }
        return .refused(waitMicroseconds: interval)
    }

    /// The same for somebody whose time may be old, such as that of a loop's round: what others have
    /// counted since would look like a burst to come. So nothing is refused by an old time.
    ///
    /// - Parameter clock: microseconds of CLOCK_MONOTONIC; asked only where something is refused.
    public func ask(
        key: UInt64, roundTime: Int64, interval: Int64, burst: Int64, clock: () -> Int64
    ) -> RateLimitVerdict {
        var time = roundTime
        for _ in 0..<Self.clockReadsMax {
            // By an old time a TAT is farther ahead than it is.
            let verdict = ask(key: key, now: time, interval: interval, burst: burst, mends: false)
            guard case .refused = verdict else { return verdict }
            let present = clock()
            let isOld = present &- time >= Self.oldMicroseconds
            time = present
            if !isOld { break }
        }
        return ask(key: key, now: time, interval: interval, burst: burst)
    }

    /// Also between the clock and the table a thread may lose its processor.
    private static let clockReadsMax = 8
    private static let oldMicroseconds: Int64 = 100

    /// Makes all keys unknown. The master's, when nobody uses the cells.
    public func clear() { cells.clear() }

    /// How far ahead of now a TAT may legally be.
    private static func reach(_ interval: Int64, _ burst: Int64) -> Int64 {
        let (product, overflow) = interval.multipliedReportingOverflow(by: burst)
        return overflow ? reachMax : min(product, reachMax)
    }

    /// How far a TAT is ahead of `time`; 0 where it has passed, or is farther than any limit reaches.
    private static func ahead(_ word: UInt64, of time: UInt64) -> Int64 {
        let difference = Int64((word &- time) & timeMask)
        return difference <= reachMax + skewMax ? difference : 0
    }

    private static func word(_ tag: UInt64, _ time: UInt64, _ ahead: Int64) -> UInt64 {
        tag << timeBits | (time &+ UInt64(bitPattern: ahead)) & timeMask
    }

    /// The key's cell; else a free one, or the one whose TAT is least ahead.
    private func find(_ tag: UInt64, in bucket: Range<Int>, at time: UInt64, reach: Int64) -> Int {
        var best = bucket.lowerBound
        var least = Int64.max
        for cell in bucket {
            let word = cells.load(cell)
            if word >> Self.timeBits == tag { return cell }
            var ahead = word == 0 ? -1 : Self.ahead(word, of: time)
            // No request of this limit can have put it there, if the time is right. Nothing is added
            // to the reach, which may be the largest number.
            if ahead &- Self.skewMax > reach { ahead = 0 }
            if ahead < least {
                least = ahead
                best = cell
            }
        }
        return best
    }
}
