import Clock
import Testing

@testable import Master

@Suite struct OutputTailTests {
    let now = Instant(nanoseconds: 5_000_000_000)

    @Test func linesInPieces() {
        var tail = OutputTail()
        #expect(tail.append(Array("one\ntw".utf8), at: now).lines == ["one"])
        #expect(tail.append(Array("o\n\nthree".utf8), at: now).lines == ["two", ""])
        #expect(tail.finish(at: now).lines == ["three"])
        #expect(tail.lines == ["one", "two", "", "three"])
    }

    @Test func longLineIsCut() {
        var tail = OutputTail()
        let bytes = [UInt8](repeating: 0x61, count: 5000) + [0x0A]
        let line = tail.append(bytes, at: now).lines.first
        #expect(line?.count == OutputTail.lineBytesMax + 1)
        #expect(line?.last == "…")
    }

    @Test func floodIsKeptFromTheLog() {
        var tail = OutputTail()
        let bytes = (0..<1000).flatMap { Array("line \($0)\n".utf8) }
        let output = tail.append(bytes, at: now)
        #expect(output.lines.count == OutputTail.loggedLinesPerSecond)
        #expect(tail.lines.count == OutputTail.lineCountMax)
        #expect(tail.lines.last == "line 999")
        let later = tail.append(Array("more\n".utf8), at: now + .seconds(1))
        #expect(later.lines == ["more"])
        #expect(later.droppedBefore == 1000 - OutputTail.loggedLinesPerSecond)
    }

    @Test func notUTF8IsNoFault() {
        var tail = OutputTail()
        #expect(tail.append([0xFF, 0xFE, 0x0A], at: now).lines == ["\u{FFFD}\u{FFFD}"])
    }
}
