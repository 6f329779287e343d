// The program `apus-worker`: started by the master with its end of the control channel as
// descriptor 3, and with nothing else.

internal import Glibc
internal import Syscalls
internal import Wire

/// The entry of the program.
public enum WorkerProgram {
    /// Runs one worker on the calling thread and returns its exit code: 0 after a drain or
    /// SIGTERM, 1 where it could not come up or the master broke the protocol.
    ///
    /// - Parameter arguments: of the program, its name first.
    public static func run(version: String, arguments: [String]) -> Int32 {
        do throws(SystemError) {
            guard (try? Files.identity(of: ControlChannel.descriptorNumber)) != nil else {
                StandardError.write("apus-worker is started by `apus run`, not by hand\n")
                return 2
            }
            try giveUpPrivileges(arguments)
            var main = try WorkerMain(version: version)
            return try main.run()
        } catch {
            StandardError.write("worker: \(error)\n")
            return 1
        }
    }

    /// Before anything is read of anybody, and before there is another thread.
    private static func giveUpPrivileges(_ arguments: [String]) throws(SystemError) {
        if arguments.count > 1 {
            guard let account = WorkerAccount(argument: arguments[1]) else {
                throw SystemError(call: "account of the worker", errno: EINVAL)
            }
            try ProcessIdentity.become(
                user: account.user, group: account.group, groups: account.groups)
        }
        try ProcessIdentity.refuseNewPrivileges()
    }
}

/// The pipe to the master's log.
enum StandardError {
    static func write(_ text: String) {
        _ = try? Files.writeAll(2, Array(text.utf8))
    }
}
