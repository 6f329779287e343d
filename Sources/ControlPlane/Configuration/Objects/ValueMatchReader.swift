// `header`, `query`, `cookie` and `map` of a match: `{X-Debug: "1", X-Beta: [a, {prefix: b}],
// X-Any: null}`.

import Model

extension ValueReader {
    /// What the keys of a mapping of values name.
    enum NamedPlace: String {
        case header, query, cookie, map
    }

    /// Null asks only that it is there.
    func valueMatches(_ place: NamedPlace) -> [ValueMatch] {
        guard let fields = mapping() else { return [] }
        var seen: [String: String] = [:]
        return fields.all().flatMap { entry -> [ValueMatch] in
            guard let name = entry.value.valueName(entry, place) else { return [] }
            if let first = seen.updateValue(entry.key, forKey: name) {
                entry.value.report(
                    .duplicateKey,
                    "header names are case-insensitive, \(quoted(first)) stands above already",
                    at: entry.keyPosition)
            }
            if entry.value.isNull { return [ValueMatch(name: name, value: nil)] }
            return entry.value.each { $0.valueMatch(name) }
        }
    }

    /// Lower case for a header field.
    private func valueName(_ entry: MappingReader.Entry, _ place: NamedPlace) -> String? {
        let isName =
            switch place {
            case .query:
                (1...256).contains(entry.key.utf8.count)
                    && !entry.key.utf8.contains { $0 < 0x20 || $0 == 0x7F }
            case .map: Names.isName(entry.key)
            case .header, .cookie: Names.isToken(entry.key)
            }
        guard isName else {
            report(
                .invalidValue, "\(ConfigurationLanguage.quoted(entry.key)) names no \(place)",
                at: entry.keyPosition)
            return nil
        }
        if place == .map { note(map: entry.key) }
        return place == .header ? entry.key.lowercased() : entry.key
    }

    /// A text, or `{prefix: TEXT}`, `{regex: TEXT}` and the like.
    private func valueMatch(_ name: String) -> ValueMatch? {
        guard case .mapping = node.content else {
            return keptLine(limit: 8_192).map { ValueMatch(name: name, value: $0) }
        }
        return object { fields -> ValueMatch? in
            let comparisons = ValueMatch.Comparison.allCases.filter { $0 != .exact }
            let given = comparisons.filter { fields.has($0.rawValue) }
            let values = comparisons.map { comparison in
                let field = fields.take(comparison.rawValue)
                return comparison == .regex
                    ? field?.regularExpression()?.text : field?.keptLine(limit: 8_192)
            }
            guard given.count == 1, let comparison = given.first else {
                fields.report(
                    given.isEmpty ? .missingField : .conflictingFields,
                    "a comparison is exactly one of prefix, suffix, contains and regex")
                return nil
            }
            return values.compactMap { $0 }.first.map {
                ValueMatch(name: name, value: $0, comparison: comparison)
            }
        }?.flatMap { $0 }
    }
}
