// What operators want of servers at run time, held against the configuration: which of it a new one
// takes back. What is wanted itself stands in the servers' records. Pure value.

internal import Model
internal import SharedState

struct ServerOverrides {
    /// What the configuration said of the server when something else was wanted of it.
    private struct Configured {
        var weight: Int
        var limit: Int?
    }
    private var bases: [TrafficName: Configured] = [:]

    init() {}

    /// Writes what is wanted; each word that is new is seen by all loops.
    mutating func apply(_ wish: ServerWish, to record: ServerRecord, configured server: Server) {
        let name = TrafficName.server(backend: wish.backend, name: wish.server)
        if let state = wish.adminState { record.set(.adminState, UInt64(state.rawValue)) }
        var base = bases[name] ?? Configured(weight: server.weight, limit: server.maxConnections)
        if wish.weight != .keep {
            base.weight = server.weight
            record.set(.weightOverride, wish.weight.word)
        }
        if wish.maxConnections != .keep {
            base.limit = server.maxConnections
            record.set(.maxConnectionsOverride, wish.maxConnections.word)
        }
        bases[name] = Self.isOverridden(record) ? base : nil
    }

    /// Takes back what a new configuration says something new about.
    ///
    /// - Parameter record: of a name; nil: it has none.
    mutating func drop(
        for backends: [Backend], record: (TrafficName) -> ServerRecord?
    ) -> [DroppedOverride] {
        if bases.isEmpty { return [] }
        var servers: [TrafficName: Server] = [:]
        for backend in backends {
            for server in backend.servers {
                servers[.server(backend: backend.name, name: server.name)] = server
            }
        }
        var dropped: [DroppedOverride] = []
        for (name, base) in bases {
            guard case .server(let backend, let serverName) = name else { continue }
            guard let record = record(name) else {
                bases[name] = nil
                continue
            }
            let server = servers[name]
            var fields: [String] = []
            if server == nil, record.adminState != .ready {
                record.set(.adminState, UInt64(ServerAdminState.ready.rawValue))
                fields.append("admin_state")
            }
            if record.weightOverride != nil, server?.weight != base.weight {
                record.set(.weightOverride, 0)
                fields.append("weight")
            }
            if record.maxConnectionsOverride != nil,
                server == nil || server?.maxConnections != base.limit
            {
                record.set(.maxConnectionsOverride, 0)
                fields.append("max_connections")
            }
            if !fields.isEmpty {
                dropped.append(
                    DroppedOverride(backend: backend, server: serverName, fields: fields))
            }
            if !Self.isOverridden(record) { bases[name] = nil }
        }
        return dropped.sorted { ($0.backend, $0.server) < ($1.backend, $1.server) }
    }

    private static func isOverridden(_ record: ServerRecord) -> Bool {
        record.adminState != .ready || record.weightOverride != nil
            || record.maxConnectionsOverride != nil
    }
}

extension ServerWish.Setting {
    /// As `ServerWord` has it: 0 is what the configuration says.
    fileprivate var word: UInt64 {
        switch self {
        case .keep, .configured: 0
        case .value(let value): UInt64(max(0, value)) + 1
        }
    }
}
