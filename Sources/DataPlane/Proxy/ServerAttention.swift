// Looking at the servers again when something about one of them has changed: by an operator, by a
// health check, by another loop or another worker. A round without a change costs one load.

internal import SharedState

extension Engine {
    /// Once a round.
    @inline(__always)
    mutating func attendServersIfChanged() {
        let count = configuration.traffic.serverChanges.count
        guard count != seenServerChanges else { return }
        seenServerChanges = count
        attendServers()
    }

    /// Reads every server's record, and acts on what is new.
    mutating func attendServers() {
        for backend in backends {
            var hasChanged = false
            for server in backend[].servers {
                let standing = ServerStanding(
                    server[].record, configuredWeight: server[].configuredWeight,
                    wallMilliseconds: wallMilliseconds)
                guard standing != server[].standing else { continue }
                let old = server[].standing
                server[].standing = standing
                hasChanged = true
                didChange(server, from: old)
            }
            if hasChanged { backend[].standingsDidChange() }
        }
    }

    private mutating func didChange(_ server: Ref<UpstreamServer>, from old: ServerStanding) {
        let isOut = server[].standing.adminState == .maintenance
        if isOut, old.adminState != .maintenance { dismissParked(of: server) }
    }
}
