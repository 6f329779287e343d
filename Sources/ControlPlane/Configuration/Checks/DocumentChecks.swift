// What only the whole document can say: references lead somewhere, addresses do not collide.

import Model

extension ConfigurationReading {
    func checkDocument(
        _ configuration: Configuration, backends: [MappingReader.Entry],
        conditions: [MappingReader.Entry], maps: [MappingReader.Entry]
    ) {
        checkReferences(configuration, backends, maps)
        checkConditions(conditions, configuration)
        checkAddresses()
        checkLimits(configuration)
        if configuration.frontends.isEmpty, !problems.hasErrors {
            problems.append(
                .noFrontend, severity: .warning, position: nil, pointer: "",
                message: "no frontend: nothing will be served")
        }
    }

    /// Every route names a backend that exists and speaks the same mode.
    private func checkReferences(
        _ configuration: Configuration, _ backends: [MappingReader.Entry],
        _ maps: [MappingReader.Entry]
    ) {
        // A backend with problems of its own exists all the same.
        let modes = Dictionary(
            configuration.backends.map { ($0.name, $0.mode) }, uniquingKeysWith: { one, _ in one })
        let names = backends.map(\.key)
        let known = Set(names)
        for reference in document.backendReferences where !problems.isFull {
            guard known.contains(reference.name) else {
                reference.value.reportUnknown("backend", reference.name, among: names)
                continue
            }
            if let mode = modes[reference.name], mode != reference.mode {
                reference.value.report(
                    .wrongMode,
                    "backend \(quoted(reference.name)) is of mode \(mode.rawValue), this frontend "
                        + "of mode \(reference.mode.rawValue)")
            }
        }
        for watched in document.watchedBackends where !known.contains(watched.key) {
            watched.value.reportUnknown(
                "backend", watched.key, among: names, at: watched.keyPosition)
        }
        checkMaps(
            maps,
            backends: Dictionary(
                names.map { ($0, modes[$0]) }, uniquingKeysWith: { one, _ in one }))
        var used = Set(document.backendReferences.map(\.name))
        for reference in document.mapReferences where reference.mode != nil {
            guard let map = document.maps[reference.name], let lines = map.lines else {
                // Who knows what it names.
                return
            }
            used.formUnion(lines.map(\.entry.value) + [map.fallback].compactMap { $0 })
        }
        for backend in backends where !used.contains(backend.key) {
            backend.value.report(
                .unusedBackend, "no route leads to backend \(quoted(backend.key))",
                at: backend.keyPosition, severity: .warning)
        }
    }

    /// The shared memory has room for so many permits, in this revision and in those that leave.
    private func checkLimits(_ configuration: Configuration) {
        let most = 400_000
        let sum = configuration.backends.lazy.flatMap(\.servers).reduce(0) {
            $0 + ($1.maxConnections ?? 0)
        }
        guard sum > most else { return }
        problems.append(
            .outOfRange, position: nil, pointer: "/backends",
            message: "the max_connections of all servers add up to \(sum), must be at most \(most)")
    }

    /// Two listeners cannot have one address, and `*:80` has 127.0.0.1:80 as well (bind(2)).
    /// IPv6 listeners are IPv6 only, unless they say otherwise, so `*:80` and `[::]:80` stand side by
    /// side; so do listeners of two interfaces.
    private func checkAddresses() {
        struct Taken {
            var place: ListenPlace
            var by: ValueReader
        }
        // By what those that overlap have in common.
        var taken: [ListenAddress: [Taken]] = [:]
        var count = 0
        for bound in document.boundAddresses.sorted(by: { $0.value.isBefore($1.value) }) {
            count += bound.bind.portCount
            guard count <= Bind.socketCountMax else {
                bound.value.report(
                    .tooLarge,
                    "more than \(Bind.socketCountMax) addresses are bound in all, with those before"
                )
                return
            }
            for place in bound.bind.places {
                let others = taken[place.address.key] ?? []
                if let other = others.first(where: { $0.place.overlaps(place) }) {
                    bound.value.report(
                        .duplicateAddress,
                        "\(bound.value.text(of: place)) is taken by \(other.by.text(of: other.place)) "
                            + "in \(other.by.place(seenFrom: bound.value)) (\(other.by.pointer))")
                    break
                }
                taken[place.address.key, default: []].append(Taken(place: place, by: bound.value))
            }
        }
    }
}

extension ListenAddress {
    /// Of a port on whatever address, the same for all.
    fileprivate var key: ListenAddress {
        switch self {
        case .internet(let address):
            .internet(SocketAddress(host: .ipv4(0), port: address.port))
        case .unix, .passed: self
        }
    }
}

extension ValueReader {
    /// For messages.
    fileprivate func text(of place: ListenPlace) -> String {
        hasReference ? quoted("") : "\(place)"
    }
}

extension ValueReader {
    /// Reading order over all files.
    func isBefore(_ other: ValueReader) -> Bool {
        (reading.fileIndex, node.position) < (other.reading.fileIndex, other.node.position)
    }

    /// `line 4, column 2`, with the file if it is another one than the reader of it knows.
    func place(seenFrom other: ValueReader) -> String {
        place(of: node.position, seenFrom: other)
    }

    /// The same of something else in this value's file, the key for example.
    func place(of position: TextPosition, seenFrom other: ValueReader) -> String {
        let place = "line \(position.line), column \(position.column)"
        if reading.fileIndex == other.reading.fileIndex { return place }
        return "\(TerminalText.clean(reading.problems.file)), \(place)"
    }
}
