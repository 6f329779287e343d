// The memory shared by the master and all workers: created by the master, mapped by both.
// Mapped for the rest of the process's life, so that what points into it never dangles.
// Nothing that is read from it is used as an index, a size or an address without a check.

internal import CLinux
public import Syscalls

/// Why a descriptor is not a region of ours.
public enum SharedRegionError: Error, Sendable, Equatable {
    case system(SystemError)
    /// Not of this size, or the size is not sealed: mapping it could kill us (SIGBUS).
    case wrongSize
    case wrongMagic
    /// Made by a program with another layout.
    case wrongLayoutVersion(UInt64)
}

/// The mapped region. A handle, copied freely; any thread.
@safe
public struct SharedRegion: @unchecked Sendable {
    // SAFETY: Sendable, because the pointer is constant, the mapping stays for ever, and all words
    // are read and written atomically.
    private let start: UnsafeMutableRawPointer

    /// How many workers can be there at once, leaving ones included.
    public static let workerSlotCount = RegionLayout.slotCount
    /// How many loops one worker can have.
    public static let loopCountMax = RegionLayout.loopCountMax

    /// A new region of zeros, for the master. The descriptor is to be handed to workers.
    public static func create() throws(SharedRegionError) -> Created {
        let file = try createFile()
        do throws(SystemError) {
            return Created(region: try SharedRegion(mapping: file.rawValue), file: file)
        } catch {
            throw .system(error)
        }
    }

    /// The file of a new region, which is not mapped here: for a worker that nobody watches. What
    /// is mapped stays for ever, so a region for each such worker would use up the address space.
    public static func createFile() throws(SharedRegionError) -> FileDescriptor {
        do throws(SystemError) {
            let file = try MemoryFile.createShared(
                name: "apus-shared-state", byteCount: RegionLayout.byteCount)
            let memory = try MappedMemory(
                file.rawValue, byteCount: RegionLayout.headerBytes, writable: true)
            // SAFETY: only words of the header are stored, which is mapped as long as `memory`.
            let header = unsafe SharedRegion(start: memory.baseAddress)
            header.storeHeader(.version, RegionLayout.version)
            header.storeHeader(.byteCount, UInt64(RegionLayout.byteCount))
            header.storeHeader(.slotCount, UInt64(RegionLayout.slotCount))
            header.storeHeader(.hashSeed, .random(in: .min ... .max))
            header.storeHeader(.magic, RegionLayout.magic)
            _ = consume memory
            return file
        } catch {
            throw .system(error)
        }
    }

    /// A region and the memory file that it is.
    public struct Created: ~Copyable, Sendable {
        public let region: SharedRegion
        public let file: FileDescriptor

        /// Gives the file away.
        public consuming func takeFile() -> FileDescriptor { file }
    }

    /// Maps a region that another process made. The descriptor is borrowed and may be closed.
    public init(fd: Int32) throws(SharedRegionError) {
        guard try Self.fits(fd) else { throw .wrongSize }
        do throws(SystemError) {
            try self.init(mapping: fd)
        } catch {
            throw .system(error)
        }
        guard header(.magic) == RegionLayout.magic else { throw .wrongMagic }
        guard header(.version) == RegionLayout.version else {
            throw .wrongLayoutVersion(header(.version))
        }
    }

    private static func fits(_ fd: Int32) throws(SharedRegionError) -> Bool {
        do throws(SystemError) {
            guard try MemoryFile.isSizeSealed(fd) else { return false }
            return try Files.byteCount(of: fd) == Int64(RegionLayout.byteCount)
        } catch {
            throw .system(error)
        }
    }

    @unsafe
    private init(start: UnsafeMutableRawPointer) {
        unsafe self.start = start
    }

    private init(mapping fd: Int32) throws(SystemError) {
        let memory = try MappedMemory(fd, byteCount: RegionLayout.byteCount, writable: true)
        unsafe start = memory.keepForever()
    }

    /// For hashes of what clients send; one for the life of the region, secret.
    public var hashSeed: UInt64 { header(.hashSeed) }

    func header(_ word: RegionLayout.HeaderWord) -> UInt64 {
        load(word.rawValue * RegionLayout.wordBytes)
    }

    private func storeHeader(_ word: RegionLayout.HeaderWord, _ value: UInt64) {
        store(word.rawValue * RegionLayout.wordBytes, value)
    }

    /// The word at a byte offset of `RegionLayout`.
    func load(_ offset: Int) -> UInt64 {
        unsafe clinux_load_acquire(word(offset))
    }

    func store(_ offset: Int, _ value: UInt64) {
        unsafe clinux_store_release(word(offset), value)
    }

    /// Stores `new` if the word is `old` still.
    func replace(_ offset: Int, _ old: UInt64, with new: UInt64) {
        _ = unsafe clinux_compare_exchange(word(offset), old, new)
    }

    func word(_ offset: Int) -> UnsafeMutablePointer<UInt64> {
        precondition(
            offset >= 0 && offset % RegionLayout.wordBytes == 0
                && offset <= RegionLayout.byteCount - RegionLayout.wordBytes)
        // SAFETY: the offset was checked against the mapping's size and alignment just now.
        return unsafe (start + offset).assumingMemoryBound(to: UInt64.self)
    }
}
