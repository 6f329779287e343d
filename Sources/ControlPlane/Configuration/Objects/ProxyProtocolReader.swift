// `proxy_protocol` of a frontend, a backend and a server.

import Model

extension ValueReader {
    /// Of a frontend.
    func proxyProtocolInput() -> ProxyProtocolInput? {
        object { fields -> ProxyProtocolInput? in
            let field = fields.require("from", "such as [10.0.0.0/8], who is trusted")
            let from = field.map { $0.each { $0.addressRange() } } ?? []
            let others = fields.take("others")?.choice(ProxyProtocolInput.Others.self)
            return ProxyProtocolInput(from: from, others: others ?? .refuse)
        }?.flatMap { $0 }
    }

    /// Of a backend: what its servers inherit.
    func proxyProtocolVersion() -> ProxyProtocolVersion? {
        choice(ProxyProtocolVersion.self)
    }

    /// Of a server, which may do without what its backend says.
    func proxyProtocolVersion(orInherited inherited: ProxyProtocolVersion?)
        -> ProxyProtocolVersion?
    {
        let words: [(name: String, value: ProxyProtocolVersion?)] =
            [("off", nil)] + ProxyProtocolVersion.allCases.map { ($0.rawValue, $0) }
        return choice(words) ?? inherited
    }
}
