// `stickiness:` of a backend and `cookie:` of its servers.

import Model

extension ValueReader {
    /// Of all tables together: two generations with other tables have room side by side.
    fileprivate static var stickyEntriesMax: Int { 1_000_000 }

    /// `{cookie: …}` or `{table: …}`.
    func stickiness(_ mode: ProxyMode) -> Stickiness? {
        object { fields -> Stickiness? in
            let table = fields.take("table")
            guard mode == .http else {
                fields.refuse(["cookie"], .wrongMode, "is of HTTP, with mode tcp use \"table\"")
                return table?.stickyTable(mode).map { .table($0) }
            }
            let cookie = fields.take("cookie")
            if cookie != nil, let table {
                table.report(
                    .conflictingFields, "stickiness is either by \"cookie\" or by \"table\"")
            } else if cookie == nil, table == nil {
                fields.report(.missingField, "stickiness needs \"cookie\" or \"table\"")
            }
            let settings = table?.stickyTable(mode)
            return cookie?.stickyCookie().map { .cookie($0) } ?? settings.map { .table($0) }
        }?.flatMap { $0 }
    }

    private func stickyCookie() -> StickyCookie? {
        object { fields -> StickyCookie? in
            let name = fields.require("name", "such as SRV")?.cookieName()
            var cookie = StickyCookie(name: name ?? "")
            cookie.mode = fields.take("mode")?.choice(StickyCookie.Mode.self) ?? .insert
            guard cookie.mode == .insert else {
                fields.refuse(
                    ["insert", "forward", "http_only", "secure", "same_site", "domain", "max_age"],
                    .conflictingFields, "is of mode insert: otherwise the cookie is the server's")
                return name == nil ? nil : cookie
            }
            if let insert = fields.take("insert"), insert.boolean() == false {
                insert.report(
                    .invalidValue,
                    "without inserting it the cookie is the server's: say so by \"mode\"")
            }
            cookie.forward = fields.take("forward")?.boolean() ?? false
            cookie.httpOnly = fields.take("http_only")?.boolean() ?? true
            cookie.secure = fields.take("secure")?.boolean() ?? false
            cookie.sameSite = fields.take("same_site")?.choice(StickyCookie.SameSite.self)
            cookie.domain = fields.take("domain")?.cookieDomain()
            cookie.maxAge = fields.take("max_age")?.duration(in: .seconds(1) ... .days(365))
            return name == nil ? nil : cookie
        }?.flatMap { $0 }
    }

    private func cookieName() -> String? {
        guard !refusesReference(as: "the name of a cookie"), let name = line(limit: 256) else {
            return nil
        }
        guard Names.isToken(name) else {
            report(.invalidValue, "\(quoted(name)) is no name of a cookie, a token of RFC 9110")
            return nil
        }
        return name
    }

    /// Goes into a Set-Cookie field between `;` and `;`.
    private func cookieDomain() -> String? {
        guard let domain = line(limit: 255) else { return nil }
        guard domain.utf8.allSatisfy({ Names.isLetterOrDigit($0) || ".-".utf8.contains($0) })
        else {
            report(.invalidValue, "\(quoted(domain)) is no domain, such as example.com")
            return nil
        }
        return kept(domain)
    }

    private func stickyTable(_ mode: ProxyMode) -> StickyTableSettings? {
        object { fields in
            var table = StickyTableSettings()
            table.key = fields.take("key")?.requestKey(mode) ?? table.key
            table.entries =
                fields.take("entries")?.size(in: 16...Self.stickyEntriesMax) ?? table.entries
            table.idle =
                fields.take("idle")?.duration(in: .seconds(1) ... .days(7)) ?? table.idle
            return table
        }
    }

    /// What stands for a server in a cookie.
    func serverCookie() -> String? {
        guard !refusesReference(as: "what stands for a server"), let key = line(limit: 64) else {
            return nil
        }
        guard Names.isName(key) else {
            report(
                .invalidValue,
                "\(quoted(key)) must be letters, digits, \"_\", \".\" and \"-\" only")
            return nil
        }
        return key
    }

    /// Every server has a key if clients are told one, and no two have the same.
    func giveCookies(to backend: inout Backend) {
        guard backend.stickiness?.cookie != nil else {
            guard backend.servers.contains(where: { $0.cookie != nil }) else { return }
            report(
                .conflictingFields,
                "\"cookie\" of a server means nothing without stickiness by cookie",
                severity: .warning)
            for place in backend.servers.indices { backend.servers[place].cookie = nil }
            return
        }
        var owners: [String: String] = [:]
        for place in backend.servers.indices {
            let name = backend.servers[place].name
            let key =
                backend.servers[place].cookie
                ?? StickyCookie.key(backend: backend.name, server: name)
            backend.servers[place].cookie = key
            if let other = owners.updateValue(name, forKey: key) {
                report(
                    .duplicateKey,
                    "servers \(ConfigurationLanguage.quoted(other)) and "
                        + "\(ConfigurationLanguage.quoted(name)) have the same \"cookie\"")
            }
        }
    }
}

extension ConfigurationReading {
    /// All tables have room.
    func checkStickyTables(_ backends: [MappingReader.Entry], _ configuration: Configuration) {
        var entries = 0
        for backend in configuration.backends { entries += backend.stickiness?.table?.entries ?? 0 }
        guard entries > ValueReader.stickyEntriesMax, let first = backends.first else { return }
        first.value.report(
            .tooLarge,
            "the stickiness tables of all backends have \(entries) entries together, at most "
                + "\(ValueReader.stickyEntriesMax) are allowed")
    }
}
