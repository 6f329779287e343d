// What `apus run` says once it serves: where everything is and what to try next. To stderr.

import Master

struct RunBanner: Sendable {
    var directories: Directories
    var socketPath: String
    /// Nil is the embedded default.
    var configurationPath: String?

    private static let listenersMax = 10

    /// Returns without a word if the master ends before it serves.
    func printWhenServing(_ handle: MasterHandle) async {
        var snapshot = handle.snapshot()
        while snapshot.serving == nil {
            if snapshot.shuttingDown { return }
            snapshot = await handle.waitForChange(
                after: snapshot.sequence, until: .seconds(60))
        }
        Console.error(text(snapshot))
    }

    func text(_ snapshot: MasterSnapshot) -> String {
        let generation = snapshot.serving.map(String.init) ?? "-"
        let revision = snapshot.appliedRevision.map(String.init) ?? "-"
        let doubt = snapshot.startFailure.map { "; NOT what serves: \($0)" } ?? ""
        var listeners = snapshot.listeners.prefix(Self.listenersMax).map {
            "\($0.address) (\($0.frontend))"
        }
        let rest = snapshot.listeners.count - listeners.count
        if rest > 0 { listeners.append("and \(rest) more") }
        return """
            apus \(snapshot.version): generation \(generation) serves revision \(revision)
              listening  \(listeners.isEmpty ? "nowhere" : listeners.joined(separator: ", "))
              config     \(configurationPath ?? "embedded default; your own with --config FILE")\(doubt)
              state      \(directories.state)
              socket     \(socketPath)
            Try next:
              apus --socket \(socketPath) status
              apus --socket \(socketPath) reload --wait 60s
              curl --unix-socket \(socketPath) http://localhost/v1
            Ctrl-C stops.

            """
    }
}
