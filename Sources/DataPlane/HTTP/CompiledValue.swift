// Values of a request that templates, matches and maps ask for by name. Borrowed bytes of the
// request, never copied. Hot; read-only.

import Model

/// Numbers for the names that rules use; the same for all frontends.
struct RuleNames {
    /// Names of captures, of which a configuration has at most `PathPattern.namesMax`.
    private(set) var captures: [String: Int] = [:]
    /// Names and numbers of the groups of a regular expression, for the text that is written in
    /// the place of what it matches.
    private(set) var groups: [String: Int] = [:]
    /// Places of the backends.
    private(set) var backends: [String: Int] = [:]
    /// Compiled maps, each a run of one.
    private(set) var maps: [String: Run<CompiledMap>] = [:]

    init() {}

    /// What patterns of a condition match is not captured: it would depend on who looked first.
    var withoutCaptures: RuleNames {
        var names = self
        names.captures = [:]
        return names
    }

    /// With the groups of that expression.
    func adding(_ expression: RegularExpression) -> RuleNames {
        var names = self
        for number in 0...expression.groups.count { names.groups["\(number)"] = number }
        for group in expression.groups {
            if let name = group.name { names.groups[name] = group.number }
        }
        return names
    }

    /// With the maps, whose keys may be captures.
    init(_ configuration: Configuration, backends: [String: Int], arena: ConfigurationArena) {
        self.init(configuration)
        self.backends = backends
        var maps: [String: Run<CompiledMap>] = [:]
        for map in configuration.maps {
            maps[map.name] = arena.run([
                CompiledMap(map, backends: backends, arena: arena, names: self)
            ])
        }
        self.maps = maps
    }

    init(_ configuration: Configuration) {
        for frontend in configuration.frontends {
            for route in frontend.routes {
                let match = route.match
                for name in match.pathPatterns.flatMap(\.names) + match.pathRegexes.flatMap(\.names)
                where captures[name] == nil && captures.count < PathPattern.namesMax {
                    captures[name] = captures.count
                }
            }
        }
    }
}

struct CompiledValue: BitwiseCopyable {
    private enum Source: BitwiseCopyable {
        case host, path, method, clientIP
        case capture(Int)
        case map(Run<CompiledMap>)
        case nothing
        /// Lower case.
        case header(Bytes)
        case response(Bytes)
        case cookie(Bytes)
        case query(Bytes)
    }

    private let source: Source

    private init(source: Source) {
        self.source = source
    }

    init(_ value: RequestValue, arena: ConfigurationArena, names: RuleNames) {
        source =
            switch value.kind {
            case .capture: .capture(names.captures[value.name] ?? -1)
            case .header: .header(arena.bytes(value.name.lowercased()))
            case .response: .response(arena.bytes(value.name.lowercased()))
            case .cookie: .cookie(arena.bytes(value.name))
            case .query: .query(arena.bytes(value.name))
            case .map: names.maps[value.name].map { .map($0) } ?? .nothing
            }
    }

    /// What a map looks up.
    init(_ key: ValueMap.Key, arena: ConfigurationArena, names: RuleNames) {
        switch key {
        case .host: self.init(source: .host)
        case .path: self.init(source: .path)
        case .method: self.init(source: .method)
        case .clientIP: self.init(source: .clientIP)
        case .request(let value): self.init(value, arena: arena, names: names)
        }
    }

    var form: ValueForm {
        switch source {
        case .capture, .host, .path: .ofTarget
        case .query: .parameter
        case .header, .response, .cookie, .map, .method, .clientIP, .nothing: .plain
        }
    }

    /// No bytes where the request has no such thing.
    func text(_ facts: ExchangeFacts) -> Bytes {
        switch source {
        case .host: return facts.host
        case .path: return facts.path
        case .method: return facts.method
        case .clientIP: return facts.clientIP
        case .nothing: return .empty
        case .map(let map): return map[0].text(facts) ?? .empty
        case .capture(let number): return facts.captures[number]
        case .header(let name):
            var index = 0
            return facts.fields.next(name, from: &index) ?? .empty
        case .response(let name):
            var index = 0
            return facts.responseFields.next(name, from: &index) ?? .empty
        case .cookie(let name): return facts.fields.cookie(name) ?? .empty
        case .query(let name):
            return QueryParameters.value(of: name, in: facts.query) ?? .empty
        }
    }
}
