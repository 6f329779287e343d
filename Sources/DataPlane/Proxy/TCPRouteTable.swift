// The routes of a TCP frontend, compiled: by where the client is, and by the name that its TLS
// hello asks for. Read-only, shared by all loops of a worker.

internal import Model
internal import Syscalls

/// What a route or a condition takes of a TCP connection. Good for as long as the arena it was
/// compiled into.
private struct TCPMatch: BitwiseCopyable {
    enum Verdict: UInt8 {
        case takes, leaves
        /// It depends on the name that the client will ask for.
        case needsHello
    }
    private let names: HostPatterns
    private let ranges: AddressTable
    /// Places of conditions.
    private let all: Run<Int>
    private let any: Run<Int>
    private let none: Run<Int>

    init(_ match: RouteMatch, conditions: [String: Int], arena: ConfigurationArena) {
        // A configuration has only references that hold.
        func places(_ names: [String]) -> Run<Int> {
            arena.run(names.compactMap { conditions[$0] })
        }
        names = HostPatterns(match.serverNames, arena: arena)
        ranges = AddressTable(match.clientRanges, arena: arena)
        all = places(match.all)
        any = places(match.any)
        none = places(match.none)
    }

    /// The depth is that of the conditions, which do not lead back to themselves.
    ///
    /// - Parameter name: what the client asks for, empty for nothing; nil: that is not known yet.
    func verdict(
        _ client: ClientAddress, name: Bytes?, _ conditions: inout TCPConditions
    ) -> Verdict {
        guard ranges.isEmpty || ranges.contains(client) else { return .leaves }
        var verdict = Verdict.takes
        if !names.isEmpty {
            if let name {
                guard names.take(name) else { return .leaves }
            } else {
                verdict = .needsHello
            }
        }
        var index = 0
        while index < all.count {
            switch conditions.verdict(all[index], client, name: name) {
            case .takes: break
            case .leaves: return .leaves
            case .needsHello: verdict = .needsHello
            }
            index &+= 1
        }
        index = 0
        while index < none.count {
            switch conditions.verdict(none[index], client, name: name) {
            case .takes: return .leaves
            case .leaves: break
            case .needsHello: verdict = .needsHello
            }
            index &+= 1
        }
        guard !any.isEmpty else { return verdict }
        switch verdictOfAny(client, name, &conditions) {
        case .takes: return verdict
        case .leaves: return .leaves
        case .needsHello: return .needsHello
        }
    }

    private func verdictOfAny(
        _ client: ClientAddress, _ name: Bytes?, _ conditions: inout TCPConditions
    ) -> Verdict {
        var best = Verdict.leaves
        var index = 0
        while index < any.count {
            switch conditions.verdict(any[index], client, name: name) {
            case .takes: return .takes
            case .leaves: break
            case .needsHello: best = .needsHello
            }
            index &+= 1
        }
        return best
    }
}

/// The conditions during one choice: each is looked at once, however many name it.
private struct TCPConditions: BitwiseCopyable {
    private let matches: Run<TCPMatch>
    /// What is known, by place; 256 conditions at most (`Configuration.conditionsMax`).
    private var verdicts = InlineArray<256, TCPMatch.Verdict?>(repeating: nil)

    init(_ matches: Run<TCPMatch>) {
        self.matches = matches
    }

    mutating func verdict(
        _ place: Int, _ client: ClientAddress, name: Bytes?
    ) -> TCPMatch.Verdict {
        guard place < verdicts.count else { return .leaves }
        if let known = verdicts[place] { return known }
        let verdict = matches[place].verdict(client, name: name, &self)
        verdicts[place] = verdict
        return verdict
    }
}

/// Good for as long as the arena it was compiled into.
struct TCPRouteTable: BitwiseCopyable, @unchecked Sendable {
    // SAFETY: Sendable, because the arena's memory is never written once it is filled.
    enum Action: BitwiseCopyable, Equatable {
        /// Place of the backend.
        case backend(Int)
        case deny
        /// Only the limit is asked, the search goes on.
        case goOn
    }
    private struct Entry: BitwiseCopyable {
        let match: TCPMatch
        let action: Action
        /// Place of the limit that is asked first; -1: none.
        let rateLimit: Int
    }
    enum Choice: Equatable {
        /// Places of the route and of its limit, which is -1 for none.
        case route(Int, Action, rateLimit: Int)
        /// It depends on the name that the client will ask for, from that route on.
        case needsHello(Int)
        case none
    }
    private let entries: Run<Entry>
    private let conditions: Run<TCPMatch>

    init(
        _ routes: [Route], conditions: [Condition], _ surroundings: RouteSurroundings,
        arena: ConfigurationArena
    ) {
        let numbers = surroundings.conditionNumbers
        self.conditions = arena.run(
            conditions.map { TCPMatch($0.match, conditions: numbers, arena: arena) })
        entries = arena.run(
            routes.map { route in
                Entry(
                    match: TCPMatch(route.match, conditions: numbers, arena: arena),
                    action: Self.compile(route.action, surroundings.backends),
                    rateLimit: route.rateLimit.flatMap { surroundings.rateLimits[$0.limit] } ?? -1)
            })
    }

    /// A configuration has only references that hold, and no other actions here.
    private static func compile(_ action: RouteAction?, _ backends: [String: Int]) -> Action {
        switch action {
        case nil: .goOn
        case .backend(let name): backends[name].map { .backend($0) } ?? .deny
        case .mappedBackend, .respond, .redirect, .deny: .deny
        }
    }

    /// The first route from the one at `start` that takes the connection.
    ///
    /// - Parameters:
    ///   - name: what the client asks for, empty for nothing; nil: that is not known yet.
    ///   - isHidden: it never will be. A route that denies by name then denies: a name that nobody can
    ///     read is no way around it.
    func choose(
        _ client: RawSocketAddress.Host, name: Bytes?, isHidden: Bool = false, from start: Int = 0
    ) -> Choice {
        var index = start
        let client = ClientAddress(client)
        var known = TCPConditions(conditions)
        var unknown = TCPConditions(conditions)
        while index < entries.count {
            let entry = entries[index]
            var verdict = entry.match.verdict(client, name: name, &known)
            if isHidden, entry.action == .deny,
                entry.match.verdict(client, name: nil, &unknown) == .needsHello
            {
                verdict = .takes
            }
            switch verdict {
            case .takes: return .route(index, entry.action, rateLimit: entry.rateLimit)
            case .leaves: break
            case .needsHello: return .needsHello(index)
            }
            index &+= 1
        }
        return .none
    }
}
