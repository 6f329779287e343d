// The listeners of the admin API in the effective document. Counterpart: AdminListenerReader.

import JSON
import Model

extension JSONValue {
    static func adminTCP(_ listener: AdminTCPListener) -> JSONValue {
        .object([
            "listen": addresses(listener.listen),
            "tls": adminTLS(listener.tls),
            "tokens": listener.tokens.map { .string($0) },
            "hosts": .texts(listener.hosts),
        ])
    }

    static func adminMetrics(_ listener: AdminMetricsListener) -> JSONValue {
        .object([
            "listen": addresses(listener.listen),
            "tls": listener.tls.map(adminTLS),
            "hosts": .texts(listener.hosts),
        ])
    }

    private static func adminTLS(_ tls: AdminTLS) -> JSONValue {
        .object([
            "chain": .string(tls.chain),
            "key": .string(tls.key),
            "client_ca": tls.clientCA.map { .string($0) },
        ])
    }

    private static func addresses(_ addresses: [SocketAddress]) -> JSONValue {
        .texts(addresses.map { "\($0)" })
    }
}
