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
            "errors": frontend.errors.isEmpty ? nil : .errorPages(frontend.errors),
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

    private static func errorPages(_ pages: [ErrorPage]) -> JSONValue {
        .object(
            JSONObject(
                pages.map { page in
                    .init(
                        name: "\(page.status)",
                        value: .object([
                            "type": .string(page.contentType), "body": .string(page.body.written),
                        ]))
                }))
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
            ("rate_limit", route.rateLimit.map { .rateLimitUse($0) }),
            ("rewrite", route.rewrite == Rewrite() ? nil : .rewrite(route.rewrite)),
            ("headers", headers == HeaderRules() ? nil : .headers(headers)),
        ]
        switch route.action {
        case nil: break
        case .backend(let name): members.append(("backend", .string(name)))
        case .mappedBackend(let name): members.append(("backend_map", .string(name)))
        case .deny(let denial): members.append(denial.member)
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
}

extension HostPattern {
    /// As it is in the language.
    var written: String {
        switch self {
        case .exact(let name): name
        case .suffix(let name): "*" + name
        }
    }
}
