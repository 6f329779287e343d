// Numbers of one loop, in memory that is taken when the loop is made: what a regular expression needs
// for its run. Hot, one thread.

/// Owner of the cells.
@safe
struct NumberMemory: ~Copyable {
    private let start: UnsafeMutablePointer<Int32>
    private let count: Int

    /// All 0.
    init(cells: Int) {
        count = cells
        // SAFETY: freed by deinit only; `~Copyable` makes this value the one owner.
        unsafe start = UnsafeMutablePointer<Int32>.allocate(capacity: max(1, cells))
        unsafe start.initialize(repeating: 0, count: max(1, cells))
    }

    deinit {
        // SAFETY: allocated by init, and nobody else frees it.
        unsafe start.deallocate()
    }

    /// The cells, good as long as the memory.
    var cells: NumberCells {
        // SAFETY: the memory lives as long as the loop, and cells are used within one event.
        unsafe NumberCells(start: start, count: count)
    }
}

/// Numbers of somebody else, to be read and written. Use outside them traps.
@safe
struct NumberCells: BitwiseCopyable {
    private let start: UnsafeMutablePointer<Int32>
    let count: Int

    @unsafe
    fileprivate init(start: UnsafeMutablePointer<Int32>, count: Int) {
        unsafe self.start = start
        self.count = count
    }

    subscript(_ index: Int) -> Int32 {
        @inline(__always) get {
            precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "no such cell")
            // SAFETY: the index was checked against the count the initialiser vouched for.
            return unsafe start[index]
        }
        @inline(__always) nonmutating set {
            precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "no such cell")
            // SAFETY: as above.
            unsafe start[index] = newValue
        }
    }

    /// `length` cells from `offset`, which moves behind them.
    @inline(__always)
    func take(_ length: Int, from offset: inout Int) -> NumberCells {
        precondition(
            offset >= 0 && length >= 0 && offset <= count && length <= count &- offset,
            "cells outside the memory")
        defer { offset &+= length }
        // SAFETY: the part was checked to lie inside.
        return unsafe NumberCells(start: start + offset, count: length)
    }
}
