// Ownership of descriptors: who holds a `FileDescriptor` closes it, exactly once. Any thread.

internal import CLinux

/// An open descriptor and the duty to close it, which `deinit` carries out.
///
/// The calls of this module take numbers (`rawValue`) and borrow them; only what consumes a
/// `FileDescriptor` may close it.
public struct FileDescriptor: ~Copyable, Sendable {
    /// The descriptor's number, valid as long as this value lives. Not to be read from a
    /// temporary value, which closes the descriptor right after.
    public let rawValue: Int32

    /// Takes over a descriptor that nobody else will close.
    public init(owning rawValue: Int32) {
        self.rawValue = rawValue
    }

    deinit {
        _ = clinux_close(rawValue)
    }

    /// Closes now. An error of close(2) cannot be repaired and is not reported.
    public consuming func close() {}

    /// Hands the descriptor and the duty to close it to the caller.
    public consuming func take() -> Int32 {
        let raw = rawValue
        discard self
        return raw
    }

    /// A second descriptor of the same open file, close-on-exec (fcntl(2), F_DUPFD_CLOEXEC).
    public borrowing func duplicate() throws(SystemError) -> FileDescriptor {
        try Self.duplicate(rawValue)
    }

    /// The same of a descriptor that is somebody else's: standard error, a socket from systemd.
    public static func duplicate(_ rawValue: Int32) throws(SystemError) -> FileDescriptor {
        FileDescriptor(owning: try check(clinux_duplicate(rawValue), "dup"))
    }
}
