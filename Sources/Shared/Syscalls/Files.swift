// The few things done with files by name. The master and the command line; may block on a disk.

internal import CLinux
internal import Glibc

/// Calls on files and directories. Every descriptor made here is close-on-exec.
public enum Files {
    /// Opens for appending, made with `mode` (less the umask) if it is not there: a log.
    public static func openAppend(
        _ path: String, mode: UInt32 = 0o640
    ) throws(SystemError) -> FileDescriptor {
        try open(path, CLINUX_OPEN_APPEND, mode)
    }

    /// Opens for reading.
    public static func openRead(_ path: String) throws(SystemError) -> FileDescriptor {
        try open(path, CLINUX_OPEN_READ, 0)
    }

    /// Takes the exclusive lock on a file, made if it is not there, and holds it as long as the
    /// descriptor (flock(2)). EWOULDBLOCK (EAGAIN): another process has it.
    public static func lock(
        _ path: String, mode: UInt32 = 0o600
    ) throws(SystemError) -> FileDescriptor {
        let file = try open(path, CLINUX_OPEN_LOCK, mode)
        try check(clinux_lock(file.rawValue), "flock \(path)")
        return file
    }

    /// The whole file. EFBIG: more than `maxBytes`; EISDIR: a directory.
    public static func read(_ path: String, maxBytes: Int) throws(SystemError) -> [UInt8] {
        let file = try openRead(path)
        return try readAll(file.rawValue, maxBytes: maxBytes, call: "read \(path)")
    }

    /// Writes all bytes to a descriptor that blocks or is a file; EAGAIN is thrown.
    public static func writeAll(_ fd: Int32, _ bytes: [UInt8]) throws(SystemError) {
        // SAFETY: the bytes are valid for the closure's time.
        let failure = unsafe bytes.withUnsafeBytes { (piece) -> SystemError? in
            do throws(SystemError) {
                try unsafe writeAll(fd, piece)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    /// The same for memory that is not an array's.
    @unsafe
    public static func writeAll(
        _ fd: Int32, _ bytes: UnsafeRawBufferPointer
    ) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            // SAFETY: `written` is below the count; the callee reads during the call only.
            let count = unsafe clinux_write(
                fd, bytes.baseAddress?.advanced(by: written), bytes.count - written)
            written += try check(count, "write")
        }
    }

    /// Makes a directory and those above it. Those above get mode 0755, the last one `mode`, all
    /// less the umask. A directory that is there already must be ours (EPERM otherwise), and its
    /// mode stays.
    public static func makeDirectory(_ path: String, mode: UInt32) throws(SystemError) {
        var end = path.startIndex
        while let slash = path[end...].dropFirst().firstIndex(of: "/") {
            end = slash
            try makeOne(String(path[..<end]), mode: 0o755)
        }
        try makeOne(path, mode: mode)
        let found = try stat(path)
        let call = "mkdir \(path)"
        guard found.is_directory != 0 else { throw SystemError(call: call, errno: ENOTDIR) }
        guard found.owner == clinux_effective_user() else {
            throw SystemError(call: call, errno: EPERM)
        }
    }

    /// Sets the permission bits.
    public static func setMode(_ path: String, _ mode: UInt32) throws(SystemError) {
        // SAFETY: the string is valid during the call.
        try check(unsafe path.withCString { unsafe clinux_chmod($0, mode) }, "chmod \(path)")
    }

    /// Sets the permission bits of a socket. ENOTSOCK: it is none, be it a link that leads to one.
    public static func setModeOfSocket(_ path: String, _ mode: UInt32) throws(SystemError) {
        // SAFETY: the string is valid during the call.
        let result = unsafe path.withCString { unsafe clinux_chmod_socket($0, mode) }
        try check(result, "chmod \(path)")
    }

    /// Gives the file itself, not what a symbolic link leads to, to an account and a group; nil leaves
    /// either as it is. EPERM: it takes CAP_CHOWN, or to be of the group.
    public static func setOwner(
        _ path: String, user: UInt32?, group: UInt32?
    ) throws(SystemError) {
        // SAFETY: the string is valid during the call.
        let result = unsafe path.withCString {
            unsafe clinux_chown($0, user ?? .max, group ?? .max)
        }
        try check(result, "chown \(path)")
    }

    /// Gives the file to a group. ENOENT: there is no such group.
    public static func setGroup(_ path: String, _ group: String) throws(SystemError) {
        // SAFETY: both strings are valid during the call.
        let result = unsafe path.withCString { path in
            unsafe group.withCString { unsafe clinux_chgrp(path, $0) }
        }
        try check(result, "chown \(path) to group \(group)")
    }

    /// Sets the mask of the whole process and returns the former one (umask(2)).
    @discardableResult
    public static func setMask(_ mask: UInt32) -> UInt32 { clinux_umask(mask) }

    /// Renames, replacing what has the new name, in one step.
    public static func rename(_ from: String, to new: String) throws(SystemError) {
        // SAFETY: both strings are valid during the call.
        let result = unsafe from.withCString { from in
            unsafe new.withCString { unsafe clinux_rename(from, $0) }
        }
        try check(result, "rename \(from)")
    }

    /// Removes a name. ENOENT: it was not there.
    public static func remove(_ path: String) throws(SystemError) {
        // SAFETY: the string is valid during the call.
        try check(unsafe path.withCString { unsafe clinux_unlink($0) }, "unlink \(path)")
    }

    /// What makes two names or descriptors the same file.
    public struct Identity: Sendable, Hashable {
        /// The file system's number.
        public var device: UInt64
        /// The file's number in it.
        public var inode: UInt64
    }

    /// The identity of an open file.
    public static func identity(of fd: Int32) throws(SystemError) -> Identity {
        var file = clinux_file()
        // SAFETY: the callee writes the record during the call only.
        try check(unsafe clinux_fstat(fd, &file), "fstat")
        return Identity(device: file.device, inode: file.inode)
    }

    /// The size of an open file.
    public static func byteCount(of fd: Int32) throws(SystemError) -> Int64 {
        var file = clinux_file()
        // SAFETY: the callee writes the record during the call only.
        try check(unsafe clinux_fstat(fd, &file), "fstat")
        return file.size
    }

    /// The identity of the file with this name: whether a log was rotated away under us.
    public static func identity(of path: String) throws(SystemError) -> Identity {
        let file = try stat(path)
        return Identity(device: file.device, inode: file.inode)
    }

    /// The identity of a socket's file, and of no link to one. ENOTSOCK: something else is there.
    public static func identity(ofSocket path: String) throws(SystemError) -> Identity {
        var file = clinux_file()
        // SAFETY: the string and the record are valid during the call.
        let result = unsafe path.withCString { unsafe clinux_socket_file($0, &file) }
        try check(result, "lstat \(path)")
        return Identity(device: file.device, inode: file.inode)
    }

    /// What is known of a file without reading it: a changed file has another status.
    public struct Status: Sendable, Equatable {
        /// Which file it is.
        public var identity: Identity
        /// Of its contents.
        public var byteCount: Int64
        /// Nanoseconds since 1970, of the contents.
        public var modified: Int64
        /// Nanoseconds since 1970, of the contents or the mode or the owner.
        public var changed: Int64
        /// The user that owns it.
        public var owner: UInt32
        /// Permission bits, 0…0o7777.
        public var mode: UInt32
        /// Neither a directory nor a device, a socket or a pipe.
        public var isRegular: Bool
    }

    /// The status of the file with this name; of a symbolic link, that of what it leads to.
    public static func status(of path: String) throws(SystemError) -> Status {
        let file = try stat(path)
        return Status(
            identity: Identity(device: file.device, inode: file.inode), byteCount: file.size,
            modified: file.modified_ns, changed: file.changed_ns, owner: file.owner,
            mode: file.mode, isRegular: file.is_regular != 0)
    }

    /// The open descriptors of this process, ascending: for tests and leak checks.
    public static func openDescriptors() throws(SystemError) -> [Int32] {
        var numbers = [Int32](repeating: 0, count: 65_536)
        // SAFETY: the callee writes within the given capacity.
        let count = unsafe numbers.withUnsafeMutableBufferPointer {
            unsafe clinux_open_descriptors($0.baseAddress, $0.count)
        }
        return numbers.prefix(Int(try check(count, "opendir /proc/self/fd"))).sorted()
    }

    static func readAll(
        _ fd: Int32, maxBytes: Int, call: String
    ) throws(SystemError) -> [UInt8] {
        var file = clinux_file()
        // SAFETY: the callee writes the record during the call only.
        try check(unsafe clinux_fstat(fd, &file), call)
        if file.size > Int64(maxBytes) { throw SystemError(call: call, errno: EFBIG) }
        // One byte more than expected shows a file that is longer than it says (/proc, growth).
        var bytes = [UInt8](repeating: 0, count: min(maxBytes, max(Int(file.size), 4096)) + 1)
        var filled = 0
        while true {
            // SAFETY: `filled` is below the count; the callee writes during the call only.
            let result = unsafe bytes.withUnsafeMutableBytes {
                unsafe clinux_read_at(
                    fd, $0.baseAddress?.advanced(by: filled), $0.count - filled, Int64(filled))
            }
            let count = try check(result, call)
            if count == 0 { break }
            filled += count
            if filled > maxBytes { throw SystemError(call: call, errno: EFBIG) }
            if filled == bytes.count {
                bytes.append(
                    contentsOf: repeatElement(0, count: min(filled, maxBytes + 1 - filled)))
            }
        }
        bytes.removeSubrange(filled...)
        return bytes
    }

    private static func open(
        _ path: String, _ how: clinux_open_mode, _ mode: UInt32
    ) throws(SystemError) -> FileDescriptor {
        // SAFETY: the string is valid during the call.
        let fd = unsafe path.withCString { unsafe clinux_open($0, how, mode) }
        return FileDescriptor(owning: try check(fd, "open \(path)"))
    }

    private static func makeOne(_ path: String, mode: UInt32) throws(SystemError) {
        // SAFETY: the string is valid during the call.
        let result = unsafe path.withCString { unsafe clinux_make_directory($0, mode) }
        if result != -EEXIST { try check(result, "mkdir \(path)") }
    }

    private static func stat(_ path: String) throws(SystemError) -> clinux_file {
        var file = clinux_file()
        // SAFETY: the string and the record are valid during the call.
        try check(unsafe path.withCString { unsafe clinux_stat($0, &file) }, "stat \(path)")
        return file
    }
}
