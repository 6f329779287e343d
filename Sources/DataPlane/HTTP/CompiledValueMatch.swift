// Header fields, parameters and cookies that a match asks for, compiled. Hot; read-only.

import Model

/// What a value is compared with.
struct CompiledValueTest: BitwiseCopyable {
    private enum Comparison: UInt8, BitwiseCopyable {
        case present, exact, prefix, suffix, contains, regex
    }

    private let text: Bytes
    private let comparison: Comparison
    /// One for `regex`, none for all others.
    private let regex: Run<CompiledRegex>

    init(_ match: ValueMatch, arena: ConfigurationArena) {
        text = arena.bytes(match.value ?? "")
        guard let value = match.value else {
            comparison = .present
            regex = arena.run([])
            return
        }
        guard match.comparison == .regex else {
            regex = arena.run([])
            comparison = Self.comparison(match.comparison)
            return
        }
        comparison = .regex
        // That it is one was checked when it was read.
        let expression = try? RegularExpression(value)
        regex = arena.run(expression.map { [CompiledRegex($0, arena: arena)] } ?? [])
    }

    private static func comparison(_ comparison: ValueMatch.Comparison) -> Comparison {
        switch comparison {
        case .exact: .exact
        case .prefix: .prefix
        case .suffix: .suffix
        case .contains: .contains
        case .regex: .regex
        }
    }

    func takes(_ value: Bytes, _ facts: ExchangeFacts) -> Bool {
        switch comparison {
        case .present: true
        case .exact: value.equals(text)
        case .prefix: value.begins(with: text)
        case .suffix: value.ends(with: text)
        case .contains: value.contains(text)
        case .regex: !regex.isEmpty && regex[0].matches(value, facts.captures.regex)
        }
    }

    /// The same for a value whose escapes are looked through.
    func takes(decoded value: Bytes, _ facts: ExchangeFacts) -> Bool {
        switch comparison {
        case .present: return true
        case .exact: return DecodedText(value).equals(text)
        case .prefix:
            var rest = DecodedText(value)
            return rest.begins(with: text)
        case .suffix: return DecodedText(value).ends(with: text)
        case .contains: return DecodedText(value).contains(text)
        case .regex:
            return !regex.isEmpty
                && regex[0].matches(decoded: DecodedText(value), facts.captures.regex)
        }
    }
}

/// All tests of one name: one of them must take one of the values.
struct CompiledValueMatch: BitwiseCopyable {
    /// Where the values of that name are.
    enum Place: UInt8, BitwiseCopyable {
        case header, query, cookie, map
    }

    /// Of a header field: lower case.
    private let name: Bytes
    private let place: Place
    private let tests: Run<CompiledValueTest>
    private let map: Run<CompiledMap>?

    /// Those of one name become one, names in order.
    static func compile(
        _ matches: [ValueMatch], in place: Place, arena: ConfigurationArena,
        names: RuleNames = RuleNames()
    ) -> [CompiledValueMatch] {
        let named = matches.map { match in
            (name: place == .header ? match.name.lowercased() : match.name, match: match)
        }
        return Set(named.map(\.name)).sorted().map { name in
            CompiledValueMatch(
                name: arena.bytes(name), place: place,
                tests: arena.run(
                    named.filter { $0.name == name }.map {
                        CompiledValueTest($0.match, arena: arena)
                    }),
                map: place == .map ? names.maps[name] : nil)
        }
    }

    func takes(_ facts: ExchangeFacts) -> Bool {
        switch place {
        case .header:
            var index = 0
            while let value = facts.fields.next(name, from: &index) {
                if takes(value, facts) { return true }
            }
        case .map:
            guard let map, let value = map[0].text(facts) else { return false }
            return takes(value, facts)
        case .query:
            var parameters = QueryParameters(facts.query)
            while let parameter = parameters.next() {
                if DecodedText(parameter.name).equals(name),
                    takes(decoded: parameter.value, facts)
                {
                    return true
                }
            }
        case .cookie:
            var index = 0
            while let field = facts.fields.next(.cookie, from: &index) {
                var cookies = CookieList(field)
                while let cookie = cookies.next() {
                    if cookie.name.equals(name), takes(cookie.value, facts) { return true }
                }
            }
        }
        return false
    }

    private func takes(_ value: Bytes, _ facts: ExchangeFacts) -> Bool {
        var index = 0
        while index < tests.count {
            if tests[index].takes(value, facts) { return true }
            index &+= 1
        }
        return false
    }

    private func takes(decoded value: Bytes, _ facts: ExchangeFacts) -> Bool {
        var index = 0
        while index < tests.count {
            if tests[index].takes(decoded: value, facts) { return true }
            index &+= 1
        }
        return false
    }
}
