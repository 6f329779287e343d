// Frontends, their routes and backends in the effective document. Counterparts: FrontendReader,
// RouteReader, RouteMatchReader, RouteActionReader, BackendReader.

import JSON
import Model

extension JSONValue {
    static func frontend(_ frontend: Frontend) -> JSONValue {
        let isHTTP = frontend.mode == .http
        return .object([
            "mode": .string(frontend.mode.rawValue),
            "bind": .texts(frontend.bind.map(\.description)),
            "max_connections": frontend.maxConnections.map { .number($0) },
            "timeouts": .object(clientTimeouts(frontend.timeouts)),
            "limits": isHTTP ? .limits(frontend.limits) : nil,
            "headers": isHTTP ? .headers(frontend.headers, frontend.forwardedFor) : nil,
            "proxy_protocol": frontend.proxyProtocol.map { .proxyProtocol($0) },
            "routes": .array(frontend.routes.map { .route($0) }),
        ])
    }

    static func backend(_ backend: Backend) -> JSONValue {
        .object([
            "mode": .string(backend.mode.rawValue),
            "balance": .balance(backend.balance),
            "timeouts": .object(serverTimeouts(backend.timeouts)),
            "servers": .named(backend.servers, \.name) { server in
                .object([
                    "address": .string(server.address.description),
                    "weight": .number(server.weight),
                    "proxy_protocol": server.proxyProtocol.map { .string($0.rawValue) },
                    "backup": .bool(server.isBackup),
                    "slow_start": .time(server.slowStart),
                    // Without it the document could not be read again.
                    "allow_link_local": server.address.host.isLinkLocal ? .bool(true) : nil,
                ])
            },
        ])
    }

    private static func proxyProtocol(_ input: ProxyProtocolInput) -> JSONValue {
        .object([
            "from": .texts(input.from.map(\.description)),
            "others": .string(input.others.rawValue),
        ])
    }

    private static func limits(_ limits: MessageLimits) -> JSONValue {
        .object([
            "head": .size(limits.headBytes), "fields": .number(limits.fieldCount),
            "target": .size(limits.targetBytes), "body": .size(limits.bodyBytes),
        ])
    }

    private static func route(_ route: Route) -> JSONValue {
        let headers = route.headers
        var members: [(String, JSONValue?)] = [
            ("id", .string(route.id)),
            ("match", route.match == RouteMatch() ? nil : .match(route.match)),
            ("headers", headers == HeaderRules() ? nil : .headers(headers)),
        ]
        switch route.action {
        case nil: break
        case .backend(let name): members.append(("backend", .string(name)))
        case .respond(let response):
            members.append(
                (
                    "respond",
                    .object([
                        "status": .number(response.status), "type": .string(response.contentType),
                        "body": .string(response.body.written),
                    ])
                ))
        case .redirect(let redirect):
            members.append(
                (
                    "redirect",
                    .object([
                        "status": .number(redirect.status),
                        "location": redirect.location.map { .string($0.written) },
                        "scheme": redirect.scheme.map { .string($0) },
                        "host": redirect.host.map { .string($0) },
                        "path": redirect.path.map { .string($0) },
                    ])
                ))
        }
        return .object(
            JSONObject(
                members.compactMap { name, value in
                    value.map { JSONObject.Member(name: name, value: $0) }
                }))
    }

    private static func match(_ match: RouteMatch) -> JSONValue {
        .object([
            "sni": list(match.serverNames.map(\.written)),
            "client_ip": list(match.clientRanges.map(\.description)),
            "host": list(match.hosts.map(\.written)),
            "path": list(match.paths), "path_prefix": list(match.pathPrefixes),
            "method": list(match.methods),
            "header": match.headers.isEmpty ? nil : .headerMatches(match.headers),
        ])
    }

    private static func list(_ texts: [String]) -> JSONValue? {
        texts.isEmpty ? nil : .texts(texts)
    }

    /// The values of one name stand side by side in the model; no value asks for the name alone.
    private static func headerMatches(_ matches: [HeaderMatch]) -> JSONValue {
        var grouped: [(name: String, values: [String])] = []
        for match in matches {
            if grouped.last?.name != match.name { grouped.append((match.name, [])) }
            if let value = match.value, let last = grouped.indices.last {
                grouped[last].values.append(value)
            }
        }
        return .named(grouped, \.name) { $0.values.isEmpty ? .null : .texts($0.values) }
    }
}

extension HostPattern {
    /// As it is in the language.
    fileprivate var written: String {
        switch self {
        case .exact(let name): name
        case .suffix(let name): "*" + name
        }
    }
}
