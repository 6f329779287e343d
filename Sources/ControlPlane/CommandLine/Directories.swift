// Where the master keeps its state and its socket, from options and environment. Pure, except for
// the one question whether a directory exists.

/// The two directories of a master, absolute.
struct Directories: Equatable {
    var state: String
    var runtime: String

    static let socketName = "admin.sock"

    /// systemd names both (systemd.exec(5)); else root has the system's, and a user those of the
    /// XDG base directory specification. Without a runtime directory of the session the socket
    /// lies in the state directory, never in a place where others may write.
    static func standard(
        environment: [String: String], isRoot: Bool, directoryExists: (String) -> Bool
    ) throws(CommandFailure) -> Directories {
        let state = try state(environment, isRoot: isRoot)
        let runtime =
            if let given = first(environment["RUNTIME_DIRECTORY"]) {
                given
            } else if isRoot {
                "/run/apus"
            } else if let session = absolute(environment["XDG_RUNTIME_DIR"]),
                directoryExists(session)
            {
                session + "/apus"
            } else {
                state + "/run"
            }
        return Directories(state: state, runtime: runtime)
    }

    private static func state(
        _ environment: [String: String], isRoot: Bool
    ) throws(CommandFailure) -> String {
        if let given = first(environment["STATE_DIRECTORY"]) { return given }
        if isRoot { return "/var/lib/apus" }
        if let top = absolute(environment["XDG_STATE_HOME"]) { return top + "/apus" }
        guard let home = absolute(environment["HOME"]) else {
            throw CommandFailure(
                .usage, "no state directory: HOME is not set; use --state-dir and --runtime-dir")
        }
        return home + "/.local/state/apus"
    }

    /// systemd separates several by colons; the first is ours.
    private static func first(_ list: String?) -> String? {
        absolute(list?.split(separator: ":").first.map(String.init))
    }

    /// The XDG specification has relative paths ignored.
    private static func absolute(_ path: String?) -> String? {
        guard let path, path.hasPrefix("/") else { return nil }
        return path
    }
}
