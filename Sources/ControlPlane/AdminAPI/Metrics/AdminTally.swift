// How many requests each route has answered, and how. Bounded by the routes and the statuses that
// there are: a path that is no route counts as `none`. Any thread.

import Synchronization

final class AdminTally: Sendable {
    struct Key: Hashable, Sendable {
        /// `GET /v1/status`.
        var route: String
        var status: Int
    }
    private let counts = Mutex<[Key: Int]>([:])
    private let handshakeFailures = Mutex(0)

    func countHandshakeFailure() { handshakeFailures.withLock { $0 += 1 } }

    /// TLS connections that came to nothing.
    var handshakeFailureCount: Int { handshakeFailures.withLock { $0 } }

    func count(route: String, status: Int) {
        counts.withLock { $0[Key(route: route, status: status), default: 0] += 1 }
    }

    /// Sorted, so that scrapes can be compared.
    var all: [(key: Key, count: Int)] {
        counts.withLock { $0 }
            .sorted { ($0.key.route, $0.key.status) < ($1.key.route, $1.key.status) }
            .map { (key: $0.key, count: $0.value) }
    }
}
