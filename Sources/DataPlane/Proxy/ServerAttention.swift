// Looking at the servers again when something about one of them has changed: by an operator, by a
// health check, by another loop or another worker. A round without a change costs one load.

internal import SharedState
internal import Syscalls

extension Engine {
    private static var rampStepMilliseconds: Int64 { 100 }

    /// Once a round.
    @inline(__always)
    mutating func attendServersIfChanged() {
        let count = configuration.traffic.serverChanges.count
        if count != seenServerChanges || now >= nextServerReturn {
            seenServerChanges = count
            attendServers()
        }
        if now >= rampCheckAt { tendRamps() }
    }

    /// Servers that start slowly get a little more.
    private mutating func tendRamps() {
        rampCheckAt = .max
        for backend in backends where backend[].isRamping {
            // Once more when it is over: then it has all.
            backend[].standingsDidChange(wall: wallMilliseconds)
            attendQueue(of: backend)
            rampCheckAt = now &+ Self.rampStepMilliseconds
        }
    }

    /// Reads every server's record, and acts on what is new.
    mutating func attendServers() {
        rampCheckAt = now
        nextServerReturn = .max
        for backend in backends {
            var hasChanged = false
            for server in backend[].servers {
                var standing = ServerStanding(
                    server[].record, server[].rules, now: now, wall: wallMilliseconds)
                if standing.isEjected {
                    nextServerReturn = min(nextServerReturn, standing.ejectedUntil)
                }
                // The end of an ejection is told by two clocks, and so never twice the same.
                if abs(standing.cameUpAt &- server[].standing.cameUpAt) < 1_000 {
                    standing.cameUpAt = server[].standing.cameUpAt
                }
                guard standing != server[].standing else { continue }
                let old = server[].standing
                server[].standing = standing
                hasChanged = true
                didChange(server, from: old)
            }
            if hasChanged {
                backend[].standingsDidChange(wall: wallMilliseconds)
                // What is told of its connections is to be true in this round already.
                reuseTendAt = now
            }
            attendQueue(of: backend)
        }
    }

    private mutating func didChange(_ server: Ref<UpstreamServer>, from old: ServerStanding) {
        if server[].standing.address != old.address { didMove(server, from: old.address) }
        let isOut = server[].standing.adminState == .maintenance
        if isOut, old.adminState != .maintenance {
            // Nothing comes back: `park` asks for the state.
            dismissParked(of: server)
            server[].outSince = wallMilliseconds
        }
        if !isOut, old.adminState == .maintenance { didReturn(server) }
        // Whether it is well is asked at once.
        if server[].standing.isEjected, !old.isEjected { checkSoon(server) }
        if server[].standing.epoch != old.epoch { endSessions(of: server) }
    }

    /// From maintenance. The first loop that sees it says when: the others find that it was since they
    /// saw it go.
    private mutating func didReturn(_ server: Ref<UpstreamServer>) {
        beginHealthAnew(server)
        guard let record = server[].record else { return }
        if Int64(clamping: record[.cameUpAt]) < server[].outSince {
            record.note(.cameUpAt, UInt64(max(1, wallMilliseconds)))
        }
        let cameUpAt = Int64(clamping: record[.cameUpAt])
        server[].standing.cameUpAt = max(server[].standing.cameUpAt, cameUpAt)
    }

    /// What runs with the former address ends there by itself.
    private mutating func didMove(_ server: Ref<UpstreamServer>, from old: RawSocketAddress?) {
        if old != nil {
            server[].addressTurn &+= 1
            dismissParked(of: server)
            // What is found out there says nothing of the new one.
            dropCheck(of: server)
        }
        checkSoon(server)
    }
}
