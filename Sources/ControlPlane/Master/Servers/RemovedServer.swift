// Servers that a reload takes out of the configuration. Pure.

internal import Model

/// One whose sessions end with it.
struct RemovedServer: Sendable, Equatable {
    var backend: String
    var name: String

    /// Those that the new backends do not have, as far as their old backend wants their sessions to
    /// end. A server is known by its name and its backend's.
    static func ended(from old: [Backend], to new: [Backend]) -> [RemovedServer] {
        old.filter { $0.onRemoved == .endSessions }.flatMap { backend in
            let kept = Set(
                new.first { $0.name == backend.name }.map { $0.servers.map(\.name) } ?? [])
            return backend.servers.filter { !kept.contains($0.name) }.map {
                RemovedServer(backend: backend.name, name: $0.name)
            }
        }
    }
}
