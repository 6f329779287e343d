// What the process finds around itself: environment, user, working directory, its own program.

import FoundationEssentials
import Glibc

enum Surroundings {
    static var environment: [String: String] { ProcessInfo.processInfo.environment }

    static func directories() throws(CommandFailure) -> Directories {
        try Directories.standard(environment: environment, isRoot: geteuid() == 0) { path in
            var isDirectory = false
            return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
                && isDirectory
        }
    }

    /// Of the client: the option, the environment, or where a master of this user would have it.
    static func socketPath(_ given: String?) throws(CommandFailure) -> String {
        if let given = given ?? environment["APUS_SOCKET"], !given.isEmpty { return given }
        return try directories().runtime + "/" + Directories.socketName
    }

    /// `apus-worker` beside the program that runs now, links resolved.
    static func workerPath() throws(CommandFailure) -> String {
        guard let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        else { throw CommandFailure(.other, "cannot find the worker: /proc is not there") }
        let folder = own.split(separator: "/").dropLast().joined(separator: "/")
        return "/\(folder)/apus-worker"
    }

    /// The master changes its directory for nobody, but says paths that hold everywhere.
    static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }
}
