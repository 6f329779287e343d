// Replaces a file at once: who opens it finds the old bytes or the new ones, also after a power cut.
// Not one that somebody else has changed since it was read.
// The new file has the mode, owner and group of the old one, or nothing is changed. Of a symbolic
// link the file that it leads to is replaced.

import ConfigurationLanguage
import Glibc
import Syscalls

enum FileReplacement {
    /// - Parameter before: what was read; if something else is there now, nothing is changed. To be
    ///   called with the `FolderLock`.
    static func replace(
        _ path: String, that before: [UInt8], with bytes: [UInt8]
    ) throws(CommandFailure) {
        // SAFETY: realpath(3) allocates what it returns, which is freed here and nowhere else.
        guard let resolved = unsafe realpath(path, nil) else { throw failure("find", path) }
        let target = unsafe String(cString: resolved)
        unsafe free(resolved)
        var status = stat()
        // SAFETY: stat(2) fills the structure or fails.
        guard unsafe stat(target, &status) == 0 else { throw failure("examine", target) }
        let temporary = "\(target).apus-fmt-\(getpid())"
        // SAFETY: the path is a valid C string for the call.
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("write beside", target) }
        defer { close(descriptor) }
        do throws(CommandFailure) {
            try fill(descriptor, bytes, like: status, target)
            // As late as can be: rename(2) does not ask.
            guard (try? Files.read(target, maxBytes: before.count)) == before else {
                throw CommandFailure(
                    .conflict,
                    "\(TerminalText.clean(target)) was changed by somebody else meanwhile, and is left "
                        + "as it is; try again")
            }
            // SAFETY: both are valid C strings for the call.
            guard unsafe rename(temporary, target) == 0 else { throw failure("replace", target) }
        } catch {
            unsafe unlink(temporary)
            throw error
        }
        syncFolder(of: target)
    }

    private static func fill(
        _ descriptor: Int32, _ bytes: [UInt8], like status: stat, _ target: String
    ) throws(CommandFailure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            // SAFETY: the slice outlives the call, and its own count bounds it.
            let count = unsafe rest.withUnsafeBytes {
                unsafe write(descriptor, $0.baseAddress, $0.count)
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw failure("write beside", target)
            }
        }
        // The owner first: it clears bits of the mode (chown(2)).
        if status.st_uid != geteuid() || status.st_gid != getegid(),
            fchown(descriptor, status.st_uid, status.st_gid) != 0
        {
            throw failure("keep the owner of", target)
        }
        guard fchmod(descriptor, status.st_mode & 0o7777) == 0 else {
            throw failure("keep the mode of", target)
        }
        guard fsync(descriptor) == 0 else { throw failure("write beside", target) }
    }

    /// The new name is durable, too.
    private static func syncFolder(of target: String) {
        let end = target.lastIndex(of: "/") ?? target.startIndex
        let folder = end == target.startIndex ? "/" : String(target[..<end])
        // SAFETY: the path is a valid C string for the call.
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor >= 0 {
            fsync(descriptor)
            close(descriptor)
        }
    }

    private static func failure(_ verb: String, _ path: String) -> CommandFailure {
        let reason = unsafe String(cString: strerror(errno))
        return CommandFailure(.other, "cannot \(verb) \(TerminalText.clean(path)): \(reason)")
    }
}
