// What only the whole document can say: references lead somewhere, addresses do not collide.

import Model

extension ConfigurationReading {
    func checkDocument(_ configuration: Configuration, backends: [MappingReader.Entry]) {
        checkReferences(configuration, backends)
        checkAddresses()
        if configuration.frontends.isEmpty, !problems.hasErrors {
            problems.append(
                .noFrontend, severity: .warning, position: nil, pointer: "",
                message: "no frontend: nothing will be served")
        }
    }

    /// Every route names a backend that exists and speaks the same mode.
    private func checkReferences(
        _ configuration: Configuration, _ backends: [MappingReader.Entry]
    ) {
        // A backend with problems of its own exists all the same.
        let modes = Dictionary(
            configuration.backends.map { ($0.name, $0.mode) }, uniquingKeysWith: { one, _ in one })
        let names = backends.map(\.key)
        let known = Set(names)
        for reference in backendReferences where !problems.isFull {
            guard known.contains(reference.name) else {
                reference.value.report(
                    .unknownReference, "no backend is named \(quoted(reference.name))",
                    suggestion: Suggestion.nearest(to: reference.name, in: names))
                continue
            }
            if let mode = modes[reference.name], mode != reference.mode {
                reference.value.report(
                    .wrongMode,
                    "backend \(quoted(reference.name)) is of mode \(mode.rawValue), this frontend "
                        + "of mode \(reference.mode.rawValue)")
            }
        }
        let used = Set(backendReferences.map(\.name))
        for backend in backends where !used.contains(backend.key) {
            backend.value.report(
                .unusedBackend, "no route leads to backend \(quoted(backend.key))",
                at: backend.keyPosition, severity: .warning)
        }
    }

    /// Two listeners cannot have one address, and `*:80` has 127.0.0.1:80 as well (bind(2)).
    /// IPv6 listeners are IPv6 only, so `*:80` and `[::]:80` stand side by side.
    private func checkAddresses() {
        struct Port: Hashable {
            var isIPv6: Bool
            var number: UInt16
        }
        var wildcards: [Port: BoundAddress] = [:]
        var anyOfPort: [Port: BoundAddress] = [:]
        var taken: [SocketAddress: BoundAddress] = [:]
        for bound in boundAddresses.sorted(by: { $0.value.node.position < $1.value.node.position })
        {
            let isIPv6 = if case .ipv6 = bound.address.host { true } else { false }
            let port = Port(isIPv6: isIPv6, number: bound.address.port)
            let isWildcard = bound.address.host.isWildcard
            let other =
                taken[bound.address] ?? wildcards[port] ?? (isWildcard ? anyOfPort[port] : nil)
            if let other {
                let place = other.value.node.position
                bound.value.report(
                    .duplicateAddress,
                    "\(bound.address) is taken by \(other.address) in line \(place.line), column "
                        + "\(place.column) (\(other.value.pointer))")
                continue
            }
            taken[bound.address] = bound
            anyOfPort[port] = anyOfPort[port] ?? bound
            if isWildcard { wildcards[port] = bound }
        }
    }
}
