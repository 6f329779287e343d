// `timeouts:` of `defaults`, of a frontend (the client's half) and of a backend (the server's).

import Model

/// Whose timeouts are read: a name of the other half would have no effect there.
enum TimeoutsPlace {
    case defaults, frontend, backend
}

extension ValueReader {
    /// `inherited` with the given fields replaced.
    func timeouts(_ place: TimeoutsPlace, inherited: Timeouts) -> Timeouts? {
        object { fields in
            var timeouts = inherited
            func set(_ name: String, _ path: WritableKeyPath<Timeouts, Duration>) {
                if let value = fields.take(name)?.wait() {
                    timeouts[keyPath: path] = value
                }
            }
            if place != .frontend {
                set("connect", \.connect)
                set("server", \.server)
                if let fin = fields.take("server_fin") { timeouts.serverFin = fin.wait() }
            } else {
                fields.refuse(
                    ["connect", "server", "server_fin"], .conflictingFields,
                    "is a timeout of the server's side: set it in a backend or in defaults")
            }
            if place != .backend {
                set("client", \.client)
                set("http_request", \.httpRequest)
                set("http_keep_alive", \.httpKeepAlive)
                set("tunnel", \.tunnel)
                if let fin = fields.take("client_fin") { timeouts.clientFin = fin.wait() }
                set("inspect", \.inspect)
            } else {
                fields.refuse(
                    [
                        "client", "http_request", "http_keep_alive", "tunnel", "client_fin",
                        "inspect",
                    ],
                    .conflictingFields,
                    "is a timeout of the client's side: set it in a frontend or in defaults")
            }
            switch place {
            case .defaults: set("queue", \.queue)
            case .frontend:
                fields.refuse(
                    ["queue"], .conflictingFields,
                    "is a timeout of the server's side: set it in the `queue` of a backend or in "
                        + "defaults")
            case .backend:
                fields.refuse(
                    ["queue"], .conflictingFields, "is set as `timeout` in the backend's `queue`")
            }
            return timeouts
        }
    }

    private func wait() -> Duration? { duration(in: .tick ... .days(7)) }
}
