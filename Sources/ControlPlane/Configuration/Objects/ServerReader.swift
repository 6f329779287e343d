// `backends.NAME.servers.NAME`.

import Model

/// What servers have of their backend if they do not say otherwise.
struct ServerInheritance {
    var proxyProtocol: ProxyProtocolVersion?
    var source: SocketAddress.Host?
    var initialAddress: InitialAddress?
    /// Of its policy: a server gets less while it weighs less for a while.
    var looksAtWeights = true
}

extension ValueReader {
    func server(_ name: String, _ inheritance: ServerInheritance) -> Server? {
        object { fields -> Server? in
            let addressField = fields.require("address", "such as \"10.0.0.11:8080\"")
            let address = addressField?.serverPlace()
            let weight = fields.take("weight")?.integer(in: 0...256) ?? 100
            let isBackup = fields.take("backup")?.boolean() ?? false
            let isDisabled = fields.take("disabled")?.boolean() ?? false
            let slowStartField = fields.take("slow_start")
            let slowStart = slowStartField?.duration(in: .zero ... .seconds(3_600))
            let limit = fields.take("max_connections")?.integer(in: 1...100_000)
            let maxQueue = fields.take("max_queue")?.integer(in: 0...100_000)
            if let slowStart, slowStart > .zero, limit == nil, !inheritance.looksAtWeights {
                slowStartField?.report(
                    .conflictingFields,
                    "means nothing where a server is picked whatever it weighs at the moment: give "
                        + "the hash of \"balance\" a \"bound\", or the server \"max_connections\"",
                    severity: .warning)
            }
            let allowsLinkLocal = fields.take("allow_link_local")?.boolean() ?? false
            let proxyProtocol =
                fields.take("proxy_protocol").map {
                    $0.proxyProtocolVersion(orInherited: inheritance.proxyProtocol)
                } ?? inheritance.proxyProtocol
            let source = fields.take("source")?.sourceAddress() ?? inheritance.source
            let initialField = fields.take("initial_address")
            let initial = initialField?.initialAddress() ?? inheritance.initialAddress
            fields.take("labels")?.checkLabels()
            let check = fields.take("check")?.checkOverride(allowsLinkLocal: allowsLinkLocal)
            let cookie = fields.take("cookie")?.serverCookie()
            fields.notSupportedYet("tls")
            guard let address else { return nil }
            if let fixed = address.fixed {
                addressField?.checkNotLinkLocal(fixed, isAllowed: allowsLinkLocal)
                addressField?.checkNotAdmin(fixed)
            }
            if let unix = address.unix { addressField?.checkNotAdmin(unix) }
            var server = Server(name: name, at: address, weight: weight)
            if let name = address.named {
                server.initialAddress = initial ?? InitialAddress()
                if let first = server.initialAddress.fallback {
                    let place = SocketAddress(host: first, port: name.port)
                    let field = initialField ?? addressField
                    field?.checkNotLinkLocal(place, isAllowed: allowsLinkLocal)
                    field?.checkNotAdmin(place)
                }
            } else {
                initialField?.report(
                    .conflictingFields, "means nothing where the address is not a name",
                    severity: .warning)
            }
            server.isBackup = isBackup
            server.isDisabled = isDisabled
            server.allowsLinkLocal = allowsLinkLocal
            server.slowStart = slowStart ?? .zero
            server.proxyProtocol = proxyProtocol
            server.maxConnections = limit
            server.maxQueue = maxQueue
            server.source = source
            server.check = check ?? CheckOverride()
            server.cookie = cookie
            checkFamilies(of: server)
            return server
        }?.flatMap { $0 }
    }

    /// From an address of one family nothing reaches one of the other.
    private func checkFamilies(of server: Server) {
        guard let source = server.source else { return }
        let targets = [
            server.address.fixed?.host, server.check.address?.host, server.initialAddress.fallback,
        ]
        for target in targets.compactMap(\.self) {
            guard !source.hasFamily(of: target) else { continue }
            report(
                .mixedFamilies,
                "no connection from \"source\" reaches an address of the other family, IPv4 or IPv6"
            )
            return
        }
    }
}
