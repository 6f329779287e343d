/// Files of PEM for a TLS listener of the admin API. Paths only: what is in them is read by the
/// master, again when they change, and is never part of a configuration.
public struct AdminTLS: Codable, Sendable, Equatable {
    /// Absolute path: the certificate of this listener, then those between it and the root.
    public var chain: String
    /// Absolute path of the private key.
    public var key: String
    /// Absolute path of the certificates that vouch for those of clients; nil: clients need none.
    public var clientCA: String?

    public init(chain: String, key: String, clientCA: String? = nil) {
        self.chain = chain
        self.key = key
        self.clientCA = clientCA
    }
}

/// `admin.tcp` — the admin API for other machines. At least one of `tokens` and `tls.clientCA` is
/// there: nobody is let in without having shown who they are.
public struct AdminTCPListener: Codable, Sendable, Equatable {
    /// At least one.
    public var listen: [SocketAddress]
    public var tls: AdminTLS
    /// Absolute path of the file with the hashes of bearer tokens; nil: there are none.
    public var tokens: String?
    /// Names, besides the address that a connection came to, that `Host` may have. Lower case.
    public var hosts: [String]

    public init(
        listen: [SocketAddress], tls: AdminTLS, tokens: String? = nil, hosts: [String] = []
    ) {
        self.listen = listen
        self.tls = tls
        self.tokens = tokens
        self.hosts = hosts
    }
}

/// `admin.metrics` — metrics and health for whoever can reach it. Without TLS it is on loopback
/// addresses only.
public struct AdminMetricsListener: Codable, Sendable, Equatable {
    /// At least one.
    public var listen: [SocketAddress]
    /// Nil: plaintext. With a client CA only its clients are let in.
    public var tls: AdminTLS?
    /// As for `AdminTCPListener`.
    public var hosts: [String]

    public init(listen: [SocketAddress], tls: AdminTLS? = nil, hosts: [String] = []) {
        self.listen = listen
        self.tls = tls
        self.hosts = hosts
    }
}
