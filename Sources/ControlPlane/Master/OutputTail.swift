// What a worker writes to its standard error: cut into lines, the last ones kept, and only so many
// passed on to the log. The bytes are a worker's: anything, in any amount. Pure value; the loop's.

internal import Clock

struct OutputTail: Sendable {
    static let lineCountMax = 50
    static let lineBytesMax = 1024
    /// Lines passed on at once, and again each second.
    static let loggedLinesPerSecond = 50

    /// The last lines, oldest first, as text; control characters are the log's to escape.
    private(set) var lines: [String] = []
    private var partial: [UInt8] = []
    private var isCutting = false
    private var allowance = Allowance(perSecond: loggedLinesPerSecond)
    private var dropCount = 0

    /// What to log of the bytes just read.
    struct Output: Equatable {
        var lines: [String] = []
        /// Lines that were kept from the log before these, since they came too fast.
        var droppedBefore = 0
    }

    mutating func append(_ bytes: [UInt8], at now: Instant) -> Output {
        var output = Output()
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                endLine(at: now, into: &output)
            } else if partial.count < Self.lineBytesMax {
                partial.append(byte)
            } else {
                isCutting = true
            }
        }
        return output
    }

    /// A last line without its end.
    mutating func finish(at now: Instant) -> Output {
        var output = Output()
        if !partial.isEmpty { endLine(at: now, into: &output) }
        return output
    }

    private mutating func endLine(at now: Instant, into output: inout Output) {
        var line = String(decoding: partial, as: UTF8.self)
        if isCutting { line += "…" }
        partial.removeAll(keepingCapacity: true)
        isCutting = false
        if lines.count == Self.lineCountMax { lines.removeFirst() }
        lines.append(line)
        if allowance.take(at: now) {
            if output.lines.isEmpty {
                output.droppedBefore = dropCount
            } else if dropCount > 0 {
                output.droppedBefore += dropCount
            }
            dropCount = 0
            output.lines.append(line)
        } else {
            dropCount += 1
        }
    }
}
