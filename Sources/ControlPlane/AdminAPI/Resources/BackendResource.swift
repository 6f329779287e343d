// /v1/backends: the backends of the generation that serves and their servers, live; and what an
// operator changes of a server at run time.

import JSON
import Master
import Model
import SharedState

struct BackendResource: Sendable {
    let port: any ControlPort

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/v1/backends", summary: "All backends, by name",
                query: Page.parameters
            ) { request in
                try .resource(
                    Page.json(
                        of: try backends(), query: request.query, key: \.name, item: \.json))
            },
            Route(
                method: .get, path: "/v1/backends/{backend}", summary: "One backend"
            ) { request in try .resource(backend(request).json) },
            Route(
                method: .get, path: "/v1/backends/{backend}/servers",
                summary: "The servers of a backend, by name", query: Page.parameters
            ) { request in
                try .resource(
                    Page.json(
                        of: backend(request).servers, query: request.query, key: \.name,
                        item: \.json))
            },
            Route(
                method: .get, path: "/v1/backends/{backend}/servers/{server}",
                summary: "One server"
            ) { request in try .resource(server(request).json) },
            Route(
                method: .patch, path: "/v1/backends/{backend}/servers/{server}",
                summary: "Change a server at run time",
                mediaTypes: ["application/json", "application/merge-patch+json"], answer: change),
        ]
    }

    private func backends() throws(Problem) -> [BackendView] {
        guard let backends = port.backends() else {
            throw Problem(.notReady, "no generation serves")
        }
        return backends
    }

    private func backend(_ request: RouteRequest) throws(Problem) -> BackendView {
        let backends = try backends()
        let name = request.parameters["backend"] ?? ""
        guard let backend = backends.first(where: { $0.name == name }) else {
            throw Self.unknown("backend", name, among: backends.map(\.name))
        }
        return backend
    }

    private func change(_ request: RouteRequest) async throws -> Answer {
        let before = try server(request)
        var body = try RequestObject(request.body)
        body.allow(["admin_state", "address", "weight", "max_connections"])
        var wish = ServerWish(
            backend: before.backend, server: before.name, principal: request.principal)
        if body.isThere("admin_state") {
            wish.adminState = .value(
                body.choice("admin_state", default: ServerAdminName(before.adminState)).state)
        } else if body.isGiven("admin_state") {
            wish.adminState = .configured
        }
        wish.address = Self.address(&body)
        wish.weight = Self.setting("weight", in: 0...256, &body)
        wish.maxConnections = Self.setting("max_connections", in: 1...100_000, &body)
        try body.finish()
        switch try await carryOut(wish) {
        case .done: return try .resource(server(request).json)
        case .unknown: throw Self.unknown("server", before.name, among: [])
        case .noRoom:
            throw Problem(.noRoom, "the limits of all servers together leave no room for this one")
        case .protectedAddress:
            body.refuse(
                "address",
                "is where no server may be, or cannot be reached from the server's \"source\"")
            try body.finish()
            throw Problem(.requestInvalid, "the address")
        }
    }

    private static func address(_ body: inout RequestObject) -> ServerWish.Setting<SocketAddress> {
        guard body.isGiven("address") else { return .keep }
        guard body.isThere("address") else { return .configured }
        guard let text = body.text("address", countMax: 64) else { return .keep }
        guard let address = SocketAddress(text), address.port > 0 else {
            body.refuse("address", "must be an IP address with a port, such as 10.0.0.12:8080")
            return .keep
        }
        return .value(address)
    }

    private func carryOut(_ wish: ServerWish) async throws -> ServerWishOutcome {
        do {
            return try await port.change(wish)
        } catch MasterError.storeFailed(let detail) {
            throw Problem(.storeFailed, detail)
        } catch MasterError.notRecorded {
            throw Problem(
                .storeFailed,
                "the disk of the state directory did not answer; GET of the server tells whether "
                    + "it is changed")
        }
    }

    /// Null takes back what was wanted before.
    private static func setting(
        _ name: String, in range: ClosedRange<Int>, _ body: inout RequestObject
    ) -> ServerWish.Setting<Int> {
        guard body.isGiven(name) else { return .keep }
        guard body.isThere(name) else { return .configured }
        return body.integer(name, in: range).map { .value($0) } ?? .keep
    }

    func server(_ request: RouteRequest) throws(Problem) -> ServerView {
        let backend = try backend(request)
        let name = request.parameters["server"] ?? ""
        guard let server = backend.servers.first(where: { $0.name == name }) else {
            throw Self.unknown("server", name, among: backend.servers.map(\.name))
        }
        return server
    }

    static func unknown(_ kind: String, _ name: String, among names: [String]) -> Problem {
        guard name.utf8.count <= 64 else { return Problem(.notFound, "no such \(kind)") }
        let nearest = NearestName.of(name, in: names).map { "; did you mean \($0)?" } ?? ""
        return Problem(.notFound, "no \(kind) \(name)\(nearest)")
    }
}

/// The words of the API.
private enum ServerAdminName: String, CaseIterable {
    case ready = "READY"
    case drain = "DRAIN"
    case maintenance = "MAINT"

    init(_ state: ServerAdminState) {
        switch state {
        case .ready: self = .ready
        case .drain: self = .drain
        case .maintenance: self = .maintenance
        }
    }

    var state: ServerAdminState {
        switch self {
        case .ready: .ready
        case .drain: .drain
        case .maintenance: .maintenance
        }
    }
}

extension BackendView {
    fileprivate var json: JSONValue {
        [
            "name": .string(name),
            "mode": .string(mode),
            "balance": .string(balance),
            "servers": [
                "total": .number(servers.count),
                "up": .number(servers.count { $0.isUp }),
            ],
        ]
    }
}

extension ServerView {
    fileprivate var json: JSONValue {
        [
            "backend": .string(backend),
            "name": .string(name),
            "address": .optional(address),
            "configured_address": .string(configuredAddress),
            "address_override": .optional(addressOverride),
            "resolution": resolution.map(\.json) ?? .null,
            "admin_state": .string(adminState.apiName),
            "operational_state": .string(operationalState.rawValue),
            "check": check.map(\.json) ?? .null,
            "weight": [
                "configured": .number(configuredWeight),
                "effective": .number(effectiveWeight),
                "override": .optional(weightOverride),
            ],
            "max_connections": [
                "configured": .optional(configuredLimit),
                "effective": .optional(effectiveLimit),
                "override": .optional(limitOverride),
            ],
            "ejection": [
                "left_ms": ejectedForMilliseconds.map { .integer($0) } ?? .null,
                "count": .number(counts.ejections),
            ],
        ]
    }
}

extension NameView {
    fileprivate var json: JSONValue {
        [
            "name": .string(name),
            "failure": .optional(failure),
            "resolved_at": .optional(resolvedAt),
        ]
    }
}

extension ServerView.Check {
    fileprivate var json: JSONValue {
        [
            "result": .string(finding.result.name),
            "code": .optional(finding.status),
            "latency_ms": .number(lastMicroseconds / 1_000),
            "last_at": .optional(lastAt),
            "changed_at": .optional(changedAt),
        ]
    }
}
