// A pipe: for a child's standard error, and between two sockets. Neither end waits: a child that
// writes into a full pipe, because its master is stopped, loses words and goes on.

internal import CLinux
internal import Glibc

/// pipe2(2), both ends non-blocking and close-on-exec.
public struct BytePipe: ~Copyable, Sendable {
    public var reader: FileDescriptor
    public var writer: FileDescriptor

    public init() throws(SystemError) {
        var readEnd: Int32 = -1
        var writeEnd: Int32 = -1
        // SAFETY: the callee writes both words during the call only.
        try check(unsafe clinux_pipe(&readEnd, &writeEnd), "pipe2")
        reader = FileDescriptor(owning: readEnd)
        writer = FileDescriptor(owning: writeEnd)
    }

    /// Gives both ends away.
    public consuming func takeEnds() -> (reader: Int32, writer: Int32) {
        (reader.take(), writer.take())
    }

    /// Gives the reading end away and closes the other.
    public consuming func takeReader() -> FileDescriptor { reader }

    /// Gives the writing end away and closes the other.
    public consuming func takeWriter() -> FileDescriptor { writer }

    /// Up to `maxBytes` that are there; nil if none are now; empty at the end, when all writers
    /// have closed it.
    public static func read(_ fd: Int32, maxBytes: Int) throws(SystemError) -> [UInt8]? {
        var failure: Int32 = 0
        // SAFETY: the callee writes at most `maxBytes` bytes during the call.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: maxBytes) { room, count in
            var result: Int
            repeat {
                result = unsafe Glibc.read(fd, room.baseAddress, maxBytes)
            } while result < 0 && errno == EINTR
            if result < 0 { failure = errno }
            count = max(result, 0)
        }
        if failure == EAGAIN { return nil }
        if failure != 0 { throw SystemError(call: "read pipe", errno: failure) }
        return bytes
    }
}
