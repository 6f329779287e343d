// What a route or a condition takes, compiled. Ordered by cost: the method and the host turn most
// routes away before anything is searched for; fields are looked at last. Hot; read-only.

import Model

struct CompiledMatch: BitwiseCopyable {
    /// Bit n: the n-th HTTPMethod may match; all for a match without methods.
    private let methodMask: UInt16
    private let hosts: HostPatterns
    private let paths: Run<Bytes>
    private let prefixes: Run<Bytes>
    /// None or one.
    private let rest: Run<CompiledMatchRest>

    init(
        _ match: RouteMatch, arena: ConfigurationArena, names: RuleNames,
        conditions: [String: Int]
    ) {
        methodMask =
            match.methods.isEmpty
            ? .max
            : match.methods.reduce(0) { mask, method in
                mask | 1 << UInt16(HTTPMethod(arena.bytes(method)).rawValue)
            }
        hosts = HostPatterns(match.hosts, arena: arena)
        paths = arena.run(match.paths.map { arena.bytes($0) })
        prefixes = arena.run(
            match.pathPrefixes.map {
                arena.bytes($0.hasSuffix("/") ? String($0.dropLast()) : $0)
            })
        let rest = CompiledMatchRest(match, arena: arena, names: names, conditions: conditions)
        self.rest = arena.run(rest.isEmpty ? [] : [rest])
    }

    /// `conditions` are those that the match names by number.
    @inline(__always)
    func takes(
        _ facts: inout ExchangeFacts, _ conditions: ConditionTable, _ memory: inout ConditionMemory
    ) -> Bool {
        guard methodMask & 1 << UInt16(facts.knownMethod.rawValue) != 0 else { return false }
        guard hosts.isEmpty || hosts.take(facts.host) else { return false }
        guard paths.isEmpty || takesExactPath(facts.path) else { return false }
        guard prefixes.isEmpty || takesPrefix(facts.path) else { return false }
        return rest.isEmpty || rest[0].takes(&facts, conditions, &memory)
    }

    private func takesExactPath(_ path: Bytes) -> Bool {
        var index = 0
        while index < paths.count {
            if path.equals(paths[index]) { return true }
            index &+= 1
        }
        return false
    }

    /// `/api` and `/api/` as prefixes are one: `/api` itself and everything below it.
    private func takesPrefix(_ path: Bytes) -> Bool {
        var index = 0
        while index < prefixes.count {
            // Without its last slash, see `init`.
            let prefix = prefixes[index]
            if path.begins(with: prefix) {
                if path.count == prefix.count || path[prefix.count] == ASCII.slash { return true }
            }
            index &+= 1
        }
        return false
    }
}

/// So many servers of a backend, or free connections, by its place.
private struct CompiledLeast: BitwiseCopyable {
    let backend: Int
    let least: Int
}

/// What most matches do not have.
private struct CompiledMatchRest: BitwiseCopyable {
    /// Only looked at for methods that HTTPMethod does not know.
    private let methods: Run<Bytes>
    private let suffixes: Run<Bytes>
    private let patterns: Run<CompiledPathPattern>
    private let regexes: Run<CompiledPathRegex>
    /// Neither patterns nor expressions.
    private let takesAnyPath: Bool
    private let clients: AddressTable
    private let ports: Run<UInt16>
    private let serversUp: Run<CompiledLeast>
    private let connectionsFree: Run<CompiledLeast>
    /// None or one.
    private let share: Run<CompiledShare>
    /// Empty: either.
    private let scheme: Bytes
    private let values: Run<CompiledValueMatch>
    private let all: Run<Int>
    private let any: Run<Int>
    private let none: Run<Int>

    init(
        _ match: RouteMatch, arena: ConfigurationArena, names: RuleNames,
        conditions: [String: Int]
    ) {
        let unknown = match.methods.filter { HTTPMethod(arena.bytes($0)) == .other }
        methods = arena.run(unknown.map { arena.bytes($0) })
        suffixes = arena.run(match.pathSuffixes.map { arena.bytes($0) })
        patterns = arena.run(
            match.pathPatterns.map {
                CompiledPathPattern($0, numbers: names.captures, arena: arena)
            })
        regexes = arena.run(
            match.pathRegexes.map {
                CompiledPathRegex($0, numbers: names.captures, arena: arena)
            })
        takesAnyPath = patterns.isEmpty && regexes.isEmpty
        serversUp = arena.run(
            match.serversUp.map { up in
                CompiledLeast(backend: names.backends[up.backend] ?? -1, least: up.least)
            })
        connectionsFree = arena.run(
            match.connectionsFree.map { free in
                CompiledLeast(backend: names.backends[free.backend] ?? -1, least: free.least)
            })
        share = arena.run(
            match.sharePercent.map { [CompiledShare(percent: $0, salt: arena.nextSalt())] } ?? [])
        clients = AddressTable(match.clientRanges, arena: arena)
        ports = arena.run(match.ports.map { UInt16(clamping: $0) })
        scheme = arena.bytes(match.scheme?.rawValue ?? "")
        values = arena.run(
            CompiledValueMatch.compile(match.queries, in: .query, arena: arena)
                + CompiledValueMatch.compile(match.cookies, in: .cookie, arena: arena)
                + CompiledValueMatch.compile(match.headers, in: .header, arena: arena)
                + CompiledValueMatch.compile(match.maps, in: .map, arena: arena, names: names))
        // A name that no condition has cannot be: a Configuration has only references that hold.
        all = arena.run(match.all.map { conditions[$0] ?? -1 })
        any = arena.run(match.any.map { conditions[$0] ?? -1 })
        none = arena.run(match.none.map { conditions[$0] ?? -1 })
    }

    var isEmpty: Bool {
        methods.isEmpty && suffixes.isEmpty && takesAnyPath && serversUp.isEmpty
            && connectionsFree.isEmpty && share.isEmpty && clients.isEmpty && ports.isEmpty
            && scheme.isEmpty
            && values.isEmpty && all.isEmpty && any.isEmpty && none.isEmpty
    }

    /// Patterns are last: what they capture counts only for a match that takes the request.
    func takes(
        _ facts: inout ExchangeFacts, _ conditions: ConditionTable, _ memory: inout ConditionMemory
    ) -> Bool {
        guard methods.isEmpty || facts.knownMethod != .other || contains(methods, facts.method)
        else { return false }
        guard scheme.isEmpty || scheme.equals(facts.scheme),
            ports.isEmpty || ports.contains(facts.port)
        else { return false }
        guard serversUp.isEmpty || areUp(memory), share.isEmpty || share[0].takes(facts.requestID)
        else { return false }
        guard clients.isEmpty || clients.number(of: facts.clientAddress) != nil,
            suffixes.isEmpty || takesSuffix(facts.path), takesValues(facts)
        else { return false }
        var index = 0
        while index < all.count {
            guard conditions.holds(all[index], &facts, &memory) else { return false }
            index &+= 1
        }
        index = 0
        while index < none.count {
            if conditions.holds(none[index], &facts, &memory) { return false }
            index &+= 1
        }
        guard any.isEmpty || holdsAny(&facts, conditions, &memory) else { return false }
        guard connectionsFree.isEmpty || areFree(memory) else { return false }
        return takesAnyPath || takesPath(&facts)
    }

    private func areUp(_ memory: ConditionMemory) -> Bool {
        var index = 0
        while index < serversUp.count {
            guard memory.serversUp(serversUp[index].backend) >= serversUp[index].least else {
                return false
            }
            index &+= 1
        }
        return true
    }

    private func areFree(_ memory: ConditionMemory) -> Bool {
        var index = 0
        while index < connectionsFree.count {
            let (backend, least) = (connectionsFree[index].backend, connectionsFree[index].least)
            guard memory.hasFreeConnections(backend, least) else { return false }
            index &+= 1
        }
        return true
    }

    /// Neither captures anything before it is clear that both take the path.
    private func takesPath(_ facts: inout ExchangeFacts) -> Bool {
        if regexes.isEmpty { return takesPattern(facts.path, &facts.captures) }
        var nowhere = Captures()
        guard patterns.isEmpty || takesPattern(facts.path, &nowhere), takesRegex(&facts) else {
            return false
        }
        return patterns.isEmpty || takesPattern(facts.path, &facts.captures)
    }

    private func takesRegex(_ facts: inout ExchangeFacts) -> Bool {
        var index = 0
        while index < regexes.count {
            if regexes[index].takes(facts.path, &facts.captures) { return true }
            index &+= 1
        }
        return false
    }

    private func contains(_ names: Run<Bytes>, _ name: Bytes) -> Bool {
        var index = 0
        while index < names.count {
            if name.equals(names[index]) { return true }
            index &+= 1
        }
        return false
    }

    private func takesSuffix(_ path: Bytes) -> Bool {
        var index = 0
        while index < suffixes.count {
            if path.ends(with: suffixes[index]) { return true }
            index &+= 1
        }
        return false
    }

    private func takesValues(_ facts: ExchangeFacts) -> Bool {
        var index = 0
        while index < values.count {
            guard values[index].takes(facts) else { return false }
            index &+= 1
        }
        return true
    }

    private func holdsAny(
        _ facts: inout ExchangeFacts, _ conditions: ConditionTable, _ memory: inout ConditionMemory
    ) -> Bool {
        var index = 0
        while index < any.count {
            if conditions.holds(any[index], &facts, &memory) { return true }
            index &+= 1
        }
        return false
    }

    private func takesPattern(_ path: Bytes, _ captures: inout Captures) -> Bool {
        var index = 0
        while index < patterns.count {
            if patterns[index].takes(path, &captures) { return true }
            index &+= 1
        }
        return false
    }
}
