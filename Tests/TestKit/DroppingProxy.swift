// A deliberately bad proxy: it forwards connections byte for byte, and ends one of them under a
// client that has sent a request. It exists to show that the ledger sees what it must see.

/// Forwards 127.0.0.1 ports. On `dropNext` the next request that a client sends is lost.
public final class DroppingProxy: Sendable {
    public let port: Int
    private let listener: TestSocket
    private let serverPort: Int
    private let threads = Threads()
    private let stopped = OnceFlag()
    private let drops = Counter()

    public init(serverPort: Int) throws {
        self.serverPort = serverPort
        listener = try TestSocket.listen()
        port = listener.localPort
        threads.start { [self] in
            while !stopped.isSet {
                guard let client = listener.accept(within: 0.2) else { continue }
                threads.start { [self] in forward(client) }
            }
        }
    }

    public func dropNext() { drops.add() }

    public func stop() throws {
        stopped.set()
        listener.shutdown()
        try threads.join()
        listener.close()
    }

    private func forward(_ client: TestSocket) {
        guard let server = try? TestSocket.connect(port: serverPort) else { return }
        threads.start { [self] in
            pass(from: server, to: client)
            client.shutdown()
        }
        while !stopped.isSet {
            if !client.isReadable(within: 0.2) { continue }
            guard let bytes = try? client.receive(), !bytes.isEmpty else { break }
            if drops.value > 0 {
                drops.add(-1)
                break
            }
            guard (try? server.send(bytes)) != nil else { break }
        }
        client.shutdown()
        server.shutdown()
    }

    private func pass(from: TestSocket, to: TestSocket) {
        while let bytes = try? from.receive(within: 60), !bytes.isEmpty {
            guard (try? to.send(bytes)) != nil else { return }
        }
    }
}
