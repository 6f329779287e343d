// What becomes of servers, told once: the loop looks at their records when something about one has
// changed, at most as often as it looks at the workers. Workers write these records, so what they
// make of them is bounded: so many changes at a time are told, the rest the next time. The loop's.

internal import Clock
internal import SharedState

/// A server came up, went down, or was taken out for a while.
struct ServerChange: Sendable, Equatable {
    /// UNRESOLVED, UNCHECKED, UP, DOWN, EJECTED or NO_CHECK.
    var old: ServerView.OperationalState
    var new: ServerView.OperationalState
    var server: ServerView
}

struct ServerWatch {
    /// Changes that are told at a time.
    static let countMax = 100

    private struct Name: Hashable {
        var backend: String
        var server: String
    }
    private var known: [Name: ServerView.OperationalState] = [:]
    private var seen: UInt64?
    private var generation: Int?
    /// Something is to be told yet, or ends by itself.
    private var isPending = false

    init() {}

    /// - Parameters:
    ///   - changes: grows with every change of a record.
    ///   - generation: the one that serves.
    ///   - read: its backends.
    mutating func sample(
        _ changes: UInt64, generation: Int?, read: (Int) -> [BackendView]
    ) -> [ServerChange] {
        guard let generation, changes != seen || generation != self.generation || isPending else {
            return []
        }
        seen = changes
        self.generation = generation
        isPending = false
        var told: [ServerChange] = []
        var next: [Name: ServerView.OperationalState] = [:]
        for server in read(generation).flatMap(\.servers) {
            let name = Name(backend: server.backend, server: server.name)
            let new = server.operationalState.outcome
            let old = known[name] ?? (new == .noCheck ? .noCheck : .unchecked)
            if new == .ejected { isPending = true }
            let wasOut = old == .ejected || old == .unresolved
            if new == old || new == .unchecked || new == .noCheck && !wasOut {
                next[name] = new
            } else if told.count < Self.countMax {
                next[name] = new
                told.append(ServerChange(old: old, new: new, server: server))
            } else {
                next[name] = old
                isPending = true
            }
        }
        known = next
        return told
    }
}

extension ServerView.OperationalState {
    /// Without how far it is on its way.
    fileprivate var outcome: Self {
        switch self {
        case .goingDown: .up
        case .goingUp: .down
        case .unresolved, .noCheck, .unchecked, .up, .down, .ejected: self
        }
    }
}

extension ServerChange {
    /// In a word or a few: `L7STS`, `failures in a row`, `its time is over`.
    var reason: String {
        if new == .unresolved { return "its name was not found" }
        if old == .unresolved, new == .noCheck { return "its name was found" }
        if new == .ejected { return "failures in a row" }
        if old == .ejected, new != .down { return "its time is over" }
        return server.check?.finding.result.name ?? "NONE"
    }
}
