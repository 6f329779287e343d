// `frontends.NAME.bind`: addresses, alone or with what the kernel is to do about connections.

import Model

extension ValueReader {
    /// An entry; its addresses are noted for the check of collisions.
    func bind() -> Bind? {
        guard case .mapping = node.content else {
            return bindAddresses().map { note($0, at: self) }
        }
        return object { fields -> Bind? in
            let field = fields.require("address", "such as \"*:80\"")
            let addresses = field?.bindAddresses()
            refuseWhatIsNot(for: addresses?.address, &fields)
            let backlog = fields.take("backlog")?.integer(in: 1...65_535)
            let deferAccept = fields.take("defer_accept")?.duration(
                in: .seconds(1) ... .seconds(60))
            let userTimeout = fields.take("user_timeout")?.duration(
                in: .milliseconds(100) ... .seconds(3_600))
            let maxConnections = fields.take("max_connections")?.integer(in: 1...10_000_000)
            let interface = fields.take("interface")?.interfaceName()
            let isTransparent = fields.take("transparent")?.boolean()
            let onlyIPv6 = fields.take("v6only")
            let takesIPv4 = onlyIPv6?.boolean() == false
            var access = SocketFileAccess()
            if let mode = fields.take("mode")?.permissions() { access.mode = mode }
            access.user = fields.take("user")?.keptLine(limit: 256)
            access.group = fields.take("group")?.keptLine(limit: 256)
            guard var bind = addresses, let field else { return nil }
            bind.backlog = backlog ?? bind.backlog
            bind.deferAccept = deferAccept
            bind.userTimeout = userTimeout
            bind.maxConnections = maxConnections
            bind.interface = interface
            bind.isTransparent = isTransparent ?? false
            bind.takesIPv4 = takesIPv4
            bind.access = access
            if takesIPv4, !bind.address.isWildcardIPv6 {
                onlyIPv6?.report(
                    .conflictingFields,
                    "false is for the address [::], which then stands for every IPv4 address as well"
                )
            }
            return note(bind, at: field)
        }?.flatMap { $0 }
    }

    private func refuseWhatIsNot(for address: ListenAddress?, _ fields: inout MappingReader) {
        let ofFiles = ["mode", "user", "group"]
        switch address {
        case .none: break
        case .internet:
            fields.refuse(ofFiles, .conflictingFields, "is for a unix socket that is a file")
        case .passed:
            fields.refuse(
                ofFiles + ["interface", "v6only"], .conflictingFields,
                "is for a socket that Apus makes: this one is as it was passed")
        case .unix(let address):
            fields.refuse(
                ["defer_accept", "user_timeout", "interface", "transparent", "v6only"],
                .conflictingFields, "means nothing to a unix socket")
            guard address.isAbstract else { break }
            fields.refuse(
                ofFiles, .conflictingFields, "is for a socket that is a file: this one has none")
        }
    }

    private func note(_ bind: Bind, at value: ValueReader) -> Bind {
        reading.document.boundAddresses.append(.init(bind: bind, value: value))
        switch bind.address {
        case .internet: break
        case .unix(let address): value.checkNotAdmin(address)
        case .passed:
            reading.document.machineFields.append(MachineField(bind.address, at: value))
        }
        return bind
    }

    /// What the kernel takes for the name of an interface (`dev_valid_name`), of visible ASCII.
    private func interfaceName() -> String? {
        guard let text = line(limit: 15) else { return nil }
        let isName =
            text != "." && text != ".."
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"/:".utf8.contains($0) }
        guard isName else {
            report(.invalidValue, "\(quoted(text)) is no name of an interface, such as \"eth0\"")
            return nil
        }
        return kept(text)
    }
}

extension ListenAddress {
    fileprivate var isWildcardIPv6: Bool {
        switch self {
        case .unix, .passed: false
        case .internet(let address):
            switch address.host {
            case .ipv4: false
            case .ipv6: address.host.isWildcard
            }
        }
    }
}
