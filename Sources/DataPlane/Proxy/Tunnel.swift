// Bytes both ways without looking at them: after a 101 (RFC 9110 §7.8), and TCP frontends. Each
// half ends by itself: what one side ended, the other is told once everything before it is passed
// on.

internal import Model

extension Engine {
    /// The server has switched: what the client sent behind its request is no request any more.
    mutating func beginTunnel(_ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>) {
        exchange[].keepsClient = false
        exchange[].keepsServer = false
        exchange[].upload.begin(headBytes: 0, .untilClose)
        // Bytes of a tunnel are never an error.
        _ = exchange[].upload.approve(&client[].input)
        exchange.enter(.tunnelling)
        tunnelCount &+= 1
        // From now on both sides have one deadline, the client's.
        exchange[].waitsForServer = false
        if let server = exchange[].server { serverTimers.arm(server, at: .max) }
    }

    mutating func endDownload(_ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>) {
        guard !exchange[].downloadEnded else { return }
        exchange[].downloadEnded = true
        exchange[].waitsForClient = false
        client[].transport.endSending()
    }

    mutating func endUpload(_ exchange: Ref<Exchange>, _ server: Ref<ServerConnection>) {
        guard !exchange[].uploadEnded else { return }
        exchange[].uploadEnded = true
        exchange[].waitsForClient = false
        server[].transport.endSending()
    }

    /// The server is there.
    mutating func beginTCPTunnel(_ exchange: Ref<Exchange>) {
        exchange.enter(.tunnelling)
        tunnelCount &+= 1
    }

    /// How long both sides of a tunnel may be silent, or the one that has not ended yet.
    func tunnelWait(_ exchange: Ref<Exchange>) -> Int64 {
        guard let frontend = exchange[].frontend else { return 1 }
        let backend = exchange[].backend?[].waits ?? frontend[].waits
        var wait =
            exchange[].isTCP
            ? min(frontend[].waits.client, backend.server) : frontend[].waits.tunnel
        if exchange[].uploadEnded { wait = min(wait, frontend[].waits.clientFin) }
        if exchange[].downloadEnded { wait = min(wait, backend.serverFin) }
        return wait
    }
}
