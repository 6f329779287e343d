// `match:` of a route in an HTTP frontend, and of a condition.

import Model

extension ValueReader {
    func routeMatch() -> RouteMatch? {
        object { fields in
            let match = matchOfRequest(&fields, .http)
            fields.refuse(
                ["sni"], .wrongMode, "has no meaning in a frontend of mode http, match the host")
            fields.refuse(
                ["http"], .wrongMode, "has no meaning in a frontend of mode http, where all is")
            return match
        }
    }

    /// Of a condition, which may be for connections as well.
    func conditionMatch() -> RouteMatch? {
        object { fields in
            var match = matchOfRequest(&fields, nil)
            match.serverNames = fields.take("sni").map { $0.each { $0.hostPattern() } } ?? []
            match.speaksHTTP = fields.take("http")?.boolean()
            return match
        }
    }

    /// - Parameter mode: of the frontend; nil in a condition.
    private func matchOfRequest(
        _ fields: inout MappingReader, _ mode: ProxyMode?
    ) -> RouteMatch {
        var match = RouteMatch()
        match.hosts = fields.take("host").map { $0.each { $0.hostPattern() } } ?? []
        match.paths = fields.take("path").map { $0.each { $0.requestPath() } } ?? []
        match.pathPrefixes =
            fields.take("path_prefix").map { $0.each { $0.pathPrefix() } } ?? []
        match.pathSuffixes =
            fields.take("path_suffix").map { $0.each { $0.pathSuffix() } } ?? []
        match.pathPatterns =
            fields.take("path_pattern").map { $0.each { $0.pathPattern() } } ?? []
        match.pathRegexes =
            fields.take("path_regex").map { $0.each { $0.pathRegex() } } ?? []
        match.methods = fields.take("method").map { $0.each { $0.method() } } ?? []
        match.scheme = fields.take("scheme")?.choice(Scheme.self)
        match.headers = fields.take("header")?.valueMatches(.header) ?? []
        match.queries = fields.take("query")?.valueMatches(.query) ?? []
        match.cookies = fields.take("cookie")?.valueMatches(.cookie) ?? []
        match.maps = fields.take("map")?.valueMatches(.map) ?? []
        match.serversUp =
            fields.take("servers_up")?.leasts(most: BackendLeast.serversMax) ?? []
        match.connectionsFree =
            fields.take("connections_free")?.leasts(most: BackendLeast.connectionsMax) ?? []
        match.sharePercent = fields.take("share")?.percent()
        match.clientRanges =
            fields.take("client_ip").map { $0.each { $0.addressRange() } } ?? []
        match.ports = fields.take("port").map { $0.each { $0.integer(in: 1...65_535) } } ?? []
        readConditions(&match, &fields, mode)
        return match
    }

    private func readConditions(
        _ match: inout RouteMatch, _ fields: inout MappingReader, _ mode: ProxyMode?
    ) {
        match.all = fields.take("all").map { $0.each { $0.conditionName(mode) } } ?? []
        match.any = fields.take("any").map { $0.each { $0.conditionName(mode) } } ?? []
        match.none = fields.take("none").map { $0.each { $0.conditionName(mode) } } ?? []
    }

    /// In a TCP frontend.
    func matchOfTCP() -> RouteMatch? {
        object { fields in
            var match = RouteMatch()
            match.serverNames = fields.take("sni").map { $0.each { $0.hostPattern() } } ?? []
            match.speaksHTTP = fields.take("http")?.boolean()
            match.clientRanges =
                fields.take("client_ip").map { $0.each { $0.addressRange() } } ?? []
            match.ports = fields.take("port").map { $0.each { $0.integer(in: 1...65_535) } } ?? []
            readConditions(&match, &fields, .tcp)
            fields.refuse(
                [
                    "host", "path", "path_prefix", "path_suffix", "path_pattern", "path_regex",
                    "method", "scheme", "header", "query", "cookie", "map", "servers_up",
                    "connections_free", "share",
                ], .wrongMode,
                "has no meaning in a frontend of mode tcp")
            return match
        }
    }

    /// Name of a backend to a number, 1 to `most`.
    private func leasts(most: Int) -> [BackendLeast] {
        guard let fields = mapping() else { return [] }
        return fields.all().compactMap { entry in
            guard Names.isName(entry.key) else {
                entry.value.report(
                    .invalidValue,
                    "\(ConfigurationLanguage.quoted(entry.key)) cannot name a backend",
                    at: entry.keyPosition)
                return nil
            }
            reading.document.watchedBackends.append(entry)
            return entry.value.integer(in: 1...most).map {
                BackendLeast(backend: entry.key, least: $0)
            }
        }
    }

    /// One value or a list of them; an empty list would match nothing and is refused.
    func each<Value>(_ read: (ValueReader) -> Value?) -> [Value] {
        let items = list()
        if case .sequence = node.content, items.isEmpty {
            report(.invalidValue, "an empty list matches nothing, leave the field out to match all")
        }
        return items.compactMap(read)
    }

    private func hostPattern() -> HostPattern? {
        guard let text = line(limit: 255)?.lowercased() else { return nil }
        if text == "*" {
            report(.invalidValue, "\"*\" would match every host, leave the field out instead")
            return nil
        }
        let isSuffix = text.hasPrefix("*.")
        let name = isSuffix ? String(text.dropFirst(2)) : text
        if !isSuffix, name.hasPrefix("["), name.hasSuffix("]"),
            case .ipv6? = SocketAddress.Host(String(name.dropFirst().dropLast()))
        {
            return .exact(kept(name))
        }
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let isName = labels.allSatisfy { label in
            (1...63).contains(label.count)
                && label.allSatisfy { Names.isLetterOrDigit($0) || "-_".utf8.contains($0) }
        }
        guard isName else {
            report(
                .invalidValue,
                "\(quoted(text)) is no host: a name without port such as www.example.com, or "
                    + "*.example.com, is allowed")
            return nil
        }
        if kept(text) != text { return .exact(kept(text)) }
        return isSuffix ? .suffix("." + name) : .exact(name)
    }

    /// An absolute path as it stands in a request after normalisation.
    func requestPath() -> String? {
        guard let path = line(limit: 8_192) else { return nil }
        guard path.hasPrefix("/") else {
            report(
                .invalidValue, "\(quoted(path)) must begin with /",
                suggestion: "/" + path)
            return nil
        }
        guard Self.isPathText(path) else {
            report(
                .invalidValue,
                "\(quoted(path)) holds what no path of a request does: write spaces, ? # and "
                    + "letters beyond ASCII as %XX")
            return nil
        }
        return kept(path)
    }

    /// Prefixes are of whole segments, so a final slash adds nothing and is dropped.
    func pathPrefix() -> String? {
        guard var prefix = requestPath(), prefix.hasPrefix("/") else { return nil }
        while prefix.count > 1, prefix.hasSuffix("/") { prefix.removeLast() }
        return prefix
    }

    /// The end of a path, byte for byte.
    private func pathSuffix() -> String? {
        guard let suffix = line(limit: 8_192) else { return nil }
        guard Self.isPathText(suffix) else {
            report(
                .invalidValue,
                "\(quoted(suffix)) holds what no path of a request does: write spaces, ? # and "
                    + "letters beyond ASCII as %XX")
            return nil
        }
        return kept(suffix)
    }

    /// `/users/{id}/{rest*}`; the names can be used from here on.
    private func pathPattern() -> PathPattern? {
        guard !refusesReference(as: "a path pattern"), let text = line(limit: 8_192) else {
            return nil
        }
        guard Self.isPathText(text), let pattern = PathPattern(text) else {
            report(
                .invalidValue,
                "\(quoted(text)) is no path pattern: whole segments such as /users/{id}/{rest*}, "
                    + "at most \(PathPattern.segmentsMax), each name once and of a-z 0-9 _, "
                    + "{name*} last")
            return nil
        }
        note(captures: pattern.names)
        return pattern
    }

    static func isPathText(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"?#".utf8.contains($0) }
    }

    private func method() -> String? {
        guard let method = line(limit: 64) else { return nil }
        guard Names.isToken(method) else {
            report(.invalidValue, "\(quoted(method)) is no method, such as GET or POST")
            return nil
        }
        guard method == method.uppercased() else {
            report(
                .invalidValue, "methods are case-sensitive, \(quoted(method)) would never match",
                suggestion: method.uppercased())
            return nil
        }
        return method
    }
}
