// Reads a configuration file as bytes, bounded, never blocking on what is no file. What the
// bytes mean is ConfigurationSource's. Blocks for the time of the disk: not for an event loop
// that has a deadline to keep.

import Glibc

/// A file that holds a configuration.
public enum ConfigurationFile {
    /// The bytes of the file at `path` (absolute, or from the working directory). Throws one
    /// problem, without a position, that says what to do.
    public static func load(_ path: String) throws(ConfigurationProblem) -> ConfigurationSource {
        // O_NONBLOCK: a FIFO without a writer must not hold the master (open(2)).
        // SAFETY: the path is a valid C string for the call.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw problem(path, openMessage(path, errno)) }
        defer { close(descriptor) }
        var status = stat()
        // SAFETY: fstat(2) fills the structure or fails.
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw problem(path, "cannot be examined: \(errorText(errno))")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw problem(path, "is not a regular file, name the configuration file itself")
        }
        let bytes = try read(descriptor, path)
        return ConfigurationSource(text: ConfigurationText(bytes: bytes), fileName: path)
    }

    private static func read(_ descriptor: Int32, _ path: String)
        throws(ConfigurationProblem) -> [UInt8]
    {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 256 << 10)
        while bytes.count <= DocumentLimit.textBytes {
            // SAFETY: read(2) writes at most the count that it is given, the size of the block.
            let count = unsafe Glibc.read(descriptor, &block, block.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw problem(path, "cannot be read: \(errorText(errno))")
            }
            bytes += block[..<count]
        }
        throw problem(
            path, "has more than \(DocumentLimit.textBytes) bytes, the most that is read",
            .tooLarge)
    }

    private static func openMessage(_ path: String, _ error: Int32) -> String {
        switch error {
        case ENOENT:
            "there is no such file; check the path given with --config"
        case EACCES, EPERM:
            "may not be read by this user (uid \(geteuid())); give it the right to, for example "
                + "with chmod or chgrp"
        case ENOTDIR:
            "a part of this path is not a directory; check the path given with --config"
        default:
            "cannot be opened: \(errorText(error))"
        }
    }

    private static func problem(
        _ path: String, _ message: String, _ code: ConfigurationProblem.Code = .unreadableFile
    ) -> ConfigurationProblem {
        ConfigurationProblem(
            code: code, file: path, position: nil, pointer: "", message: message)
    }

    private static func errorText(_ error: Int32) -> String {
        var text = [CChar](repeating: 0, count: 128)
        // SAFETY: strerror_r(3) writes at most the count that it is given, NUL included.
        guard unsafe strerror_r(error, &text, text.count) == 0 else { return "error \(error)" }
        return String(
            decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
