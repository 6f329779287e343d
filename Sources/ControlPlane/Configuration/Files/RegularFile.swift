// Reads a file that somebody named, bounded, never blocking on what is no file. Blocks for the
// time of the disk: not for an event loop that has a deadline to keep.

import Glibc

enum RegularFile {
    /// What was read, and which file it was.
    struct Contents {
        var bytes: [UInt8]
        var identity: Identity
    }

    /// Two names of one file have one identity (stat(2)).
    struct Identity: Hashable {
        var device: UInt
        var inode: UInt
    }

    /// Why a file was not read, in words that go behind its name.
    struct Failure: Error {
        enum Kind {
            case missing, tooLarge, other
        }
        var kind: Kind
        var message: String
    }

    /// All bytes of the file at `path`; a symbolic link is followed.
    static func read(_ path: String, limit: Int) throws(Failure) -> Contents {
        // O_NONBLOCK: a FIFO without a writer must not hold the caller (open(2)).
        // SAFETY: the path is a valid C string for the call.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw openFailure(errno) }
        defer { close(descriptor) }
        var status = stat()
        // SAFETY: fstat(2) fills the structure or fails.
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw Failure(kind: .other, message: "cannot be examined: \(errorText(errno))")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(kind: .other, message: "is not a regular file, name the file itself")
        }
        return Contents(
            bytes: try bytes(of: descriptor, limit: limit),
            identity: Identity(device: UInt(status.st_dev), inode: UInt(status.st_ino)))
    }

    /// errno in words.
    static func errorText(_ error: Int32) -> String {
        var text = [CChar](repeating: 0, count: 128)
        // SAFETY: strerror_r(3) writes at most the count that it is given, NUL included.
        guard unsafe strerror_r(error, &text, text.count) == 0 else { return "error \(error)" }
        return String(
            decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func bytes(of descriptor: Int32, limit: Int) throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: min(limit + 1, 256 << 10))
        while bytes.count <= limit {
            // SAFETY: read(2) writes at most the count that it is given, the size of the block.
            let count = unsafe Glibc.read(descriptor, &block, block.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw Failure(kind: .other, message: "cannot be read: \(errorText(errno))")
            }
            bytes += block[..<count]
        }
        throw Failure(
            kind: .tooLarge, message: "has more than \(limit) bytes, the most that is read")
    }

    private static func openFailure(_ error: Int32) -> Failure {
        switch error {
        case ENOENT: Failure(kind: .missing, message: "there is no such file")
        case EACCES, EPERM:
            Failure(
                kind: .other,
                message: "may not be read by this user (uid \(geteuid())); give it the right to, "
                    + "for example with chmod or chgrp")
        case ENOTDIR:
            Failure(kind: .missing, message: "a part of this path is not a directory")
        default: Failure(kind: .other, message: "cannot be opened: \(errorText(error))")
        }
    }
}
