// Frontends, their routes and backends in the effective document. Counterparts: FrontendReader,
// RouteReader, RouteMatchReader, RouteActionReader, BackendReader.

import JSON
import Model

extension JSONValue {
    static func frontend(_ frontend: Frontend) -> JSONValue {
        let isHTTP = frontend.mode == .http
        return .object([
            "mode": .string(frontend.mode.rawValue),
            "bind": frontend.bind.isEmpty ? nil : .array(frontend.bind.map { .bind($0) }),
            "max_connections": frontend.maxConnections.map { .number($0) },
            "timeouts": .object(clientTimeouts(frontend.timeouts)),
            "limits": isHTTP ? .limits(frontend.limits) : nil,
            "paths": isHTTP ? .paths(frontend.paths) : nil,
            "errors": frontend.errors.isEmpty ? nil : .errorPages(frontend.errors),
            "headers": isHTTP ? .headers(frontend.headers, frontend.forwardedFor) : nil,
            "proxy_protocol": frontend.proxyProtocol.map { .proxyProtocol($0) },
            "routes": .array(frontend.routes.map { .route($0, frontend.mode) }),
        ])
    }

    static func backend(_ backend: Backend) -> JSONValue {
        .object([
            "mode": .string(backend.mode.rawValue),
            "balance": .balance(backend.balance),
            "timeouts": .object(serverTimeouts(backend.timeouts)),
            "queue": .object([
                "max": .number(backend.queue.max), "timeout": .time(backend.timeouts.queue),
            ]),
            "reuse": backend.mode == .http ? .reuse(backend.reuse) : nil,
            "retries": .retries(backend.retries),
            "check": backend.check.map { .healthCheck($0) },
            "ejection": backend.ejection.map { .ejection($0) },
            "stickiness": backend.stickiness.map { .stickiness($0) },
            "backups": .string(backend.backups.rawValue),
            "on_removed": .string(backend.onRemoved.rawValue),
            "resolve_interval": backend.resolveInterval.map { .time($0) } ?? .string("off"),
            "servers": .named(backend.servers, \.name) { server in
                .object([
                    "address": .string(server.address.description),
                    "weight": .number(server.weight),
                    "max_connections": server.maxConnections.map { .number($0) },
                    "max_queue": server.maxQueue.map { .number($0) },
                    "proxy_protocol": server.proxyProtocol.map { .string($0.rawValue) },
                    "source": server.source.map { .string($0.description) },
                    "initial_address": server.address.named.map { _ in
                        .initialAddress(server.initialAddress)
                    },
                    "backup": .bool(server.isBackup),
                    "disabled": .bool(server.isDisabled),
                    "slow_start": .time(server.slowStart),
                    "check": .checkOverride(server.check),
                    "cookie": server.cookie.map { .string($0) },
                    "allow_link_local": server.allowsLinkLocal ? .bool(true) : nil,
                ])
            },
        ])
    }

    private static func initialAddress(_ initial: InitialAddress) -> JSONValue {
        .texts(initial.sources.map(\.rawValue) + [initial.fallback?.description ?? "none"])
    }

    /// The address alone where there is no more to say.
    private static func bind(_ bind: Bind) -> JSONValue {
        let address = JSONValue.string(bind.description)
        if bind.isPlain { return address }
        let isFile =
            switch bind.address {
            case .internet, .passed: false
            case .unix(let address): !address.isAbstract
            }
        return .object([
            "address": address, "backlog": .number(bind.backlog),
            "mode": isFile ? .string(permissions(bind.access.mode)) : nil,
            "user": bind.access.user.map { .string($0) },
            "group": bind.access.group.map { .string($0) },
            "defer_accept": bind.deferAccept.map { .time($0) },
            "user_timeout": bind.userTimeout.map { .time($0) },
            "max_connections": bind.maxConnections.map { .number($0) },
            "interface": bind.interface.map { .string($0) },
            "transparent": bind.isTransparent ? .bool(true) : nil,
            "v6only": bind.takesIPv4 ? .bool(false) : nil,
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

    private static func reuse(_ settings: ReuseSettings) -> JSONValue {
        .object([
            "policy": .string(settings.policy.rawValue), "max_idle": .number(settings.maxIdle),
            "idle_timeout": .time(settings.idleTimeout),
        ])
    }

    private static func retries(_ settings: RetrySettings) -> JSONValue {
        .object([
            "count": .number(settings.count), "when": .texts(settings.when.map(\.rawValue)),
            "budget": .string("\(settings.budgetPercent)%"), "buffer": .size(settings.bufferBytes),
        ])
    }

    private static func limits(_ limits: MessageLimits) -> JSONValue {
        .object([
            "head": .size(limits.headBytes), "fields": .number(limits.fieldCount),
            "target": .size(limits.targetBytes), "body": .size(limits.bodyBytes),
            "min_rate": .size(limits.minRateBytes),
        ])
    }

    private static func paths(_ rules: PathRules) -> JSONValue {
        .object([
            "merge_slashes": .bool(rules.mergesSlashes),
            "parameters": .string(rules.parameters.rawValue),
        ])
    }

    private static func route(_ route: Route, _ mode: ProxyMode) -> JSONValue {
        let headers = route.headers
        var members: [(String, JSONValue?)] = [
            ("id", .string(route.id)),
            ("match", route.match == RouteMatch() ? nil : .match(route.match)),
            ("rate_limit", route.rateLimit.map { .rateLimitUse($0, mode) }),
            (
                "auth",
                route.authentication.map {
                    .object(["users": .string($0.users), "realm": .string($0.realm)])
                }
            ),
            ("rewrite", route.rewrite == Rewrite() ? nil : .rewrite(route.rewrite)),
            ("headers", headers == HeaderRules() ? nil : .headers(headers)),
            (
                "priority",
                route.priority == Route.defaultPriority ? nil : .number(route.priority)
            ),
        ]
        switch route.action {
        case nil: break
        case .backend(let name): members.append(("backend", .string(name)))
        case .frontend(let name): members.append(("frontend", .string(name)))
        case .mappedBackend(let name): members.append(("backend_map", .string(name)))
        case .deny(let denial): members.append(denial.member(mode))
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
