// Memory of the compiled configuration: byte strings and tables that the hot path reads as plain
// structs, without reference counts. Filled while a configuration is compiled, in one thread; then
// read-only, for all loops. Freed with the arena, so the arena lives as long as whatever was
// compiled into it.

/// Owner of everything a compiled configuration points to.
@safe
final class ConfigurationArena {
    private var blocks: [UnsafeMutableRawPointer] = unsafe []
    /// What a run of the largest regular expression in it needs, see `NumberMemory`.
    private(set) var regexCells = 0
    private var saltCount: UInt64 = 0

    init() {}

    deinit {
        // SAFETY: every block was allocated by `run`, and nobody else frees it.
        while let block = unsafe blocks.popLast() { unsafe block.deallocate() }
    }

    /// Another number each time, and the same ones for the same configuration.
    func nextSalt() -> UInt64 {
        saltCount += 1
        return saltCount
    }

    func noteRegex(instructions: Int, slots: Int) {
        regexCells = max(regexCells, RegexDemand.cells(instructions: instructions, slots: slots))
    }

    /// The UTF-8 of `text`.
    func bytes(_ text: String) -> Bytes {
        bytes(Array(text.utf8))
    }

    func bytes(_ octets: [UInt8]) -> Bytes {
        let run = run(octets)
        // SAFETY: the run is as long as it says and lives as long as the arena.
        return unsafe run.withPointer { unsafe Bytes(start: $0, count: $1) }
    }

    /// The elements in their order.
    func run<Element: BitwiseCopyable>(_ elements: [Element]) -> Run<Element> {
        let size = max(1, MemoryLayout<Element>.stride * elements.count)
        let block = UnsafeMutableRawPointer.allocate(
            byteCount: size, alignment: MemoryLayout<Element>.alignment)
        unsafe blocks.append(block)
        let start = unsafe block.bindMemory(to: Element.self, capacity: elements.count)
        for (index, element) in elements.enumerated() {
            // SAFETY: the block was sized for all elements.
            unsafe (start + index).initialize(to: element)
        }
        return unsafe Run(start: UnsafePointer(start), count: elements.count)
    }
}

/// A table in an arena. Reading outside it traps.
@safe
struct Run<Element: BitwiseCopyable>: BitwiseCopyable {
    private let start: UnsafePointer<Element>
    let count: Int

    /// `count` elements from `start` must be readable for as long as the value is used.
    @unsafe
    fileprivate init(start: UnsafePointer<Element>, count: Int) {
        unsafe self.start = start
        self.count = count
    }

    var isEmpty: Bool { count == 0 }

    subscript(_ index: Int) -> Element {
        @inline(__always) get {
            precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "no such element")
            // SAFETY: the index was checked.
            return unsafe start[index]
        }
    }

    @unsafe
    fileprivate func withPointer<Result>(
        _ body: (UnsafePointer<Element>, Int) -> Result
    ) -> Result {
        unsafe body(start, count)
    }
}

extension Run where Element == UInt16 {
    func contains(_ element: UInt16) -> Bool {
        var index = 0
        while index < count {
            if self[index] == element { return true }
            index &+= 1
        }
        return false
    }
}
