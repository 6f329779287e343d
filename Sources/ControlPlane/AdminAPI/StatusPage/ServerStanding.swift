// How a server is, in the words that the page shows: one word, why, and since when. Pure.

import Clock
import Master
import SharedState

extension ServerView {
    /// By everything that is known, the operator's wish included.
    var takesTraffic: Bool { isUp && adminState == .ready }

    /// Whether somebody should look at it.
    var wantsAttention: Bool { tone != .good }

    var tone: HTMLTone {
        guard adminState == .ready else { return .off }
        return switch operationalState {
        case .up, .noCheck: .good
        // It may still take traffic.
        case .unchecked, .goingDown: .warning
        case .unresolved, .down, .goingUp, .ejected: .bad
        }
    }
}

struct ServerStanding: Sendable, Equatable {
    /// The state of the API: what the operator wants goes before what checks and exchanges found.
    var state: String
    var tone: HTMLTone
    /// Nil where the state says it all.
    var why: String?
    /// Of its health; nil where nobody knows.
    var since: WallTime?
    /// The last check, and how long ago it ended; nil: there was none.
    var check: String?

    /// - Parameter now: for ages.
    init(_ server: ServerView, now: WallTime) {
        let found = server.operationalState
        tone = server.tone
        switch server.adminState {
        case .ready:
            state = found.rawValue
            why = Self.reason(for: server)
            since = server.check?.changedAt
        case .drain:
            // What belongs to it by persistence still comes, so its health counts.
            state = server.adminState.apiName
            why = "\(found.rawValue); takes only clients that belong to it"
            since = nil
        case .maintenance:
            state = server.adminState.apiName
            why = "takes nothing, is not checked"
            since = nil
        }
        if let last = server.check, let lastAt = last.lastAt {
            let time = PageText.duration(microseconds: last.lastMicroseconds)
            check = "\(Self.words(last.finding)) in \(time), \(PageText.age(now - lastAt)) ago"
        }
    }

    private static func reason(for server: ServerView) -> String? {
        switch server.operationalState {
        case .up, .noCheck:
            return nil
        case .unresolved:
            return server.resolution?.failure ?? "its name was not found yet"
        case .unchecked:
            return "its first check has not ended; "
                + (server.startsDown ? "takes nothing until then" : "takes traffic until then")
        case .goingDown, .down, .goingUp:
            return server.check.map { words($0.finding) }
        case .ejected:
            let left = PageText.age(.milliseconds(server.ejectedForMilliseconds ?? 0))
            return "its exchanges failed; out for \(left) more, ejected \(server.counts.ejections) "
                + (server.counts.ejections == 1 ? "time" : "times")
        }
    }

    /// `L7STS 503`.
    private static func words(_ finding: ServerCheckFinding) -> String {
        finding.result.name + (finding.status.map { " \($0)" } ?? "")
    }
}
