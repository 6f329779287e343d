// `backends.NAME` and its servers.

import Model

extension ValueReader {
    func backend(_ name: String, _ inherited: Timeouts) -> Backend? {
        object { fields in
            let mode = fields.take("mode")?.choice(ProxyMode.self) ?? .http
            fields.take("labels")?.checkLabels()
            let balance =
                fields.take("balance")?.choice(
                    Backend.Balance.self,
                    later: ["least_connections", "hash"])
                ?? .roundRobin
            let timeouts =
                fields.take("timeouts")?.timeouts(.backend, inherited: inherited) ?? inherited
            let servers = readServers(&fields)
            fields.notSupportedYet(
                "stickiness", "check", "queue", "retries", "tls")
            return Backend(
                name: name, mode: mode, balance: balance, timeouts: timeouts, servers: servers)
        }
    }

    private func readServers(_ fields: inout MappingReader) -> [Server] {
        guard let field = fields.require("servers", "a backend needs at least one server"),
            let servers = field.named("server", { name, value in value.server(name) })
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

    private func server(_ name: String) -> Server? {
        object { fields -> Server? in
            let addressField = fields.require("address", "such as \"10.0.0.11:8080\"")
            let address = addressField?.serverAddress()
            let weight = fields.take("weight")?.integer(in: 0...256) ?? 100
            let allowsLinkLocal = fields.take("allow_link_local")?.boolean() ?? false
            fields.take("labels")?.checkLabels()
            fields.notSupportedYet(
                "max_connections", "backup", "slow_start", "check", "tls", "proxy_protocol")
            guard let address else { return nil }
            addressField?.checkNotLinkLocal(address, isAllowed: allowsLinkLocal)
            return Server(name: name, address: address, weight: weight)
        }?.flatMap { $0 }
    }
}
