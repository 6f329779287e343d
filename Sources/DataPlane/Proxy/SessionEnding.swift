// Ending sessions before their time: because an operator says so (an order by the control channel,
// counted and answered), because their server was marked down or removed, or because they are with a
// backup whose time is over (the server's epoch in the shared state has moved). Each loop walks over its own
// clients only. A session begins and ends in one loop, so none is missed and none counted twice; what
// an ended session held of a limit goes to the next in line, which is not sent to a server that is
// out of service. Cold.

internal import SharedState

extension Engine {
    /// Done when this returns: the servers' sockets are closed, the clients told, the report is on its
    /// way. A client that gets an answer may take a moment to take it.
    mutating func endSessions(_ selection: SessionSelection) {
        var matched = 0
        var ended = 0
        var next = oldestClient
        while let client = next {
            next = client[].next
            guard selection.fits(client, now: nowNanoseconds) else { continue }
            matched += 1
            guard selection.allowance.take() else { continue }
            end(client, .killed, "session-killed")
            ended += 1
        }
        reports.post(.ended(order: selection.order, matched: matched, ended: ended), loop: index)
    }

    /// The server's epoch has moved.
    mutating func endSessions(of server: Ref<UpstreamServer>) {
        // A later generation may have it again, and its sessions were not meant.
        if server[].record?.epochReason == .removed, !server[].standing.isRetired { return }
        let (end, error): (ExchangeEnd, StaticString) =
            switch server[].record?.epochReason {
            case .backupOver: (.backupOver, "backup-over")
            case .removed: (.serverDown, "server-removed")
            case .markedDown, .unknown, nil: (.serverDown, "server-down")
            }
        var next = oldestClient
        while let client = next {
            next = client[].next
            guard let exchange = client[].exchange, let backend = exchange[].backend,
                backend[].index == server[].backend, exchange.isWith(server: server[].index)
            else { continue }
            self.end(client, end, error)
        }
    }

    /// What was said to the client stays said: it gets an answer only if it has none of it yet.
    private mutating func end(
        _ client: Ref<ClientConnection>, _ end: ExchangeEnd, _ error: StaticString
    ) {
        guard let exchange = client[].exchange else { return close(client) }
        guard exchange[].phase != .answering else { return abort(exchange, client, end, error) }
        exchange[].note(end, error)
        fail(exchange, client, 503, error)
        advance(client)
    }

    /// A server that is no backup came up: those who are with a backup go back.
    mutating func backupsAreOver(_ server: Ref<UpstreamServer>) {
        for other in backends[server[].backend][].servers where other[].isBackup {
            other[].record?.endSessions(because: .backupOver)
        }
    }
}
