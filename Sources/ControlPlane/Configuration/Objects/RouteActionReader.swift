// `respond:` and `redirect:`, the answers that need no server.

import Model

extension ValueReader {
    /// A local answer is held in memory by every worker.
    private static var bodyBytesMax: Int { 256 << 10 }

    func localResponse() -> LocalResponse? {
        object { fields in
            let status = fields.take("status")?.integer(in: 200...599) ?? 200
            let body = fields.take("body")
            var response = LocalResponse(
                status: status,
                body: body?.template(limit: Self.bodyBytesMax) ?? Template(literal: ""))
            if let type = fields.take("type")?.keptLine(limit: 255) { response.contentType = type }
            if [204, 205, 304].contains(status), let body, !response.body.parts.isEmpty {
                body.report(
                    .conflictingFields,
                    "an answer of status 204, 205 or 304 has no body (RFC 9110 §15)"
                )
            }
            return response
        }
    }

    func redirect() -> Redirect? {
        object { fields in
            var redirect = Redirect()
            redirect.status = fields.take("status")?.redirectStatus() ?? 302
            redirect.location = fields.take("location")?.location()
            redirect.scheme = fields.take("scheme")?.choice(
                [("http", "http"), ("https", "https")])
            redirect.host = fields.take("host")?.redirectHost()
            redirect.path = fields.take("path")?.redirectPath()
            let parts = ["scheme", "host", "path"].filter(fields.has)
            if fields.has("location"), !parts.isEmpty {
                fields.report(
                    .conflictingFields,
                    "\"location\" is the whole address, leave out \(parts.joined(separator: ", "))")
            } else if !fields.has("location"), parts.isEmpty {
                fields.report(
                    .missingField, "a redirect needs \"location\", or some of scheme, host, path")
            }
            return redirect
        }
    }

    /// A client must not choose where it leads.
    private func location() -> Template? {
        guard let template = headerTemplate() else { return nil }
        guard let first = template.parts.first, first.isChosenByClients else { return template }
        report(
            .invalidValue,
            "a location that begins with \(Template(parts: [first]).written) may lead where the client "
                + "wants, begin it with / or https://")
        return nil
    }

    private func redirectStatus() -> Int? {
        guard let status = integer(in: 100...999) else { return nil }
        guard [301, 302, 303, 307, 308].contains(status) else {
            report(
                .outOfRange,
                "\(quoted("\(status)")) is no redirect, must be 301, 302, 303, 307 or 308")
            return nil
        }
        return status
    }

    /// Goes into a Location field between `//` and `/`.
    private func redirectHost() -> String? {
        guard let host = line(limit: 255) else { return nil }
        guard host.utf8.allSatisfy({ Names.isLetterOrDigit($0) || "-._:[]".utf8.contains($0) })
        else {
            report(
                .invalidValue,
                "\(quoted(host)) is no host, such as www.example.com or "
                    + "www.example.com:8443")
            return nil
        }
        return kept(host)
    }

    private func redirectPath() -> String? {
        guard let path = line(limit: 8_192) else { return nil }
        guard path.hasPrefix("/"), path.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            report(
                .invalidValue,
                "\(quoted(path)) is no path: it begins with / and writes spaces and letters "
                    + "beyond ASCII as %XX")
            return nil
        }
        return kept(path)
    }
}

extension Template.Part {
    /// Whether clients choose how it begins, or what comes behind it may begin it, because it can be
    /// empty. A path begins with a slash.
    fileprivate var isChosenByClients: Bool {
        switch self {
        case .literal: false
        case .variable(let variable):
            [.host, .query, .user, .status, .backend, .server].contains(variable)
        case .request, .group: true
        case .converted(.variable(.scheme), let conversions):
            !conversions.allSatisfy { $0 == .lower || $0 == .upper }
        case .converted: true
        }
    }
}
