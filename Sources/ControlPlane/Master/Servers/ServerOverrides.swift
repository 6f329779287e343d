// What operators want of servers at run time, held against the configuration: which of it a new one
// takes back. The servers' records have what is held here. Pure value.

internal import Model
internal import SharedState
internal import Store

struct ServerOverrides {
    /// Of servers of which something is wanted.
    private var held: [TrafficName: ServerOverride] = [:]

    /// - Parameter remembered: of an earlier life.
    init(_ remembered: [ServerOverride] = []) {
        for override in remembered where !override.isEmpty { hold(override) }
    }

    /// Empty if nothing is wanted of it.
    func override(backend: String, server: String) -> ServerOverride {
        held[.server(backend: backend, name: server)]
            ?? ServerOverride(backend: backend, server: server)
    }

    /// What will be held when the wish is granted. Each setting counts from the configuration of the
    /// time when it is wanted.
    func override(after wish: ServerWish, configured server: Server) -> ServerOverride {
        var override = override(backend: wish.backend, server: wish.server)
        switch wish.adminState {
        case .keep: break
        case .configured: override.takeBackAdminState()
        case .value(server.configuredState): override.takeBackAdminState()
        case .value(let state):
            override.adminState = state
            override.wasDisabled = server.isDisabled
        }
        switch wish.address {
        case .keep: break
        case .configured: override.address = nil
        case .value(let address):
            override.address = .init(
                value: address.description, configured: server.address.description)
        }
        switch wish.weight {
        case .keep: break
        case .configured: override.weight = nil
        case .value(let value): override.weight = .init(value: value, configured: server.weight)
        }
        switch wish.maxConnections {
        case .keep: break
        case .configured: override.maxConnections = nil
        case .value(let value):
            override.maxConnections = .init(value: value, configured: server.maxConnections)
        }
        return override
    }

    /// Holds it in the place of what was held of the server.
    mutating func hold(_ override: ServerOverride) {
        let name = TrafficName.server(backend: override.backend, name: override.server)
        held[name] = override.isEmpty ? nil : override
    }

    /// Writes what is held into a record; each word that is new is seen by all loops.
    static func write(_ override: ServerOverride, to record: ServerRecord) {
        let words: [(ServerWord, UInt64)] = [
            (.adminState, override.adminState?.word ?? 0),
            (.weightOverride, word(override.weight)),
            (.maxConnectionsOverride, word(override.maxConnections)),
        ]
        for (word, value) in words where record[word] != value { record.set(word, value) }
    }

    /// As `ServerWord` has it: 0 is what the configuration says.
    private static func word(_ setting: ServerOverride.Setting?) -> UInt64 {
        setting.map { UInt64(max(0, $0.value)) + 1 } ?? 0
    }

    /// Takes back what a new configuration says something new about.
    ///
    /// - Parameter record: of a name; nil: it has none, so nothing that is wanted of it can be.
    mutating func drop(
        for backends: [Backend], record: (TrafficName) -> ServerRecord?
    ) -> [DroppedOverride] {
        if held.isEmpty { return [] }
        var servers: [TrafficName: Server] = [:]
        for backend in backends {
            for server in backend.servers {
                servers[.server(backend: backend.name, name: server.name)] = server
            }
        }
        var dropped: [DroppedOverride] = []
        for (name, old) in held {
            let record = record(name)
            let server = record == nil ? nil : servers[name]
            var new = old
            if server?.isDisabled != old.wasDisabled { new.takeBackAdminState() }
            if server?.address.description != old.address?.configured { new.address = nil }
            if server == nil || server?.weight != old.weight?.configured { new.weight = nil }
            if server == nil || server?.maxConnections != old.maxConnections?.configured {
                new.maxConnections = nil
            }
            if new == old { continue }
            hold(new)
            if let record { Self.write(new, to: record) }
            dropped.append(DroppedOverride(from: old, to: new))
        }
        return dropped.sorted { ($0.backend, $0.server) < ($1.backend, $1.server) }
    }
}

extension DroppedOverride {
    init(from old: ServerOverride, to new: ServerOverride) {
        var fields: [String] = []
        if old.adminState != new.adminState { fields.append("admin_state") }
        if old.address != new.address { fields.append("address") }
        if old.weight != new.weight { fields.append("weight") }
        if old.maxConnections != new.maxConnections { fields.append("max_connections") }
        self.init(backend: old.backend, server: old.server, fields: fields)
    }
}

extension Server {
    /// What it is while no operator says otherwise.
    var configuredState: ServerAdminState { isDisabled ? .maintenance : .ready }
}

extension Backend {
    /// Some server has to be looked up.
    var hasNames: Bool { servers.contains { $0.address.named != nil } }
}

extension ServerOverride {
    fileprivate mutating func takeBackAdminState() {
        adminState = nil
        wasDisabled = false
    }

    /// Nil: as configured.
    var socketAddress: SocketAddress? { address.flatMap { SocketAddress($0.value) } }
}
