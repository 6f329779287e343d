// Memory that travels between processes as a descriptor (memfd_create(2)). A sealed file's
// contents or size can no longer be changed by anyone, so the receiver may read it in peace.

internal import CLinux
internal import Glibc

/// Makes and reads memory files.
public enum MemoryFile {
    /// A file with these bytes, sealed against every change. `name` shows up in /proc only.
    public static func create(name: String, bytes: [UInt8]) throws(SystemError) -> FileDescriptor {
        let file = try open(name)
        var written = 0
        while written < bytes.count {
            // SAFETY: `written` is below the count; the callee reads during the call only.
            let count = unsafe bytes.withUnsafeBytes {
                unsafe clinux_write(
                    file.rawValue, $0.baseAddress?.advanced(by: written), $0.count - written)
            }
            written += try check(count, "write memfd")
        }
        try check(clinux_seal_contents(file.rawValue), "fcntl F_ADD_SEALS")
        return file
    }

    /// A file of zeros with this size for ever, to be mapped and written by several processes.
    public static func createShared(
        name: String, byteCount: Int
    ) throws(SystemError) -> FileDescriptor {
        let file = try open(name)
        try check(clinux_resize(file.rawValue, Int64(byteCount)), "ftruncate memfd")
        try check(clinux_seal_size(file.rawValue), "fcntl F_ADD_SEALS")
        return file
    }

    /// Whether nobody can change the size any more.
    public static func isSizeSealed(_ fd: Int32) throws(SystemError) -> Bool {
        try check(clinux_is_size_sealed(fd), "fcntl F_GET_SEALS") == 1
    }

    /// Whether nobody can change anything any more.
    public static func isSealed(_ fd: Int32) throws(SystemError) -> Bool {
        try check(clinux_is_contents_sealed(fd), "fcntl F_GET_SEALS") == 1
    }

    /// The whole contents, from the start, wherever the file's position is. EFBIG: more than
    /// `maxBytes`.
    public static func read(_ fd: Int32, maxBytes: Int) throws(SystemError) -> [UInt8] {
        try Files.readAll(fd, maxBytes: maxBytes, call: "pread memfd")
    }

    private static func open(_ name: String) throws(SystemError) -> FileDescriptor {
        // SAFETY: the string is valid during the call.
        let fd = unsafe name.withCString { unsafe clinux_memfd($0) }
        return FileDescriptor(owning: try check(fd, "memfd_create"))
    }
}

/// A file's bytes in our address space, shared with every other process that maps it; unmapped
/// with this value. Whoever reads them must expect that another process writes.
@safe
public struct MappedMemory: ~Copyable, @unchecked Sendable {
    // SAFETY: Sendable, because the pointer is constant and its use is unsafe for itself.
    private let start: UnsafeMutableRawPointer
    /// The mapping's size.
    public let byteCount: Int

    /// Maps the first `byteCount` bytes. A file that shrinks later kills its reader (SIGBUS): map
    /// only what is size-sealed.
    public init(_ fd: Int32, byteCount: Int, writable: Bool) throws(SystemError) {
        var memory: UnsafeMutableRawPointer?
        // SAFETY: the callee writes the pointer during the call only.
        let result = unsafe clinux_map_shared(fd, byteCount, writable ? 1 : 0, &memory)
        try check(result, "mmap")
        guard let memory = unsafe memory else { throw SystemError(call: "mmap", errno: ENOMEM) }
        unsafe start = memory
        self.byteCount = byteCount
    }

    deinit {
        // SAFETY: mapped in `init`; the borrowers of the pointer have ended with this value.
        _ = unsafe clinux_unmap(start, byteCount)
    }

    /// The first byte, page-aligned, valid as long as this value.
    public var baseAddress: UnsafeMutableRawPointer {
        @unsafe get { unsafe start }
    }

    /// Keeps the mapping for the rest of the process's life and gives up its size and owner.
    public consuming func keepForever() -> UnsafeMutableRawPointer {
        let pointer = unsafe start
        discard self
        return unsafe pointer
    }
}
