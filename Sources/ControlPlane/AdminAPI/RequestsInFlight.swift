// Requests with an idempotency key that are being answered. One key is answered once at a time.
// Any thread.

import Store
import Synchronization

final class RequestsInFlight: Sendable {
    private struct Sender: Hashable {
        var principal: String
        var key: String
    }
    /// To the digest of what was asked for; as many as there are connections at most.
    private let requests = Mutex<[Sender: String]>([:])

    /// Throws if the same key is in use now.
    func begin(_ key: IdempotencyKey) throws(Problem) {
        let other = requests.withLock { requests -> String? in
            let sender = Sender(principal: key.principal, key: key.key)
            if let other = requests[sender] { return other }
            requests[sender] = key.digest
            return nil
        }
        guard let other else { return }
        if other != key.digest { throw Self.reused }
        throw Problem(
            .idempotencyInFlight, "the first request with this Idempotency-Key is not answered yet")
    }

    func end(_ key: IdempotencyKey) {
        requests.withLock { $0[Sender(principal: key.principal, key: key.key)] = nil }
    }

    static var reused: Problem {
        Problem(
            .idempotencyKeyReused,
            "this Idempotency-Key came with another request within 24 h; choose a new one")
    }
}
