// `backends.NAME` and its servers.

import Model

extension ValueReader {
    func backend(_ name: String, _ inherited: Timeouts) -> Backend? {
        object { fields in
            let mode = fields.take("mode")?.choice(ProxyMode.self) ?? .http
            fields.take("labels")?.checkLabels()
            let balance = fields.take("balance")?.balancePolicy(mode) ?? BalancePolicy()
            let timeouts =
                fields.take("timeouts")?.timeouts(.backend, inherited: inherited) ?? inherited
            let proxyProtocol = fields.take("proxy_protocol")?.proxyProtocolVersion()
            let servers = readServers(&fields, proxyProtocol)
            fields.notSupportedYet(
                "stickiness", "check", "queue", "retries", "tls")
            return Backend(
                name: name, mode: mode, balance: balance, timeouts: timeouts, servers: servers)
        }
    }

    private func readServers(
        _ fields: inout MappingReader, _ proxyProtocol: ProxyProtocolVersion?
    ) -> [Server] {
        guard let field = fields.require("servers", "a backend needs at least one server"),
            let servers = field.named(
                "server", { name, value in value.server(name, proxyProtocol) })
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

    private func server(_ name: String, _ inherited: ProxyProtocolVersion?) -> Server? {
        object { fields -> Server? in
            let addressField = fields.require("address", "such as \"10.0.0.11:8080\"")
            let address = addressField?.serverAddress()
            let weight = fields.take("weight")?.integer(in: 0...256) ?? 100
            let isBackup = fields.take("backup")?.boolean() ?? false
            let slowStart = fields.take("slow_start")?.duration(in: .zero ... .seconds(3_600))
            let allowsLinkLocal = fields.take("allow_link_local")?.boolean() ?? false
            let proxyProtocol =
                fields.take("proxy_protocol").map {
                    $0.proxyProtocolVersion(orInherited: inherited)
                } ?? inherited
            fields.take("labels")?.checkLabels()
            fields.notSupportedYet(
                "max_connections", "check", "tls")
            guard let address else { return nil }
            addressField?.checkNotLinkLocal(address, isAllowed: allowsLinkLocal)
            addressField?.checkNotAdmin(address)
            var server = Server(name: name, address: address, weight: weight)
            server.isBackup = isBackup
            server.slowStart = slowStart ?? .zero
            server.proxyProtocol = proxyProtocol
            return server
        }?.flatMap { $0 }
    }
}
