// The directories that are ours alone, and the lock that makes us the only master of them.

internal import Foundation
internal import Syscalls

/// Why the master cannot start. The words are for the operator.
public struct StartupError: Error, Sendable, Equatable, CustomStringConvertible {
    public var description: String

    init(_ description: String) {
        self.description = description
    }
}

/// A state directory, locked as long as this value lives (flock(2): the lock ends with the
/// process, however it ends).
struct StateDirectory: ~Copyable {
    let path: String
    private let lock: FileDescriptor

    init(path: String) throws(StartupError) {
        try Self.prepare(path, what: "state directory")
        self.init(path: path, lock: try Self.takeLock(path + "/lock", of: path))
    }

    private init(path: String, lock: consuming FileDescriptor) {
        self.path = path
        self.lock = lock
    }

    /// Makes a directory of that mode, or checks one that is there: ours, and no symbolic link
    /// that somebody else could point elsewhere.
    static func prepare(
        _ path: String, what: String, mode: UInt32 = 0o700
    ) throws(StartupError) {
        do throws(SystemError) {
            if isSymbolicLink(path) {
                throw SystemError(call: "open \(path): a symbolic link", errno: ELOOP)
            }
            let isNew = (try? Files.identity(of: path)) == nil
            try Files.makeDirectory(path, mode: 0o700)
            if isNew { try Files.setMode(path, mode) }
        } catch {
            throw StartupError("the \(what) cannot be used: \(error)")
        }
    }

    private static func isSymbolicLink(_ path: String) -> Bool {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return attributes?[.type] as? FileAttributeType == .typeSymbolicLink
    }

    private static func takeLock(
        _ path: String, of directory: String
    ) throws(StartupError) -> FileDescriptor {
        do throws(SystemError) {
            let lock = try Files.lock(path)
            // Always the same length, so that nothing of a longer number stays behind it.
            let pid = "\(ProcessInfo.processInfo.processIdentifier)"
            let padding = String(repeating: " ", count: max(0, 19 - pid.count))
            try Files.writeAll(lock.rawValue, Array("\(pid)\(padding)\n".utf8))
            return lock
        } catch {
            guard error.errno == EAGAIN else {
                throw StartupError("the state directory cannot be locked: \(error)")
            }
            let holder = (try? Files.read(path, maxBytes: 64)).map {
                String(decoding: $0, as: UTF8.self).filter(\.isNumber)
            }
            throw StartupError(
                "another master, pid \(holder ?? "unknown"), already runs on the state directory "
                    + directory)
        }
    }
}
