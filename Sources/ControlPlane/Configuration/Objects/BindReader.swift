// `frontends.NAME.bind`: addresses, alone or with what the kernel is to do about connections.

import Model

extension ValueReader {
    /// An entry; its address is noted for the check of collisions.
    func bind() -> Bind? {
        guard case .mapping = node.content else { return noted().map { Bind($0) } }
        return object { fields -> Bind? in
            let address = fields.require("address", "such as \"*:80\"")?.noted()
            let backlog = fields.take("backlog")?.integer(in: 1...65_535)
            let deferAccept = fields.take("defer_accept")?.duration(
                in: .seconds(1) ... .seconds(60))
            let userTimeout = fields.take("user_timeout")?.duration(
                in: .milliseconds(100) ... .seconds(3_600))
            guard let address else { return nil }
            var bind = Bind(address)
            bind.backlog = backlog ?? bind.backlog
            bind.deferAccept = deferAccept
            bind.userTimeout = userTimeout
            return bind
        }?.flatMap { $0 }
    }

    private func noted() -> SocketAddress? {
        guard let address = bindAddress() else { return nil }
        reading.document.boundAddresses.append(.init(address: address, value: self))
        return address
    }
}
