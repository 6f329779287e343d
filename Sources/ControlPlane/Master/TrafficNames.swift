// What of a configuration has a record in the shared memory, and the numbers of those in its order.

internal import Model

extension Configuration {
    /// The few first: when there is no room, it is single servers that go without.
    var trafficNames: [TrafficName] {
        frontends.map { .frontend($0.name) }
            + frontends.flatMap { frontend in frontend.bind.compactMap { frontend.limited($0) } }
            + backends.map { .backend($0.name) }
            + backends.flatMap { backend in
                backend.servers.map { .server(backend: backend.name, name: $0.name) }
            }
    }
}

extension Frontend {
    /// Nil: it has no limit of its own.
    fileprivate func limited(_ bind: Bind) -> TrafficName? {
        guard bind.maxConnections != nil else { return nil }
        // Without its last port: a range that grows has the connections that it had.
        return .bind(frontend: name, address: "\(bind.firstPlace)")
    }
}

extension TrafficNumbers {
    /// 0 for what has none.
    init(_ configuration: Configuration, number: (TrafficName) -> Int?) {
        self.init(
            frontends: configuration.frontends.map { number(.frontend($0.name)) ?? 0 },
            backends: configuration.backends.map { number(.backend($0.name)) ?? 0 },
            servers: configuration.backends.map { backend in
                backend.servers.map {
                    number(.server(backend: backend.name, name: $0.name)) ?? 0
                }
            })
        binds = configuration.frontends.map { frontend in
            frontend.bind.map { frontend.limited($0).flatMap(number) ?? 0 }
        }
    }
}
