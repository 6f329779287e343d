// What a browser sends on behalf of a foreign page is refused before anything else is looked at.
// No client of the API is a page of another site, so every Origin is foreign; and a name that an
// attacker's DNS points here is not ours (rebinding). Pure value, any thread.

import HTTPTypes
import Model

struct BrowserGuard: Sendable {
    /// The names, without a port, that a client may know this listener by, besides the address that
    /// it has connected to; nil on the unix socket, which has none.
    let hosts: Set<String>?

    /// - Parameter local: our end of the connection.
    func check(_ request: HTTPRequest, local: SocketAddress.Host? = nil) throws(Problem) {
        if let origin = request.headerFields[.origin] {
            // A client's text, so cut; it is escaped where it is written.
            throw Problem(
                .forbiddenOrigin,
                "requests of web pages are refused; this one comes from \(origin.prefix(200))")
        }
        // Fetch Metadata: `none` is somebody who typed the address, `same-origin` a page of ours.
        for site in request.headerFields[values: .secFetchSite]
        where !["none", "same-origin"].contains(site.lowercased()) {
            throw Problem(
                .forbiddenOrigin, "requests of other sites are refused (Sec-Fetch-Site)")
        }
        // The codec takes the first Host for the authority and leaves further ones here.
        guard !request.headerFields.contains(.host) else {
            throw Problem(.badRequest, "a request has one Host (RFC 9112 §3.2)").closing()
        }
        guard let hosts else { return try Self.checkForwarded(request.authority) }
        guard let authority = request.authority, !authority.isEmpty else {
            throw Problem(.badRequest, "a request has a Host (RFC 9112 §3.2)").closing()
        }
        guard let host = Self.host(of: authority),
            hosts.contains(host) || Self.isOwn(host, local)
        else {
            throw Problem(
                .forbiddenOrigin,
                "Host \(authority.prefix(200)) is not one of this API's names; list it in `hosts` of "
                    + "the listener if it is")
        }
    }

    /// A browser comes to the unix socket by a port of the operator's machine that is forwarded to
    /// it (`ssh -L`). Somebody's DNS can point a name there; as a rule such a name has a dot in it.
    /// Names under `localhost` stay on the machine (RFC 6761 §6.3).
    private static func checkForwarded(_ authority: String?) throws(Problem) {
        guard let authority, !authority.isEmpty else { return }
        if let host = host(of: authority) {
            let name = host.hasSuffix(".") ? host.dropLast() : host[...]
            if !name.contains(".") || name.hasSuffix(".localhost") { return }
            if SocketAddress.Host(host) != nil { return }
        }
        throw Problem(
            .forbiddenOrigin,
            "Host \(authority.prefix(200)) is not one of this socket's names: localhost is, and any "
                + "address")
    }

    /// An address cannot be pointed somewhere else, as a name can.
    private static func isOwn(_ host: String, _ local: SocketAddress.Host?) -> Bool {
        guard let local else { return false }
        if host == "localhost" { return local.isLoopback }
        return SocketAddress.Host(host)?.unmapped == local
    }

    /// `name:port` without the port, in lower case, an IPv6 address without brackets; nil if it is
    /// nothing of the sort.
    static func host(of authority: String) -> String? {
        let text = authority.lowercased()
        var rest = text[...]
        let name: Substring
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: "]") else { return nil }
            name = rest[rest.index(after: rest.startIndex)..<end]
            rest = rest[rest.index(after: end)...]
        } else {
            name = rest.prefix { $0 != ":" }
            rest = rest.dropFirst(name.count)
        }
        if let colon = rest.first {
            let port = rest.dropFirst()
            guard colon == ":", port.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                return nil
            }
        }
        return name.isEmpty ? nil : String(name)
    }
}

extension HTTPField.Name {
    static let origin = constant("Origin")
    static let secFetchSite = constant("Sec-Fetch-Site")
    static let host = constant("Host")

    static func constant(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else {
            preconditionFailure("\(text) is not a field name")
        }
        return name
    }
}
