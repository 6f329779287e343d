// The settings of the whole process in the effective document. Counterparts: ProcessReader,
// AdminReader, LogReader, TimeoutsReader.

import JSON
import Model

extension JSONValue {
    static func process(_ settings: ProcessSettings) -> JSONValue {
        .object([
            "workers": .number(settings.workers),
            "threads": settings.threads.map { .number($0) } ?? "auto",
            "max_connections": settings.maxConnections.map { .number($0) } ?? "auto",
            "max_reloads": settings.maxReloads.map { .number($0) } ?? .null,
            "hard_stop_after": .time(settings.hardStopAfter),
            "ready_timeout": .time(settings.readyTimeout),
            "switch_timeout": .time(settings.switchTimeout),
            "kill_after": .time(settings.killAfter),
            "probation": .time(settings.probation),
            "drain_idle_after": .time(settings.drainIdleAfter),
            "drain_idle_spread": .time(settings.drainIdleSpread),
            "reload_rate": .string(Units.text(settings.reloadRate)),
            "user": settings.user.map { .string($0) },
            "group": settings.group.map { .string($0) },
        ])
    }

    static func admin(_ settings: AdminSettings) -> JSONValue {
        .object([
            "config_source": "file",
            "socket": .object([
                "path": settings.socketPath.map { .string($0) },
                "mode": .string(permissions(settings.socketMode)),
                "group": settings.socketGroup.map { .string($0) },
            ]),
            "roles": settings.roles.map(roles),
            "tcp": settings.tcp.map(adminTCP),
            "metrics": settings.metrics.map(adminMetrics),
        ])
    }

    private static func roles(_ grants: [RoleGrant]) -> JSONValue {
        .object(
            JSONObject(
                AccessRole.allCases.compactMap { role in
                    let listed = grants.filter { $0.role == role }.map(\.subject)
                    if listed.isEmpty { return nil }
                    return .init(
                        name: role.rawValue, value: .array(listed.map { .string($0.text) }))
                }))
    }

    static func log(_ settings: LogSettings) -> JSONValue {
        .object([
            "level": .string(settings.level.rawValue),
            "access": .object([
                "to": .string(destination(settings.accessTo)),
                "format": settings.accessLine == nil
                    ? .string(settings.accessFormat.rawValue) : nil,
                "line": settings.accessLine.map { .string($0.written) },
                "sample": .string("1/\(settings.accessSample)"),
                "syslog": syslog(settings.syslog),
            ]),
        ])
    }

    private static func syslog(_ settings: SyslogSettings) -> JSONValue {
        let address =
            switch settings.address {
            case .socket(let path): path
            case .udp(let address): "\(address)"
            case .tcp(let address): "tcp:\(address)"
            }
        return .object([
            "address": .string(address), "facility": .string(settings.facility.rawValue),
            "tag": .string(settings.tag),
        ])
    }

    /// What a frontend and a backend would inherit. The half that a frontend cannot set is always
    /// inherited, so any frontend tells it, and any backend tells the other half.
    static func defaultTimeouts(_ configuration: Configuration) -> JSONValue {
        let servers = configuration.frontends.first?.timeouts ?? Timeouts()
        let clients = configuration.backends.first?.timeouts ?? Timeouts()
        return .object(
            JSONObject(
                serverTimeouts(servers).members
                    + [.init(name: "queue", value: .time(servers.queue))]
                    + clientTimeouts(clients).members))
    }

    static func clientTimeouts(_ timeouts: Timeouts) -> JSONObject {
        JSONObject(
            [
                .init(name: "client", value: .time(timeouts.client)),
                .init(name: "http_request", value: .time(timeouts.httpRequest)),
                .init(name: "http_keep_alive", value: .time(timeouts.httpKeepAlive)),
                .init(name: "tunnel", value: .time(timeouts.tunnel)),
                .init(name: "inspect", value: .time(timeouts.inspect)),
            ] + fin("client_fin", timeouts.clientFin))
    }

    static func serverTimeouts(_ timeouts: Timeouts) -> JSONObject {
        JSONObject(
            [
                .init(name: "connect", value: .time(timeouts.connect)),
                .init(name: "server", value: .time(timeouts.server)),
            ] + fin("server_fin", timeouts.serverFin))
    }

    private static func fin(_ name: String, _ wait: Duration?) -> [JSONObject.Member] {
        wait.map { [.init(name: name, value: .time($0))] } ?? []
    }

    /// `0660`.
    static func permissions(_ mode: UInt32) -> String {
        let digits = String(mode, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }

    private static func destination(_ destination: LogSettings.Destination) -> String {
        switch destination {
        case .off: "off"
        case .standardOutput: "stdout"
        case .standardError: "stderr"
        case .file(let path): path
        case .journal: "journal"
        case .syslog: "syslog"
        }
    }
}

extension RoleGrant.Subject {
    /// As it is written: `group:apus`.
    var text: String {
        switch self {
        case .user(let name): "user:\(name)"
        case .group(let name): "group:\(name)"
        case .certificate(let parts):
            "cert:" + parts.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
        }
    }
}
