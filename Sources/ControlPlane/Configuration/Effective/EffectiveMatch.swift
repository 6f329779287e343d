// Matches and rewrites in the effective document. Counterparts: RouteMatchReader, ValueMatchReader,
// RewriteReader.

import JSON
import Model

extension JSONValue {
    static func match(_ match: RouteMatch) -> JSONValue {
        .object([
            "sni": list(match.serverNames.map(\.written)),
            "http": match.speaksHTTP.map { .bool($0) },
            "host": list(match.hosts.map(\.written)),
            "path": list(match.paths), "path_prefix": list(match.pathPrefixes),
            "path_suffix": list(match.pathSuffixes),
            "path_pattern": list(match.pathPatterns.map(\.description)),
            "path_regex": list(match.pathRegexes.map(\.text)),
            "method": list(match.methods),
            "scheme": match.scheme.map { .string($0.rawValue) },
            "header": match.headers.isEmpty ? nil : .valueMatches(match.headers),
            "query": match.queries.isEmpty ? nil : .valueMatches(match.queries),
            "cookie": match.cookies.isEmpty ? nil : .valueMatches(match.cookies),
            "map": match.maps.isEmpty ? nil : .valueMatches(match.maps),
            "servers_up": match.serversUp.isEmpty
                ? nil : .named(match.serversUp, \.backend) { .number($0.least) },
            "connections_free": match.connectionsFree.isEmpty
                ? nil : .named(match.connectionsFree, \.backend) { .number($0.least) },
            "share": match.sharePercent.map { .string("\($0)%") },
            "client_ip": list(match.clientRanges.map(\.description)),
            "port": match.ports.isEmpty ? nil : .array(match.ports.map { .number($0) }),
            "all": list(match.all), "any": list(match.any), "none": list(match.none),
        ])
    }

    /// The entries are what the file says whenever it is read.
    static func map(_ map: ValueMap) -> JSONValue {
        .object([
            "file": .string(map.file), "kind": .string(map.kind.rawValue),
            "key": .string(text(map.key)), "default": map.fallback.map { .string($0) },
        ])
    }

    private static func text(_ key: ValueMap.Key) -> String {
        switch key {
        case .host: "host"
        case .path: "path"
        case .method: "method"
        case .clientIP: "client_ip"
        case .request(let value): "\(value.kind.rawValue).\(value.name)"
        }
    }

    static func rewrite(_ rewrite: Rewrite) -> JSONValue {
        var path: JSONValue?
        var prefix: JSONValue?
        switch rewrite.path {
        case nil: break
        case .template(let template): path = .string(template.written)
        case .prefix(let from, let to):
            prefix = .object(["from": .string(from), "to": .string(to)])
        }
        return .object([
            "path": path, "path_prefix": prefix, "query": rewrite.query.map { .query($0) },
        ])
    }

    private static func query(_ query: QueryRewrite) -> JSONValue {
        .object([
            "keep": query.kept.map { .texts($0) },
            "remove": list(query.removed),
            "set": query.set.isEmpty
                ? nil : .named(query.set, \.name) { .string($0.value.written) },
            "add": query.added.isEmpty
                ? nil : .named(query.added, \.name) { .string($0.value.written) },
        ])
    }

    private static func list(_ texts: [String]) -> JSONValue? {
        texts.isEmpty ? nil : .texts(texts)
    }

    /// The values of one name stand side by side in the model; no value asks for the name alone.
    private static func valueMatches(_ matches: [ValueMatch]) -> JSONValue {
        var grouped: [(name: String, values: [JSONValue])] = []
        for match in matches {
            if grouped.last?.name != match.name { grouped.append((match.name, [])) }
            guard let value = match.value, let last = grouped.indices.last else { continue }
            grouped[last].values.append(
                match.comparison == .exact
                    ? .string(value)
                    : .object(
                        JSONObject([
                            .init(name: match.comparison.rawValue, value: .string(value))
                        ])))
        }
        return .named(grouped, \.name) { $0.values.isEmpty ? .null : .array($0.values) }
    }
}
