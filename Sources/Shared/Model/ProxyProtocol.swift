// The PROXY protocol: the true ends of a connection, said before its first byte by the proxy that
// a connection came through (haproxy.org, proxy-protocol.txt, versions 1 and 2).

/// `frontends.NAME.proxy_protocol` — whose word is taken for where a client is.
public struct ProxyProtocolInput: Codable, Sendable, Equatable {
    /// What becomes of connections from anywhere else.
    public enum Others: String, Codable, Sendable, CaseIterable {
        /// They are closed at once.
        case refuse
        /// They are served as what they are; a header from them is bytes like any other.
        case plain
    }
    /// Connections from here begin with a header, or are closed. At least one.
    public var from: [AddressRange]
    public var others: Others

    public init(from: [AddressRange], others: Others = .refuse) {
        self.from = from
        self.others = others
    }
}

/// `proxy_protocol:` of a server — what it is told about the client before the first byte. Such a
/// connection carries one client only.
public enum ProxyProtocolVersion: String, Codable, Sendable, CaseIterable {
    /// A line of text.
    case v1
    /// Binary, with the exchange's id and, where it is known, the name that the client asked for.
    case v2
}
