// `match:` of a route in an HTTP frontend.

import Model

extension ValueReader {
    func routeMatch() -> RouteMatch? {
        object { fields in
            var match = RouteMatch()
            match.hosts = fields.take("host").map { $0.each { $0.hostPattern() } } ?? []
            match.paths = fields.take("path").map { $0.each { $0.pathPattern() } } ?? []
            match.pathPrefixes =
                fields.take("path_prefix").map { $0.each { $0.pathPrefix() } } ?? []
            match.methods = fields.take("method").map { $0.each { $0.method() } } ?? []
            match.headers = fields.take("header")?.headerMatches() ?? []
            fields.refuse(
                ["sni"], .wrongMode, "has no meaning in a frontend of mode http, match the host")
            fields.notSupportedYet("client_ip")
            return match
        }
    }

    /// In a TCP frontend.
    func matchOfTCP() -> RouteMatch? {
        object { fields in
            var match = RouteMatch()
            match.serverNames = fields.take("sni").map { $0.each { $0.hostPattern() } } ?? []
            match.clientRanges =
                fields.take("client_ip").map { $0.each { $0.addressRange() } } ?? []
            fields.refuse(
                ["host", "path", "path_prefix", "method", "header"], .wrongMode,
                "has no meaning in a frontend of mode tcp")
            return match
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
    private func pathPattern() -> String? {
        guard let path = line(limit: 8_192) else { return nil }
        guard path.hasPrefix("/") else {
            report(
                .invalidValue, "\(quoted(path)) must begin with /",
                suggestion: "/" + path)
            return nil
        }
        guard path.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !"?#".utf8.contains($0) }) else {
            report(
                .invalidValue,
                "\(quoted(path)) holds what no path of a request does: write spaces, ? # and "
                    + "letters beyond ASCII as %XX")
            return nil
        }
        return kept(path)
    }

    /// Prefixes are of whole segments, so a final slash adds nothing and is dropped.
    private func pathPrefix() -> String? {
        guard var prefix = pathPattern(), prefix.hasPrefix("/") else { return nil }
        while prefix.count > 1, prefix.hasSuffix("/") { prefix.removeLast() }
        return prefix
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

    /// `{X-Debug: "1", X-Beta: [a, b], X-Any: null}`; null asks only that the field is there.
    private func headerMatches() -> [HeaderMatch] {
        guard let fields = mapping() else { return [] }
        var seen: [String: String] = [:]
        return fields.all().flatMap { entry -> [HeaderMatch] in
            guard Names.isToken(entry.key) else {
                entry.value.report(
                    .invalidValue, "\(quoted(entry.key)) is no header name",
                    at: entry.keyPosition)
                return []
            }
            let name = entry.key.lowercased()
            if let first = seen.updateValue(entry.key, forKey: name) {
                entry.value.report(
                    .duplicateKey,
                    "header names are case-insensitive, \(quoted(first)) stands above already",
                    at: entry.keyPosition)
            }
            if entry.value.isNull { return [HeaderMatch(name: name, value: nil)] }
            return entry.value.each { $0.keptLine(limit: 8_192) }.map {
                HeaderMatch(name: name, value: $0)
            }
        }
    }
}
