// The syntax of regular expressions, read once when a configuration is loaded. What is not
// understood is refused with its place, and never taken for something else: a brace that begins no
// count, an escape of a letter that means nothing.

/// Reads one pattern from front to end.
struct RegexParser {
    private static let depthMax = 50
    private static let countMax = 1_000

    private let pattern: [UInt8]
    private var position = 0
    private var depth = 0
    private var ignoresCase = false
    private(set) var groups: [RegularExpression.Group] = []

    init(_ text: String) {
        pattern = Array(text.utf8)
    }

    mutating func parse() throws(RegexProblem) -> RegexNode {
        guard !pattern.isEmpty else { throw problem("it is empty, and would take everything") }
        guard pattern.count <= RegularExpression.bytesMax else {
            throw problem("it is longer than \(RegularExpression.bytesMax) bytes")
        }
        if take("(?i)") { ignoresCase = true }
        let node = try choice()
        guard position == pattern.count else {
            throw problem("no group is open that \")\" could close; as itself it is written \\)")
        }
        return node
    }

    /// What stands between bars, up to the end of the pattern or of a group.
    private mutating func choice() throws(RegexProblem) -> RegexNode {
        var parts = [try sequence()]
        while take("|") { parts.append(try sequence()) }
        return parts.count == 1 ? parts[0] : .choice(parts)
    }

    private mutating func sequence() throws(RegexProblem) -> RegexNode {
        var parts: [RegexNode] = []
        while let byte = peek, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
            let start = position
            let part = try atom()
            parts.append(try repeated(part, from: start))
        }
        return switch parts.count {
        case 0: .empty
        case 1: parts[0]
        default: .sequence(parts)
        }
    }

    private mutating func atom() throws(RegexProblem) -> RegexNode {
        let start = position
        let byte = pattern[position]
        position += 1
        switch byte {
        case UInt8(ascii: "("): return try group(from: start)
        case UInt8(ascii: "["): return try .byte(byteClass(from: start))
        case UInt8(ascii: "."): return .byte(.anyButLineFeed)
        case UInt8(ascii: "^"): return .assertion(.start)
        case UInt8(ascii: "$"): return .assertion(.end)
        case UInt8(ascii: "\\"): return try escape(from: start)
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"):
            let sign = Self.text(byte)
            throw problem(
                "there is nothing that \"\(sign)\" could repeat; as itself it is written \\\(sign)",
                at: start)
        case 0x80...: return letterBeyondASCII(byte)
        default: return .byte(literal(byte))
        }
    }

    /// The bytes of one letter, which are repeated together.
    private mutating func letterBeyondASCII(_ first: UInt8) -> RegexNode {
        var parts = [RegexNode.byte(RegexByteSet([first]))]
        while let next = peek, next & 0xC0 == 0x80 {
            parts.append(.byte(RegexByteSet([next])))
            position += 1
        }
        return .sequence(parts)
    }

    private func literal(_ byte: UInt8) -> RegexByteSet {
        let set = RegexByteSet([byte])
        return ignoresCase ? set.ignoringCase : set
    }

    // MARK: - Repetitions

    /// The part with what stands behind it: `*`, `+`, `?`, `{2,5}`, and `?` for as seldom as can be.
    private mutating func repeated(
        _ part: RegexNode, from start: Int
    ) throws(RegexProblem) -> RegexNode {
        let sign = position
        guard let count = try repetitionCount() else { return part }
        if case .assertion = part {
            throw problem("what takes no byte cannot be repeated", at: start)
        }
        let isGreedy = !take("?")
        let end = position
        if let next = peek, "*+?{".utf8.contains(next) {
            throw problem(
                next == UInt8(ascii: "+")
                    ? "a repetition that gives nothing back is not supported"
                    : "a repetition of a repetition needs a group around the inner one", at: end)
        }
        guard count.least <= Self.countMax, count.most ?? 0 <= Self.countMax else {
            throw problem("a count is at most \(Self.countMax)", at: sign)
        }
        if let most = count.most, most < count.least {
            throw problem("the count ends before it begins", at: sign)
        }
        return .repetition(part, least: count.least, most: count.most, isGreedy: isGreedy)
    }

    /// Nil: nothing is repeated.
    private mutating func repetitionCount() throws(RegexProblem) -> (least: Int, most: Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        let start = position
        guard take("{") else { return nil }
        guard let least = number() else { throw malformedCount(start) }
        if take("}") { return (least, least) }
        guard take(",") else { throw malformedCount(start) }
        if take("}") { return (least, nil) }
        guard let most = number(), take("}") else { throw malformedCount(start) }
        return (least, most)
    }

    private func malformedCount(_ start: Int) -> RegexProblem {
        problem("a count is {2}, {2,} or {2,5}; a brace as itself is written \\{", at: start)
    }

    /// At most five digits are read.
    private mutating func number() -> Int? {
        let start = position
        var value = 0
        while let byte = peek, RegexByteSet.digits.contains(byte), position - start < 5 {
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
            position += 1
        }
        return position > start ? value : nil
    }

    // MARK: - Groups

    /// Behind its `(`.
    private mutating func group(from start: Int) throws(RegexProblem) -> RegexNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthMax else {
            throw problem("groups are more than \(Self.depthMax) deep", at: start)
        }
        var number: Int?
        if take("?") {
            number = try groupKind(from: start)
        } else {
            number = try newGroup(nil, from: start)
        }
        let part = try choice()
        guard take(")") else { throw problem("a group is never closed", at: start) }
        return number.map { .group(part, number: $0) } ?? part
    }

    /// What stands behind `(?`; nil: it captures nothing.
    private mutating func groupKind(from start: Int) throws(RegexProblem) -> Int? {
        if take(":") { return nil }
        if take("=") || take("!") || take("<=") || take("<!") {
            throw problem(
                "look-around is not supported, since it would take more time than pattern times "
                    + "input", at: start)
        }
        if take("i)") { throw problem("(?i) stands at the very front", at: start) }
        guard take("<") else {
            throw problem(
                "a group begins with (, (?: or (?<name>; other kinds are not supported", at: start)
        }
        let nameStart = position
        while let byte = peek, byte != UInt8(ascii: ">"), byte != UInt8(ascii: ")") {
            position += 1
        }
        let name = String(decoding: pattern[nameStart..<position], as: UTF8.self)
        guard PathPattern.isName(name), take(">") else {
            throw problem("a name is 1 to 32 of a-z 0-9 _, no digit first", at: nameStart)
        }
        guard !groups.contains(where: { $0.name == name }) else {
            throw problem("the name stands there twice", at: nameStart)
        }
        return try newGroup(name, from: start)
    }

    private mutating func newGroup(_ name: String?, from start: Int) throws(RegexProblem) -> Int {
        guard groups.count < RegularExpression.groupsMax else {
            throw problem(
                "at most \(RegularExpression.groupsMax) groups capture; one that need not begins "
                    + "with (?:", at: start)
        }
        groups.append(RegularExpression.Group(number: groups.count + 1, name: name))
        return groups.count
    }
}

// MARK: - Escapes and classes

extension RegexParser {
    /// Behind its backslash, outside a class.
    private mutating func escape(from start: Int) throws(RegexProblem) -> RegexNode {
        if take("b") { return .assertion(.wordBoundary) }
        if take("B") { return .assertion(.noWordBoundary) }
        let set = try escapedSet(from: start)
        return .byte(ignoresCase ? set.ignoringCase : set)
    }

    /// What an escape stands for, inside a class and outside.
    private mutating func escapedSet(from start: Int) throws(RegexProblem) -> RegexByteSet {
        guard let byte = peek else {
            throw problem("a backslash at the end escapes nothing", at: start)
        }
        position += 1
        switch byte {
        case UInt8(ascii: "d"): return .digits
        case UInt8(ascii: "D"): return RegexByteSet.digits.inverted
        case UInt8(ascii: "w"): return .wordBytes
        case UInt8(ascii: "W"): return RegexByteSet.wordBytes.inverted
        case UInt8(ascii: "s"): return .blanks
        case UInt8(ascii: "S"): return RegexByteSet.blanks.inverted
        case UInt8(ascii: "t"): return RegexByteSet([0x09])
        case UInt8(ascii: "n"): return RegexByteSet([0x0A])
        case UInt8(ascii: "r"): return RegexByteSet([0x0D])
        case UInt8(ascii: "x"):
            guard let high = hexDigit(), let low = hexDigit() else {
                throw problem("\\x has two hexadecimal digits", at: start)
            }
            return RegexByteSet([high << 4 | low])
        case UInt8(ascii: "1")...UInt8(ascii: "9"), UInt8(ascii: "k"):
            throw problem(
                "back-references are not supported, since they would take more time than pattern "
                    + "times input", at: start)
        case 0x21...0x7E where !RegexByteSet.wordBytes.contains(byte):
            return RegexByteSet([byte])
        default:
            throw problem("no escape is written like that", at: start)
        }
    }

    private mutating func hexDigit() -> UInt8? {
        guard let byte = peek else { return nil }
        position += 1
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): return byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): return byte - UInt8(ascii: "A") + 10
        default: return nil
        }
    }

    /// Behind its `[`.
    private mutating func byteClass(from start: Int) throws(RegexProblem) -> RegexByteSet {
        let isInverted = take("^")
        var set = RegexByteSet()
        if peek == UInt8(ascii: "]") {
            throw problem("a class holds something; \"]\" as itself is written \\]")
        }
        while !take("]") {
            guard position < pattern.count else {
                throw problem("a class is never closed", at: start)
            }
            set.formUnion(try classItem())
        }
        if ignoresCase { set = set.ignoringCase }
        return isInverted ? set.inverted : set
    }

    /// A byte, a range of bytes or an escape.
    private mutating func classItem() throws(RegexProblem) -> RegexByteSet {
        let start = position
        let first = try classMember()
        guard peek == UInt8(ascii: "-"), position + 1 < pattern.count,
            pattern[position + 1] != UInt8(ascii: "]")
        else { return first }
        position += 1
        let last = try classMember()
        guard let low = first.single, let high = last.single else {
            throw problem("a range is of two bytes, such as a-z", at: start)
        }
        guard low <= high else { throw problem("the range ends before it begins", at: start) }
        return RegexByteSet(low...high)
    }

    private mutating func classMember() throws(RegexProblem) -> RegexByteSet {
        let start = position
        if take("[:") || take("[.") || take("[=") {
            throw problem(
                "classes within a class such as [:alpha:] are not supported; \"[\" as itself is "
                    + "written \\[", at: start)
        }
        guard let byte = peek else { throw problem("a class is never closed", at: start) }
        position += 1
        if byte == UInt8(ascii: "\\") { return try escapedSet(from: start) }
        guard byte < 0x80 else {
            throw problem(
                "a class is of bytes: letters beyond ASCII stand in a choice, (?:ä|ö)", at: start)
        }
        return RegexByteSet([byte])
    }

    // MARK: - The text

    private var peek: UInt8? { position < pattern.count ? pattern[position] : nil }

    /// Moves behind the text if it stands here.
    private mutating func take(_ text: StaticString) -> Bool {
        let bytes = text.description.utf8
        guard pattern[position...].starts(with: bytes) else { return false }
        position += bytes.count
        return true
    }

    /// At this place, or the present one.
    private func problem(_ reason: String, at place: Int? = nil) -> RegexProblem {
        RegexProblem(position: (place ?? position) + 1, reason: reason)
    }

    private static func text(_ byte: UInt8) -> String {
        String(Character(Unicode.Scalar(byte)))
    }
}
