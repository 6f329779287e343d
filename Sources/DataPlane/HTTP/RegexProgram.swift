// A regular expression as instructions. Written once when a configuration is loaded; read-only.

import Model

/// One step. Those that take a byte go on with the next instruction.
enum RegexInstruction: BitwiseCopyable {
    case byte(UInt8)
    /// The place of its first word among the words of all sets.
    case set(Int32)
    /// Both ways, the first rather.
    case split(Int32, Int32)
    case jump(Int32)
    /// Notes the place in this slot.
    case save(Int32)
    case assertion(RegexAssertion)
    case match
}

/// Writes the instructions for a pattern.
struct RegexWriter {
    private(set) var instructions: [RegexInstruction] = []
    /// Four of each set of bytes.
    private(set) var words: [UInt64] = []
    /// Groups that are wanted, 0 being the whole match; the n-th has the slots 2n and 2n + 1.
    private let wanted: [Int]

    init(_ expression: RegularExpression, wanted: [Int]) {
        self.wanted = wanted
        write(.group(expression.syntax, number: 0))
        instructions.append(.match)
    }

    private mutating func write(_ node: RegexNode) {
        switch node {
        case .empty: break
        case .byte(let set): write(set)
        case .assertion(let assertion): instructions.append(.assertion(assertion))
        case .sequence(let parts): for part in parts { write(part) }
        case .choice(let parts): writeChoice(parts[...])
        case .group(let part, let number):
            let slot = wanted.firstIndex(of: number).map { Int32(2 * $0) }
            if let slot { instructions.append(.save(slot)) }
            write(part)
            if let slot { instructions.append(.save(slot + 1)) }
        case .repetition(let part, let least, let most, let isGreedy):
            // Or nothing would be written down as often as the pattern says.
            if part.instructionCount > 0 { write(part, least, most, isGreedy) }
        }
    }

    private mutating func write(_ set: RegexByteSet) {
        instructions.append(set.single.map { .byte($0) } ?? .set(add(set)))
    }

    /// The place of its first word.
    mutating func add(_ set: RegexByteSet) -> Int32 {
        for index in 0..<4 { words.append(set.words[index]) }
        return Int32(words.count - 4)
    }

    private mutating func writeChoice(_ parts: ArraySlice<RegexNode>) {
        var ends: [Int] = []
        for (index, part) in zip(parts.indices, parts) where index < parts.endIndex - 1 {
            let split = reserve()
            write(part)
            ends.append(reserve())
            instructions[split] = .split(Int32(split + 1), here)
        }
        if let last = parts.last { write(last) }
        for end in ends { instructions[end] = .jump(here) }
    }

    private mutating func write(
        _ part: RegexNode, _ least: Int, _ most: Int?, _ isGreedy: Bool
    ) {
        for _ in 0..<max(0, most == nil ? least - 1 : least) { write(part) }
        guard let most else {
            writeEndless(part, mayBeAbsent: least == 0, isGreedy)
            return
        }
        var splits: [Int] = []
        for _ in least..<most {
            splits.append(reserve())
            write(part)
        }
        for split in splits { instructions[split] = fork(Int32(split + 1), here, isGreedy) }
    }

    /// `x+` is x and the way back to it. `x*` is `(x+)?`, not a loop that asks first: a round that
    /// took nothing leads on, as everywhere else, and not back to where it began.
    private mutating func writeEndless(
        _ part: RegexNode, mayBeAbsent: Bool, _ isGreedy: Bool
    ) {
        let entrance = mayBeAbsent ? reserve() : nil
        let body = here
        write(part)
        instructions.append(fork(body, here + 1, isGreedy))
        if let entrance { instructions[entrance] = fork(body, here, isGreedy) }
    }

    private func fork(_ inside: Int32, _ behind: Int32, _ isGreedy: Bool) -> RegexInstruction {
        isGreedy ? .split(inside, behind) : .split(behind, inside)
    }

    private var here: Int32 { Int32(instructions.count) }

    /// The place of an instruction that is written later.
    private mutating func reserve() -> Int {
        instructions.append(.match)
        return instructions.count - 1
    }
}

/// What can be told of a pattern without running it.
struct RegexOutline {
    /// Takes only what begins at the front of the text.
    private(set) var isAnchored = false
    /// Takes only what ends at the end; only known where the rest is `prefix` alone.
    private(set) var isAnchoredBehind = false
    /// Bytes that every match begins with.
    private(set) var prefix: [UInt8] = []
    /// There is nothing else in it.
    private(set) var isLiteral = false
    /// The bytes that a match can begin with; nil: it may take none.
    let firstBytes: RegexByteSet?

    init(_ syntax: RegexNode) {
        let first = Self.first(syntax)
        firstBytes = first.mayBeNone ? nil : first.bytes
        var parts = [syntax][...]
        if case .sequence(let all) = syntax { parts = Self.flattened(all)[...] }
        if case .assertion(.start)? = parts.first {
            isAnchored = true
            parts = parts.dropFirst()
        }
        while case .byte(let set)? = parts.first, let byte = set.single {
            prefix.append(byte)
            parts = parts.dropFirst()
        }
        if case .assertion(.end)? = parts.first, parts.count == 1 {
            isAnchoredBehind = true
            parts = []
        }
        isLiteral = parts.isEmpty && syntax != .empty
    }

    /// The bytes that it can take first, and whether it may take none.
    private static func first(_ node: RegexNode) -> (bytes: RegexByteSet, mayBeNone: Bool) {
        switch node {
        case .empty, .assertion: return (RegexByteSet(), true)
        case .byte(let set): return (set, false)
        case .group(let part, _): return first(part)
        case .repetition(let part, let least, let most, _):
            if most == 0 { return (RegexByteSet(), true) }
            let inner = first(part)
            return (inner.bytes, inner.mayBeNone || least == 0)
        case .choice(let parts):
            return parts.map(first).reduce((RegexByteSet(), false)) { one, other in
                (one.0.union(other.bytes), one.1 || other.mayBeNone)
            }
        case .sequence(let parts):
            var bytes = RegexByteSet()
            for part in parts {
                let inner = first(part)
                bytes.formUnion(inner.bytes)
                if !inner.mayBeNone { return (bytes, false) }
            }
            return (bytes, true)
        }
    }

    /// Letters beyond ASCII are sequences of their own.
    private static func flattened(_ parts: [RegexNode]) -> [RegexNode] {
        parts.flatMap { part -> [RegexNode] in
            if case .sequence(let inner) = part { return inner }
            return [part]
        }
    }
}

/// How many numbers a run needs room for.
enum RegexDemand {
    static func cells(instructions: Int, slots: Int) -> Int {
        let list = 2 * instructions + instructions * slots
        return 2 * list + 2 * (instructions + 1) + 2 * slots
    }
}
