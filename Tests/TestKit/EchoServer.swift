// The server behind the proxy in tests: one thread a connection, behaviour chosen by the path,
// and a log of every ledger id that reached it.

internal import Foundation
internal import Synchronization

/// An HTTP/1.1 server on 127.0.0.1. Paths: see `EchoServer+Behaviours.swift`.
public final class EchoServer: Sendable {
    /// Every request that carries this field is counted under its value.
    public static let ledgerField = "x-ledger-id"

    public let port: Int
    /// Answered with in `x-server`.
    public let name: String
    private let listener: TestSocket
    private let threads = Threads()
    private let stopped = OnceFlag()
    private let connections = Mutex<[Int32: TestSocket]>([:])
    private let seen = Mutex<[String: Int]>([:])
    private let healthStatus = Mutex(200)
    let requests = Counter()
    let delayed = Mutex((now: 0, most: 0))
    let checks = Counter()
    let accepted = Counter()

    public init(name: String = "echo", port: Int = 0) throws {
        self.name = name
        listener = try TestSocket.listen(port: port)
        self.port = listener.localPort
        threads.start { [self] in acceptUntilStopped() }
    }

    deinit { stop() }

    /// How often a request with this id arrived whole.
    public func timesSeen(_ id: String) -> Int { seen.withLock { $0[id] ?? 0 } }
    /// What `/health` is answered with.
    public var health: Int {
        get { healthStatus.withLock { $0 } }
        set { healthStatus.withLock { $0 = newValue } }
    }
    /// Requests of `/health`.
    public var checkCount: Int { checks.value }
    public var requestCount: Int { requests.value }
    /// Most requests of `/delay` that were waiting at one moment.
    public var mostDelayed: Int { delayed.withLock { $0.most } }
    public var connectionCount: Int { accepted.value }
    public var openConnectionCount: Int { connections.withLock { $0.count } }

    /// Ends all connections and frees the port.
    public func stop() {
        guard stopped.set() else { return }
        listener.shutdown()
        for socket in connections.withLock({ Array($0.values) }) { socket.shutdown() }
        try? threads.join(within: 5)
        listener.close()
    }

    private func acceptUntilStopped() {
        while !stopped.isSet {
            guard let socket = listener.accept(within: 0.5) else { continue }
            accepted.add()
            connections.withLock { $0[socket.descriptor] = socket }
            threads.start { [self] in
                serve(socket)
                connections.withLock { _ = $0.removeValue(forKey: socket.descriptor) }
                socket.close()
            }
        }
    }

    private func serve(_ socket: TestSocket) {
        let reader = RequestReader(socket)
        while !stopped.isSet, var request = reader.head() {
            if request["expect"] == "100-continue", request.path != "/refuse-body" {
                guard (try? socket.send("HTTP/1.1 100 Continue\r\n\r\n")) != nil else { return }
            }
            if request.path != "/refuse-body" {
                guard let body = reader.body(of: request) else { return }
                request.body = body
            }
            requests.add()
            if let id = request[Self.ledgerField] {
                seen.withLock { $0[id, default: 0] += 1 }
            }
            do {
                let goesOn = try answer(request, on: socket, reader)
                guard goesOn, request.keepsAlive else { return }
            } catch {
                return
            }
        }
    }
}
