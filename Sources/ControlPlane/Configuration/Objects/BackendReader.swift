// `backends.NAME` and its servers.

import Model

extension ValueReader {
    func backend(_ name: String, _ inherited: Timeouts) -> Backend? {
        object { fields in
            let mode = fields.take("mode")?.choice(ProxyMode.self) ?? .http
            fields.take("labels")?.checkLabels()
            let balance = fields.take("balance")?.balancePolicy(mode) ?? BalancePolicy()
            var timeouts =
                fields.take("timeouts")?.timeouts(.backend, inherited: inherited) ?? inherited
            let queue = fields.take("queue")?.queue(&timeouts) ?? QueueSettings()
            let reuse = readReuse(mode, &fields)
            let retries = fields.take("retries")?.retrySettings() ?? RetrySettings()
            let check = fields.take("check")?.healthCheck()
            let ejection = fields.take("ejection")?.ejection()
            let proxyProtocol = fields.take("proxy_protocol")?.proxyProtocolVersion()
            let stickiness = fields.take("stickiness")?.stickiness(mode)
            let onRemoved = fields.take("on_removed")?.choice(Backend.OnRemoved.self)
            let servers = readServers(&fields, proxyProtocol, balance)
            fields.notSupportedYet("tls")
            var backend = Backend(
                name: name, mode: mode, balance: balance, timeouts: timeouts, queue: queue,
                reuse: reuse, retries: retries, servers: servers)
            backend.check = check
            backend.ejection = ejection
            backend.stickiness = stickiness
            backend.onRemoved = onRemoved ?? .keepSessions
            giveCookies(to: &backend)
            return backend
        }
    }

    private func queue(_ timeouts: inout Timeouts) -> QueueSettings? {
        object { fields in
            var queue = QueueSettings()
            queue.max = fields.take("max")?.integer(in: 0...100_000) ?? queue.max
            if let timeout = fields.take("timeout")?.duration(in: .tick ... .days(7)) {
                timeouts.queue = timeout
            }
            return queue
        }
    }

    private func readReuse(_ mode: ProxyMode, _ fields: inout MappingReader) -> ReuseSettings {
        guard mode == .http else {
            fields.refuse(
                ["reuse"], .wrongMode, "is of HTTP: a TCP connection belongs to one client")
            return ReuseSettings()
        }
        return fields.take("reuse")?.reuseSettings() ?? ReuseSettings()
    }

    private func readServers(
        _ fields: inout MappingReader, _ proxyProtocol: ProxyProtocolVersion?,
        _ balance: BalancePolicy
    ) -> [Server] {
        guard let field = fields.require("servers", "a backend needs at least one server"),
            let servers = field.named(
                "server", { name, value in value.server(name, proxyProtocol, balance) })
        else { return [] }
        if field.isEmptyMapping {
            field.report(.missingField, "a backend needs at least one server")
        } else if !servers.isEmpty, servers.allSatisfy({ $0.weight == 0 }) {
            field.report(
                .noWeight, "every server has weight 0: the backend takes no traffic",
                severity: .warning)
        }
        return servers
    }

    private func server(
        _ name: String, _ inherited: ProxyProtocolVersion?, _ balance: BalancePolicy
    ) -> Server? {
        object { fields -> Server? in
            let addressField = fields.require("address", "such as \"10.0.0.11:8080\"")
            let address = addressField?.serverAddress()
            let weight = fields.take("weight")?.integer(in: 0...256) ?? 100
            let isBackup = fields.take("backup")?.boolean() ?? false
            let slowStartField = fields.take("slow_start")
            let slowStart = slowStartField?.duration(in: .zero ... .seconds(3_600))
            let limit = fields.take("max_connections")?.integer(in: 1...100_000)
            if let slowStart, slowStart > .zero, limit == nil, !balance.looksAtWeights {
                slowStartField?.report(
                    .conflictingFields,
                    "means nothing where a server is picked whatever it weighs at the moment: give "
                        + "the hash of \"balance\" a \"bound\", or the server \"max_connections\"",
                    severity: .warning)
            }
            let allowsLinkLocal = fields.take("allow_link_local")?.boolean() ?? false
            let proxyProtocol =
                fields.take("proxy_protocol").map {
                    $0.proxyProtocolVersion(orInherited: inherited)
                } ?? inherited
            fields.take("labels")?.checkLabels()
            let check = fields.take("check")?.checkOverride(allowsLinkLocal: allowsLinkLocal)
            let cookie = fields.take("cookie")?.serverCookie()
            fields.notSupportedYet("tls")
            guard let address else { return nil }
            addressField?.checkNotLinkLocal(address, isAllowed: allowsLinkLocal)
            addressField?.checkNotAdmin(address)
            var server = Server(name: name, address: address, weight: weight)
            server.isBackup = isBackup
            server.slowStart = slowStart ?? .zero
            server.proxyProtocol = proxyProtocol
            server.maxConnections = limit
            server.check = check ?? CheckOverride()
            server.cookie = cookie
            return server
        }?.flatMap { $0 }
    }
}

extension BalancePolicy {
    /// Whether a server gets less while it weighs less for a while.
    fileprivate var looksAtWeights: Bool {
        switch kind {
        case .roundRobin, .leastConnections, .random, .peakEWMA: true
        case .first: false
        case .hash: boundPercent != nil
        }
    }
}
