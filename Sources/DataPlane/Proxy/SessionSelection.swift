// Which sessions an order means, in the terms of one worker's configuration. Made by the main
// thread, read by the loops, which draw from one allowance. Cold.

internal import Model
internal import Synchronization
internal import Syscalls
internal import Wire

struct SessionSelection: Sendable {
    let order: UInt64
    /// Place in the configuration.
    private let backend: Int?
    /// Place in the backend.
    private let server: Int?
    private let clients: AddressRange?
    private let minAgeNanoseconds: Int64
    let allowance: SessionAllowance

    /// Nil: there can be none in this worker.
    init?(_ order: SessionOrder, in configuration: Configuration) {
        var backend: Int?
        var server: Int?
        if let name = order.backend {
            backend = configuration.backends.firstIndex { $0.name == name }
            guard let backend else { return nil }
            if let name = order.server {
                server = configuration.backends[backend].servers.firstIndex { $0.name == name }
                guard server != nil else { return nil }
            }
        }
        if let text = order.client {
            guard let range = AddressRange(text) else { return nil }
            clients = range
        } else {
            clients = nil
        }
        self.order = order.id
        self.backend = backend
        self.server = server
        let milliseconds = min(max(0, order.minAgeMilliseconds), 1 << 40)
        minAgeNanoseconds = Int64(milliseconds) * 1_000_000
        allowance = SessionAllowance(order.max)
    }

    /// Without a backend a session is a client's connection; with one it is an exchange that has a
    /// server of it, makes a connection to one, or waits for one.
    func fits(_ client: Ref<ClientConnection>, now: Int64) -> Bool {
        if let clients, !clients.contains(SocketAddress.Host(client[].peer.host)) { return false }
        guard let backend else { return now - client[].acceptedAt >= minAgeNanoseconds }
        guard let exchange = client[].exchange, now - exchange[].beganAt >= minAgeNanoseconds,
            let own = exchange[].backend, own[].index == backend
        else { return false }
        guard let server else { return exchange[].phase != .answering }
        return exchange.isWith(server: server)
    }
}

/// How many sessions may still be ended, for all loops together.
final class SessionAllowance: Sendable {
    private let rest: Atomic<Int>

    init(_ count: Int) {
        rest = Atomic(max(0, count))
    }

    /// False: there is none left.
    func take() -> Bool {
        var known = rest.load(ordering: .relaxed)
        while known > 0 {
            let (isDone, current) = rest.weakCompareExchange(
                expected: known, desired: known - 1, ordering: .relaxed)
            if isDone { return true }
            known = current
        }
        return false
    }
}

extension Ref where Entry == Exchange {
    /// Whether it has the server, or is on its way to it.
    func isWith(server: Int) -> Bool {
        guard let upstream = self[].upstream, upstream[].index == server else { return false }
        return switch self[].phase {
        case .connecting, .awaitingResponse, .responding, .tunnelling: true
        case .request, .queued, .answering: false
        }
    }
}

extension SocketAddress.Host {
    fileprivate init(_ host: RawSocketAddress.Host) {
        switch host {
        case .ipv4(let word): self = .ipv4(word)
        case .ipv6(let high, let low): self = .ipv6(high: high, low: low)
        }
    }
}
