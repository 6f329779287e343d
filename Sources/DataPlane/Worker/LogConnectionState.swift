// Whether there is a connection to a log's receiver, and when it may be tried again. A pure value;
// `LogConnection` carries out what it says.

internal import Clock

struct LogConnectionState {
    /// What somebody with a record to send has to do first.
    enum Action: Equatable {
        case nothing
        case connect
        /// The attempt takes too long.
        case giveUp
    }

    static let connectTimeout = Duration.seconds(3)
    static let shortestPause = Duration.milliseconds(200)
    static let longestPause = Duration.seconds(10)

    private enum Phase {
        case away(until: Instant)
        case connecting(until: Instant)
        case there(since: Instant)
    }
    private var phase = Phase.away(until: Instant(nanoseconds: 0))
    /// The next one.
    private var pause = shortestPause

    /// Whether records can be sent.
    var isThere: Bool {
        switch phase {
        case .there: true
        case .away, .connecting: false
        }
    }

    /// Whether a connection is being made.
    var isConnecting: Bool {
        switch phase {
        case .connecting: true
        case .away, .there: false
        }
    }

    /// There is something to send.
    func wants(_ now: Instant) -> Action {
        switch phase {
        case .away(let until): now >= until ? .connect : .nothing
        case .connecting(let until): now >= until ? .giveUp : .nothing
        case .there: .nothing
        }
    }

    /// When `wants` will say something else; nil where only the socket can tell.
    var changesAt: Instant? {
        switch phase {
        case .away(let until), .connecting(let until): until
        case .there: nil
        }
    }

    mutating func didBegin(_ now: Instant) {
        switch phase {
        case .away: phase = .connecting(until: now + Self.connectTimeout)
        case .connecting, .there: preconditionFailure("a log has one connection at a time")
        }
    }

    mutating func didConnect(_ now: Instant) {
        switch phase {
        case .connecting: phase = .there(since: now)
        case .away, .there: preconditionFailure("a connection is made once, and after it was begun")
        }
    }

    /// No connection came of it, or the one there was is broken. One that held for longer than the
    /// pause was a good one; a receiver that takes connections only to end them is not called on
    /// without a pause. `random` is anything: workers that lost one receiver come back one by one.
    mutating func didFail(_ now: Instant, random: UInt64) {
        switch phase {
        case .away: return
        case .connecting: break
        case .there(let since): if now - since > pause { pause = Self.shortestPause }
        }
        let half = pause / 2
        let part = Int64(clamping: random % UInt64(max(1, half.wholeNanoseconds)))
        phase = .away(until: now + half + .nanoseconds(part))
        pause = min(pause * 2, Self.longestPause)
    }
}
