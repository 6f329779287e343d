// One at a time: commands of ours that read a file, change it and put it back hold the lock of its
// folder meanwhile (flock(2)), so that none of them undoes what another one did. It is nobody's but
// ours: an editor knows nothing of it.

import Clock
import ConfigurationLanguage
import Glibc

enum FolderLock {
    /// Then somebody holds it who has no business with it.
    private static let waitMax = Duration.seconds(10)

    /// Runs `body` with the lock of the folder in which the file is, or will be.
    static func holding<Value>(
        folderOf path: String, _ body: () throws(CommandFailure) -> Value
    ) throws(CommandFailure) -> Value {
        let folder = folder(of: path)
        // SAFETY: the path is a valid C string for the call.
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", folder) }
        // Closing it lets go of the lock.
        defer { close(descriptor) }
        let deadline = Instant.now() + waitMax
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { throw failure("lock", folder) }
            guard Instant.now() < deadline else {
                throw CommandFailure(
                    .conflict, "another process holds the lock of \(TerminalText.clean(folder))")
            }
            usleep(5_000)
        }
        return try body()
    }

    /// Of the file that a symbolic link leads to, since that is what is replaced.
    private static func folder(of path: String) -> String {
        var target = path
        // SAFETY: realpath(3) allocates what it returns, which is freed here and nowhere else.
        if let resolved = unsafe realpath(path, nil) {
            target = unsafe String(cString: resolved)
            unsafe free(resolved)
        }
        guard let slash = target.lastIndex(of: "/") else { return "." }
        return slash == target.startIndex ? "/" : String(target[..<slash])
    }

    private static func failure(_ verb: String, _ folder: String) -> CommandFailure {
        let reason = unsafe String(cString: strerror(errno))
        return CommandFailure(.other, "cannot \(verb) \(TerminalText.clean(folder)): \(reason)")
    }
}
