// The routes of a TCP frontend, compiled: by where the client is, and by the name that its TLS
// hello asks for. Read-only, shared by all loops of a worker.

internal import Model
internal import Syscalls

/// Good for as long as the arena it was compiled into.
struct TCPRouteTable: BitwiseCopyable, @unchecked Sendable {
    // SAFETY: Sendable, because the arena's memory is never written once it is filled.
    private struct Entry: BitwiseCopyable {
        let names: HostPatterns
        let ranges: AddressTable
        /// Place of the backend.
        let backend: Int
    }
    enum Choice: Equatable {
        /// Places of the route and of its backend.
        case route(Int, backend: Int)
        /// It depends on the name that the client will ask for.
        case needsHello
        case none
    }
    private let entries: Run<Entry>

    init(_ routes: [Route], backends: [String: Int], arena: ConfigurationArena) {
        entries = arena.run(
            routes.map { route in
                var place = -1
                // A configuration has only references that hold, and no other action here.
                if case .backend(let name) = route.action { place = backends[name] ?? -1 }
                return Entry(
                    names: HostPatterns(route.match.serverNames, arena: arena),
                    ranges: AddressTable(route.match.clientRanges, arena: arena), backend: place)
            })
    }

    /// The first route that takes the connection.
    ///
    /// - Parameter name: what the client asks for, empty for nothing; nil: that is not known yet.
    func choose(_ client: RawSocketAddress.Host, name: Bytes?) -> Choice {
        var index = 0
        while index < entries.count {
            let entry = entries[index]
            if entry.ranges.isEmpty || entry.ranges.contains(ClientAddress(client)) {
                if entry.names.isEmpty { return .route(index, backend: entry.backend) }
                guard let name else { return .needsHello }
                if entry.names.take(name) { return .route(index, backend: entry.backend) }
            }
            index &+= 1
        }
        return .none
    }
}
