// Regular expressions, compiled, and their run: all ways through the program are followed at once,
// one list of threads for a place of the text and one for the next (Thompson 1968; Pike for the
// captures). A thread that comes where an earlier one is already is given up, so a byte costs at
// most each instruction once, whatever the pattern. The first thread in the list is the one that a
// search with going back would have tried first: the match is the one that Perl finds, and RE2
// where a round of a repetition may be empty. Hot where there are regular expressions; read-only but
// for the memory of the run; no allocation.

import Model

/// Bytes that are read once, from front to end.
protocol ByteSource {
    /// The next one; nil: that was all.
    mutating func next() -> UInt8?
}

extension DecodedText: ByteSource {}

private struct PlainText: ByteSource {
    let bytes: Bytes
    var position: Int

    @inline(__always)
    mutating func next() -> UInt8? {
        guard position < bytes.count else { return nil }
        defer { position &+= 1 }
        return bytes[position]
    }
}

/// Where a match lies; good until the next run in the same memory.
struct RegexMatch: BitwiseCopyable {
    fileprivate let text: Bytes
    fileprivate let places: NumberCells

    /// What the n-th wanted group has taken last; no bytes where it has no part in the match.
    subscript(_ number: Int) -> Bytes {
        guard let start = start(number) else { return .empty }
        return text.slice(start, Int(places[2 &* number &+ 1]) &- start)
    }

    /// Where that begins.
    func start(_ number: Int) -> Int? {
        let (start, end) = (places[2 &* number], places[2 &* number &+ 1])
        return start >= 0 && end >= start ? Int(start) : nil
    }
}

struct CompiledRegex: BitwiseCopyable {
    fileprivate let program: Run<RegexInstruction>
    fileprivate let words: Run<UInt64>
    fileprivate let slotCount: Int
    /// Where among the words the bytes are that a match can begin with; -1: it may take none.
    fileprivate let firstBytes: Int32
    private let prefix: Bytes
    fileprivate let isAnchored: Bool
    private let isAnchoredBehind: Bool
    /// The prefix and the anchors are all there is.
    private let isLiteral: Bool

    /// - Parameters:
    ///   - wanted: the groups whose places a match tells, 0 being all of it.
    ///   - usesOutline: false for a run without short cuts, which finds the same.
    init(
        _ expression: RegularExpression, wanted: [Int] = [], arena: ConfigurationArena,
        usesOutline: Bool = true
    ) {
        var writer = RegexWriter(expression, wanted: wanted)
        let outline = RegexOutline(expression.syntax)
        firstBytes = usesOutline ? outline.firstBytes.map { writer.add($0) } ?? -1 : -1
        program = arena.run(writer.instructions)
        words = arena.run(writer.words)
        slotCount = 2 * wanted.count
        prefix = usesOutline ? arena.bytes(outline.prefix) : .empty
        isAnchored = usesOutline && outline.isAnchored
        isAnchoredBehind = outline.isAnchoredBehind
        isLiteral = usesOutline && outline.isLiteral
        arena.noteRegex(instructions: program.count, slots: slotCount)
    }

    var instructionCount: Int { program.count }

    /// Whether there is a match anywhere in the text.
    func matches(_ text: Bytes, _ memory: NumberCells) -> Bool {
        if isLiteral {
            return switch (isAnchored, isAnchoredBehind) {
            case (true, true): text.equals(prefix)
            case (true, false): text.begins(with: prefix)
            case (false, true): text.ends(with: prefix)
            case (false, false): text.contains(prefix)
            }
        }
        return find(in: text, memory) != nil
    }

    /// The same for a text whose escapes are looked through.
    func matches(decoded text: DecodedText, _ memory: NumberCells) -> Bool {
        var run = RegexRun(self, memory)
        return run.search(text, from: 0, behind: -1)
    }

    /// The first match from the left, and of those that begin there the one that the pattern
    /// prefers.
    func find(in text: Bytes, _ memory: NumberCells) -> RegexMatch? {
        var start = 0
        if !prefix.isEmpty {
            if isAnchored {
                guard text.begins(with: prefix) else { return nil }
            } else {
                guard let first = text.firstIndex(of: prefix, from: 0) else { return nil }
                start = first
            }
        }
        var run = RegexRun(self, memory)
        let behind = start > 0 ? Int32(text[start &- 1]) : -1
        guard run.search(PlainText(bytes: text, position: start), from: start, behind: behind)
        else { return nil }
        return RegexMatch(text: text, places: run.result)
    }

    /// How many instructions a search of the text looks at, whatever comes of it.
    func steps(for text: Bytes, _ memory: NumberCells) -> Int {
        var run = RegexRun(self, memory)
        _ = run.search(PlainText(bytes: text, position: 0), from: 0, behind: -1)
        return run.steps
    }
}

/// The threads at one place of the text, in order of preference. A place of the program is in it at
/// most once, those that only lead on included.
private struct RegexThreads {
    private let dense: NumberCells
    private let sparse: NumberCells
    private let slots: NumberCells
    private let slotCount: Int
    private(set) var count = 0
    /// Places that were put into it since it was made.
    private(set) var steps = 0

    init(_ memory: NumberCells, _ offset: inout Int, instructions: Int, slotCount: Int) {
        dense = memory.take(instructions, from: &offset)
        sparse = memory.take(instructions, from: &offset)
        slots = memory.take(instructions &* slotCount, from: &offset)
        self.slotCount = slotCount
    }

    subscript(_ index: Int) -> Int {
        @inline(__always) get { Int(dense[index]) }
    }

    @inline(__always)
    mutating func removeAll() { count = 0 }

    /// False: it is there already.
    @inline(__always)
    mutating func insert(_ place: Int) -> Bool {
        // Whatever an earlier run left there: only what `dense` confirms counts.
        let index = Int(sparse[place])
        if index >= 0, index < count, Int(dense[index]) == place { return false }
        dense[count] = Int32(truncatingIfNeeded: place)
        sparse[place] = Int32(truncatingIfNeeded: count)
        count &+= 1
        steps &+= 1
        return true
    }

    @inline(__always)
    func keep(_ captured: NumberCells, of place: Int) {
        var index = 0
        while index < slotCount {
            slots[place &* slotCount &+ index] = captured[index]
            index &+= 1
        }
    }

    @inline(__always)
    func copySlots(of place: Int, to captured: NumberCells) {
        var index = 0
        while index < slotCount {
            captured[index] = slots[place &* slotCount &+ index]
            index &+= 1
        }
    }
}

/// One search.
private struct RegexRun {
    private let regex: CompiledRegex
    /// Slots of the thread that is followed, and of the best match so far.
    private let captured: NumberCells
    let result: NumberCells
    /// Ways that are still to be followed, and slots to be put back before.
    private let stack: NumberCells
    private let empty: (RegexThreads, RegexThreads)
    private(set) var steps = 0

    init(_ regex: CompiledRegex, _ memory: NumberCells) {
        self.regex = regex
        let (program, slotCount) = (regex.program, regex.slotCount)
        var offset = 0
        result = memory.take(slotCount, from: &offset)
        captured = memory.take(slotCount, from: &offset)
        stack = memory.take(2 &* (program.count &+ 1), from: &offset)
        let one = RegexThreads(
            memory, &offset, instructions: program.count, slotCount: slotCount)
        let other = RegexThreads(
            memory, &offset, instructions: program.count, slotCount: slotCount)
        empty = (one, other)
    }

    /// - Parameters:
    ///   - position: of the first byte of the source in the text.
    ///   - byte: the one before it; -1: there is none.
    mutating func search(
        _ source: some ByteSource, from position: Int, behind byte: Int32
    ) -> Bool {
        var source = source
        var (current, following) = empty
        defer { steps = current.steps &+ following.steps }
        var position = Int32(truncatingIfNeeded: position)
        var behind = byte
        var ahead = source.next().map { Int32($0) } ?? -1
        var hasMatch = false
        while true {
            if !hasMatch, mayBegin(at: position, ahead) {
                clearCaptured()
                if follow(0, into: &current, position, behind, ahead), slotCount == 0 {
                    return true
                }
            }
            if current.count == 0, hasMatch || isAnchored { return hasMatch }
            let next: Int32 = ahead < 0 ? -1 : source.next().map { Int32($0) } ?? -1
            if current.count == 0 {
                // Nothing begins here.
                if ahead < 0 { return false }
                (behind, ahead) = (ahead, next)
                position &+= 1
                continue
            }
            following.removeAll()
            switch step(
                current, over: ahead, into: &following, at: position &+ 1, before: next)
            {
            case .none: break
            case .willMatch: if slotCount == 0 { return true }
            case .matched: hasMatch = true
            }
            if ahead < 0 { return hasMatch }
            swap(&current, &following)
            (behind, ahead) = (ahead, next)
            position &+= 1
        }
    }

    /// Whether a match can begin here.
    @inline(__always)
    private func mayBegin(at position: Int32, _ ahead: Int32) -> Bool {
        if isAnchored { return position == 0 }
        return regex.firstBytes < 0 || ahead >= 0 && has(regex.firstBytes, ahead)
    }

    private var program: Run<RegexInstruction> { regex.program }
    private var words: Run<UInt64> { regex.words }
    private var slotCount: Int { regex.slotCount }
    private var isAnchored: Bool { regex.isAnchored }

    private enum Progress {
        case none
        /// A thread has come to the end of the program.
        case willMatch
        /// One was there; what it captured is the result so far.
        case matched
    }

    /// Takes all threads over one byte (-1: there is none), the preferred ones first.
    private func step(
        _ current: RegexThreads, over byte: Int32, into following: inout RegexThreads,
        at position: Int32, before next: Int32
    ) -> Progress {
        var progress = Progress.none
        var index = 0
        while index < current.count {
            let place = current[index]
            index &+= 1
            switch program[place] {
            case .byte(let wanted): guard byte == Int32(wanted) else { continue }
            case .set(let first): guard byte >= 0, has(first, byte) else { continue }
            case .match:
                // Whatever stands behind it is not preferred.
                current.copySlots(of: place, to: result)
                return .matched
            case .split, .jump, .save, .assertion: continue
            }
            current.copySlots(of: place, to: captured)
            if follow(place &+ 1, into: &following, position, byte, next) { progress = .willMatch }
        }
        return progress
    }

    /// Puts a thread into the list, with all the ways that lead on without a byte. Whether one of
    /// them comes to the end of the program.
    private func follow(
        _ first: Int, into threads: inout RegexThreads, _ position: Int32, _ behind: Int32,
        _ ahead: Int32
    ) -> Bool {
        var isEnd = false
        var place = first
        var depth = 0
        while true {
            if threads.insert(place) {
                switch program[place] {
                case .jump(let other):
                    place = Int(other)
                    continue
                case .split(let one, let other):
                    push(other, 0, &depth)
                    place = Int(one)
                    continue
                case .save(let slot):
                    push(~slot, captured[Int(slot)], &depth)
                    captured[Int(slot)] = position
                    place &+= 1
                    continue
                case .assertion(let assertion):
                    if holds(assertion, behind, ahead) {
                        place &+= 1
                        continue
                    }
                case .match:
                    isEnd = true
                    threads.keep(captured, of: place)
                case .byte, .set: threads.keep(captured, of: place)
                }
            }
            guard let other = pop(&depth) else { return isEnd }
            place = other
        }
    }

    /// The stack has an entry at most for each place that was put into the list.
    @inline(__always)
    private func push(_ place: Int32, _ value: Int32, _ depth: inout Int) {
        stack[2 &* depth] = place
        stack[2 &* depth &+ 1] = value
        depth &+= 1
    }

    /// The next way; slots that were noted on the way before it are as they were.
    @inline(__always)
    private func pop(_ depth: inout Int) -> Int? {
        while depth > 0 {
            depth &-= 1
            let place = stack[2 &* depth]
            if place >= 0 { return Int(place) }
            captured[Int(~place)] = stack[2 &* depth &+ 1]
        }
        return nil
    }

    private func clearCaptured() {
        var index = 0
        while index < slotCount {
            captured[index] = -1
            index &+= 1
        }
    }

    @inline(__always)
    private func has(_ first: Int32, _ byte: Int32) -> Bool {
        words[Int(first) &+ Int(byte >> 6)] & 1 << UInt64(byte & 63) != 0
    }

    private func holds(_ assertion: RegexAssertion, _ behind: Int32, _ ahead: Int32) -> Bool {
        switch assertion {
        case .start: behind < 0
        case .end: ahead < 0
        case .wordBoundary: Self.isWord(behind) != Self.isWord(ahead)
        case .noWordBoundary: Self.isWord(behind) == Self.isWord(ahead)
        }
    }

    private static func isWord(_ byte: Int32) -> Bool {
        guard byte >= 0 else { return false }
        let byte = UInt8(truncatingIfNeeded: byte)
        let letter = ASCII.lowercased(byte)
        return letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "z") || ASCII.isDigit(byte)
            || byte == UInt8(ascii: "_")
    }
}
