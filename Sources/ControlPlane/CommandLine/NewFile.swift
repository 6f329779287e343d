// A file that was not there before, for nobody but its owner: what holds a secret.

import Glibc
import Syscalls

enum NewFile {
    /// Mode 0600 less the umask. A file that is there already is not touched.
    static func write(_ path: String, _ bytes: [UInt8]) throws(CommandFailure) {
        // SAFETY: the path is a valid C string for the call.
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let why = errno == EEXIST ? "it is there already" : "errno \(errno)"
            throw CommandFailure(.other, "cannot make \(path): \(why)")
        }
        defer { close(descriptor) }
        do throws(SystemError) {
            try Files.writeAll(descriptor, bytes)
        } catch {
            remove(path)
            throw CommandFailure(.other, "cannot write \(path): \(error)")
        }
        guard fsync(descriptor) == 0 else {
            throw CommandFailure(.other, "cannot write \(path): errno \(errno)")
        }
    }

    static func isThere(_ path: String) -> Bool {
        do throws(SystemError) {
            _ = try Files.status(of: path)
            return true
        } catch {
            return error.errno != ENOENT
        }
    }

    static func read(_ path: String) throws(CommandFailure) -> [UInt8] {
        do throws(SystemError) {
            return try Files.read(path, maxBytes: 1 << 20)
        } catch {
            throw CommandFailure(.other, "\(error)")
        }
    }

    static func remove(_ path: String) {
        _ = try? Files.remove(path)
    }
}
