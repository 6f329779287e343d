// One difference between two configurations, and how much of a running proxy it disturbs at least.

/// The lightest way in which a change can be applied, by the design of the language. Ordered from
/// light to heavy. What a version really does may be heavier.
public enum ChangeImpact: String, Sendable, CaseIterable, Comparable {
    /// In the running workers: weights, server sets, local responses.
    case hot = "HOT"
    /// By a new generation.
    case reload = "RELOAD"
    /// By a new master: it reads this only when it starts.
    case restart = "RESTART"

    /// Lighter than.
    public static func < (left: ChangeImpact, right: ChangeImpact) -> Bool {
        guard let first = allCases.firstIndex(of: left), let second = allCases.firstIndex(of: right)
        else { preconditionFailure("an impact is not among all impacts") }
        return first < second
    }
}

/// One difference between two effective documents.
public struct ConfigurationChange: Sendable, Hashable {
    /// RFC 6902's words.
    public enum Operation: String, Sendable, CaseIterable {
        case add, remove, replace
    }

    /// What becomes of the value.
    public var operation: Operation
    /// RFC 6901, with one liberty: a route is named by its id, since its number would be that of
    /// one of two lists.
    public var pointer: String
    /// The lightest way to apply it.
    public var impact: ChangeImpact

    public init(operation: Operation, pointer: String, impact: ChangeImpact) {
        self.operation = operation
        self.pointer = pointer
        self.impact = impact
    }
}

extension ChangeImpact {
    /// Of a change at this place in the document.
    init(path: [String]) {
        switch path.first {
        case "admin":
            // The master's own socket; `apus run` reads it before it starts a worker.
            self = .restart
        case "backends" where path.count > 2 && path[2] == "servers":
            self = .hot
        case "frontends"
        where path.count > 5 && path[2] == "routes" && path[4] == "respond":
            // The answer changes, and not that this route answers.
            self = .hot
        default:
            self = .reload
        }
    }
}
