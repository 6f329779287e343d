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
            let checkField = fields.take("check")
            let check = checkField?.healthCheck()
            let ejection = fields.take("ejection")?.ejection()
            let inheritance = ServerInheritance(
                proxyProtocol: fields.take("proxy_protocol")?.proxyProtocolVersion(),
                source: fields.take("source")?.sourceAddress(),
                initialAddress: fields.take("initial_address")?.initialAddress(),
                looksAtWeights: balance.looksAtWeights)
            let stickiness = fields.take("stickiness")?.stickiness(mode)
            let backups = fields.take("backups")?.choice(Backend.Backups.self)
            let onRemoved = fields.take("on_removed")?.choice(Backend.OnRemoved.self)
            let resolveInterval = fields.take("resolve_interval").map { $0.resolveInterval() }
            let servers = readServers(&fields, inheritance)
            if check?.port != nil { checkField?.checkPort(isOf: servers) }
            fields.notSupportedYet("tls")
            var backend = Backend(
                name: name, mode: mode, balance: balance, timeouts: timeouts, queue: queue,
                reuse: reuse, retries: retries, servers: servers)
            backend.check = check
            backend.ejection = ejection
            backend.stickiness = stickiness
            backend.backups = backups ?? .all
            backend.onRemoved = onRemoved ?? .keepSessions
            if let resolveInterval { backend.resolveInterval = resolveInterval }
            giveCookies(to: &backend)
            return backend
        }
    }

    /// A unix socket has no port, so the check would go to the socket itself.
    private func checkPort(isOf servers: [Server]) {
        let portless = servers.first { server in
            server.address.unix != nil && server.check.address == nil && server.check.isEnabled
        }
        guard let portless else { return }
        report(
            .conflictingFields,
            "\"port\" means nothing to server \(ConfigurationLanguage.quoted(portless.name)), which "
                + "is at a unix socket: give it an address of its own, check: {address: …}")
    }

    /// `off` is nil.
    private func resolveInterval() -> Duration? {
        guard let text = scalar("off or a time such as 10s")?.text, text != "off" else {
            return nil
        }
        return duration(in: .milliseconds(100) ... .hours(24))
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
        _ fields: inout MappingReader, _ inheritance: ServerInheritance
    ) -> [Server] {
        guard let field = fields.require("servers", "a backend needs at least one server"),
            let servers = field.named(
                "server", { name, value in value.server(name, inheritance) })
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
