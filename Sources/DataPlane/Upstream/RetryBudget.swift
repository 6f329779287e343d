// A bound on the load that retries add: when every server of a backend fails, sending everything
// again several times is what keeps them from getting up. Of the last two seconds' requests a share
// may be repeated, and a few in any case. Shared by the loops; asked only where something failed.

/// What happened in the last two seconds. Pure.
struct RetryWindow {
    private static var bucketCount: Int { 10 }
    private static var bucketMilliseconds: Int64 { 200 }
    /// Allowed within the window whatever the traffic is: three a second.
    private static var floor: Int { 6 }

    private var requests = InlineArray<10, Int>(repeating: 0)
    private var retries = InlineArray<10, Int>(repeating: 0)
    /// The newest bucket's number.
    private var newest: Int64 = 0

    init() {}

    mutating func note(requests count: Int, now: Int64) {
        advance(to: now)
        requests[Self.place(newest)] += count
    }

    /// Whether one more request may be sent again; if so, it counts.
    mutating func take(percent: Int, now: Int64) -> Bool {
        advance(to: now)
        var asked = 0
        var given = 0
        for index in 0..<Self.bucketCount {
            asked += requests[index]
            given += retries[index]
        }
        guard percent > 0, given < asked * percent / 100 + Self.floor else { return false }
        retries[Self.place(newest)] += 1
        return true
    }

    private mutating func advance(to now: Int64) {
        let bucket = max(newest, now / Self.bucketMilliseconds)
        for step in 0..<min(Int64(Self.bucketCount), bucket - newest) {
            requests[Self.place(bucket - step)] = 0
            retries[Self.place(bucket - step)] = 0
        }
        newest = bucket
    }

    private static func place(_ bucket: Int64) -> Int {
        Int(bucket % Int64(bucketCount))
    }
}

/// The window of one backend.
final class RetryBudget: Sendable {
    private let percent: Int
    private let window = Guarded(RetryWindow())

    /// - Parameter percent: 0…100; 0 allows none.
    init(percent: Int) {
        self.percent = percent
    }

    /// - Parameter now: milliseconds of CLOCK_MONOTONIC.
    func note(requests count: Int, now: Int64) {
        window.withLock { $0.note(requests: count, now: now) }
    }

    func take(now: Int64) -> Bool {
        window.withLock { $0.take(percent: percent, now: now) }
    }
}
