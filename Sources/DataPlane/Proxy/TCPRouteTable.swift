// The routes of a TCP frontend, compiled: by where the client is and came in, and by its first bytes:
// the name that a TLS hello asks for, whether they are HTTP. Read-only, shared by all loops of a worker.

internal import Model
internal import Syscalls

/// Where a connection comes from, and where it came in.
private struct TCPCaller: BitwiseCopyable {
    let address: ClientAddress
    let port: UInt16
}

/// What a route or a condition takes of a TCP connection. Good for as long as the arena it was
/// compiled into.
private struct TCPMatch: BitwiseCopyable {
    enum Verdict: UInt8 {
        case takes, leaves
        /// It depends on what the client will say first.
        case needsOpening
    }
    private let names: HostPatterns
    private let speaksHTTP: Bool?
    private let ranges: AddressTable
    private let ports: Run<UInt16>
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
        speaksHTTP = match.speaksHTTP
        ranges = AddressTable(match.clientRanges, arena: arena)
        ports = arena.run(match.ports.map { UInt16(clamping: $0) })
        all = places(match.all)
        any = places(match.any)
        none = places(match.none)
    }

    /// The depth is that of the conditions, which do not lead back to themselves.
    func verdict(
        _ caller: TCPCaller, _ opening: TCPOpening, _ conditions: inout TCPConditions
    ) -> Verdict {
        guard ranges.isEmpty || ranges.contains(caller.address),
            ports.isEmpty || ports.contains(caller.port)
        else {
            return .leaves
        }
        var verdict = Verdict.takes
        if !names.isEmpty {
            if let name = opening.name {
                guard names.take(name) else { return .leaves }
            } else {
                verdict = .needsOpening
            }
        }
        if let speaksHTTP {
            if let isHTTP = opening.isHTTP {
                guard isHTTP == speaksHTTP else { return .leaves }
            } else {
                verdict = .needsOpening
            }
        }
        var index = 0
        while index < all.count {
            switch conditions.verdict(all[index], caller, opening) {
            case .takes: break
            case .leaves: return .leaves
            case .needsOpening: verdict = .needsOpening
            }
            index &+= 1
        }
        index = 0
        while index < none.count {
            switch conditions.verdict(none[index], caller, opening) {
            case .takes: return .leaves
            case .leaves: break
            case .needsOpening: verdict = .needsOpening
            }
            index &+= 1
        }
        guard !any.isEmpty else { return verdict }
        switch verdictOfAny(caller, opening, &conditions) {
        case .takes: return verdict
        case .leaves: return .leaves
        case .needsOpening: return .needsOpening
        }
    }

    private func verdictOfAny(
        _ caller: TCPCaller, _ opening: TCPOpening, _ conditions: inout TCPConditions
    ) -> Verdict {
        var best = Verdict.leaves
        var index = 0
        while index < any.count {
            switch conditions.verdict(any[index], caller, opening) {
            case .takes: return .takes
            case .leaves: break
            case .needsOpening: best = .needsOpening
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
        _ place: Int, _ caller: TCPCaller, _ opening: TCPOpening
    ) -> TCPMatch.Verdict {
        guard place < verdicts.count else { return .leaves }
        if let known = verdicts[place] { return known }
        let verdict = matches[place].verdict(caller, opening, &self)
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
        /// Place of the HTTP frontend that goes on with the connection.
        case frontend(Int)
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
        /// It depends on what the client will say first, from that route on.
        case needsOpening(Int)
        case none
    }
    private let entries: Run<Entry>
    private let conditions: Run<TCPMatch>
    /// What any of the routes depends on.
    let questions: TCPQuestions

    init(
        _ routes: [Route], conditions: [Condition], _ surroundings: RouteSurroundings,
        arena: ConfigurationArena
    ) {
        let numbers = surroundings.conditionNumbers
        questions = Self.questions(of: routes.map(\.match), conditions)
        self.conditions = arena.run(
            conditions.map { TCPMatch($0.match, conditions: numbers, arena: arena) })
        entries = arena.run(
            routes.map { route in
                Entry(
                    match: TCPMatch(route.match, conditions: numbers, arena: arena),
                    action: Self.compile(route.action, surroundings),
                    rateLimit: route.rateLimit.flatMap { surroundings.rateLimits[$0.limit] } ?? -1)
            })
    }

    /// A configuration has only references that hold, and no other actions here.
    private static func compile(
        _ action: RouteAction?, _ surroundings: RouteSurroundings
    ) -> Action {
        switch action {
        case nil: .goOn
        case .backend(let name): surroundings.backends[name].map { .backend($0) } ?? .deny
        case .frontend(let name): surroundings.frontends[name].map { .frontend($0) } ?? .deny
        case .mappedBackend, .respond, .redirect, .deny: .deny
        }
    }

    /// Of these matches and of the conditions that they lead to.
    private static func questions(
        of matches: [RouteMatch], _ conditions: [Condition]
    ) -> TCPQuestions {
        let matchesByName = Dictionary(
            conditions.map { ($0.name, $0.match) }, uniquingKeysWith: { first, _ in first })
        var questions = TCPQuestions()
        var seen: Set<String> = []
        var waiting = matches
        while let match = waiting.popLast() {
            if !match.serverNames.isEmpty { questions.name = true }
            if match.speaksHTTP != nil { questions.isHTTP = true }
            for name in match.all + match.any + match.none where seen.insert(name).inserted {
                if let match = matchesByName[name] { waiting.append(match) }
            }
        }
        return questions
    }

    /// The first route from the one at `start` that takes the connection. A route that denies by what
    /// is hidden then denies: what nobody can read is no way around it.
    ///
    /// - Parameter port: what the client connected to.
    func choose(
        _ client: RawSocketAddress.Host, port: UInt16, _ opening: TCPOpening, from start: Int = 0
    ) -> Choice {
        var index = start
        let caller = TCPCaller(address: ClientAddress(client), port: port)
        let apparent = opening.apparent
        var known = TCPConditions(conditions)
        var unknown = TCPConditions(conditions)
        while index < entries.count {
            let entry = entries[index]
            var verdict = entry.match.verdict(caller, apparent, &known)
            if opening.isRead, entry.action == .deny,
                entry.match.verdict(caller, opening, &unknown) == .needsOpening
            {
                verdict = .takes
            }
            switch verdict {
            case .takes: return .route(index, entry.action, rateLimit: entry.rateLimit)
            case .leaves: break
            case .needsOpening: return .needsOpening(index)
            }
            index &+= 1
        }
        return .none
    }
}
