import Glibc
import Syscalls
import Testing

@Suite struct MemoryFileTests {
    @Test func aSealedFileCannotBeChanged() throws {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
        let file = try MemoryFile.create(name: "test", bytes: bytes)
        #expect(try MemoryFile.isSealed(file.rawValue))
        #expect(try MemoryFile.read(file.rawValue, maxBytes: bytes.count) == bytes)
        #expect(try MemoryFile.read(file.rawValue, maxBytes: bytes.count) == bytes)
        #expect(throws: SystemError(call: "pread memfd", errno: EFBIG)) {
            try MemoryFile.read(file.rawValue, maxBytes: bytes.count - 1)
        }
        #expect(throws: SystemError(call: "write", errno: EPERM)) {
            try Files.writeAll(file.rawValue, [1])
        }
        #expect(ftruncate(file.rawValue, 0) == -1)
    }

    @Test func sharedMemoryIsOneMemory() throws {
        let file = try MemoryFile.createShared(name: "test", byteCount: 8192)
        #expect(try MemoryFile.isSizeSealed(file.rawValue))
        #expect(try !MemoryFile.isSealed(file.rawValue))
        #expect(ftruncate(file.rawValue, 16_384) == -1)
        let first = try MappedMemory(file.rawValue, byteCount: 8192, writable: true)
        let second = try MappedMemory(file.rawValue, byteCount: 8192, writable: false)
        unsafe first.baseAddress.storeBytes(of: 42, toByteOffset: 8191, as: UInt8.self)
        #expect(unsafe second.baseAddress.load(fromByteOffset: 8191, as: UInt8.self) == 42)
    }
}

@Suite(.serialized) struct FilesTests {
    @Test func directoriesAreMadeWithTheirParents() throws {
        let mask = Files.setMask(0o022)
        defer { Files.setMask(mask) }
        let root = temporaryPath("directory")
        let path = root + "/a/b"
        try Files.makeDirectory(path, mode: 0o700)
        try Files.makeDirectory(path, mode: 0o700)
        try Files.makeDirectory(path + "/", mode: 0o700)
        var found = stat()
        #expect(unsafe stat(path, &found) == 0 && found.st_mode & 0o777 == 0o700)
        #expect(unsafe stat(root + "/a", &found) == 0 && found.st_mode & 0o777 == 0o755)

        let file = path + "/file"
        for byte: UInt8 in [1, 2] {
            let log = try Files.openAppend(file)
            try Files.writeAll(log.rawValue, [byte])
        }
        #expect(try Files.read(file, maxBytes: 2) == [1, 2])
        #expect(throws: SystemError(call: "read \(file)", errno: EFBIG)) {
            try Files.read(file, maxBytes: 1)
        }
        #expect(throws: SystemError(call: "mkdir \(file)", errno: ENOTDIR)) {
            try Files.makeDirectory(file, mode: 0o700)
        }
        #expect(throws: SystemError(call: "chown \(file) to group no-such", errno: ENOENT)) {
            try Files.setGroup(file, "no-such")
        }
        try Files.setMode(file, 0o600)
        try Files.rename(file, to: file + "2")
        try Files.remove(file + "2")
        for directory in [path, root + "/a", root] { #expect(unsafe rmdir(directory) == 0) }
    }

    @Test func aDirectoryOfSomebodyElseIsRefused() throws {
        guard geteuid() == 0 else { return }
        let path = temporaryPath("foreign")
        try Files.makeDirectory(path, mode: 0o700)
        defer { unsafe rmdir(path) }
        #expect(unsafe chown(path, 65_534, 65_534) == 0)
        #expect(throws: SystemError(call: "mkdir \(path)", errno: EPERM)) {
            try Files.makeDirectory(path, mode: 0o700)
        }
    }

    @Test func aLockIsHeldByOne() throws {
        let path = temporaryPath("lock")
        let first = try Files.lock(path)
        #expect(throws: SystemError(call: "flock \(path)", errno: EAGAIN)) {
            _ = try Files.lock(path)
        }
        first.close()
        _ = try Files.lock(path)
        try Files.remove(path)
    }

    @Test func filesWithoutASizeAreReadToTheirEnd() throws {
        let status = try Files.read("/proc/self/status", maxBytes: 65_536)
        #expect(String(decoding: status, as: UTF8.self).contains("Pid:\t\(getpid())"))
        #expect(throws: SystemError.self) { try Files.read("/proc/self/status", maxBytes: 100) }
    }
}
