// A backend's settings for reuse and retries as the loops use them. Pure values.

internal import Clock
internal import Model

/// Which parked connection a request may take, and how long one is parked.
struct ReuseRules: BitwiseCopyable {
    /// Longer than a server's late second answer may take, by far (a connection that it comes on
    /// is closed).
    private static var quietMilliseconds: Int64 { 1_000 }

    let policy: ReuseSettings.Policy
    let idleMilliseconds: Int64

    init(_ settings: ReuseSettings) {
        policy = settings.policy
        idleMilliseconds = max(1, settings.idleTimeout.wholeMilliseconds)
    }

    /// How long a connection must have been parked before another client may have it.
    var quietTime: Int64 { policy == .safe ? Self.quietMilliseconds : 0 }
}

/// When another attempt is made.
struct RetryRules: BitwiseCopyable {
    let count: UInt8
    let onConnectFailure: Bool
    let onEmptyResponse: Bool
    let bufferBytes: Int
    /// A bit for each status that is in the list below.
    private let statuses: UInt8
    private static var known: [7 of Int] { [408, 425, 429, 500, 502, 503, 504] }

    init(_ settings: RetrySettings) {
        count = UInt8(clamping: settings.count)
        onConnectFailure = settings.when.contains(.connectFailure)
        onEmptyResponse = settings.when.contains(.emptyResponse)
        bufferBytes = settings.bufferBytes
        var bits: UInt8 = 0
        for place in 0..<7
        where settings.when.contains(where: { $0.rawValue == "\(Self.known[place])" }) {
            bits |= 1 << UInt8(place)
        }
        statuses = bits
    }

    /// Whether an answer with this status is no answer if there can be another attempt.
    @inline(__always)
    func includes(status: Int) -> Bool {
        statuses != 0 && includesKnown(status)
    }

    private func includesKnown(_ status: Int) -> Bool {
        for place in 0..<7 where Self.known[place] == status {
            return statuses >> UInt8(place) & 1 == 1
        }
        return false
    }
}
