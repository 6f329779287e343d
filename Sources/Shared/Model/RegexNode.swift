// What a regular expression is made of.

/// A pattern or a part of one.
public indirect enum RegexNode: Sendable, Equatable {
    /// Takes nothing.
    case empty
    /// One byte of these.
    case byte(RegexByteSet)
    case assertion(RegexAssertion)
    /// One behind the other.
    case sequence([RegexNode])
    /// The first that leads to a match.
    case choice([RegexNode])
    /// What it takes is captured under this number, 1…9.
    case group(RegexNode, number: Int)
    /// `most` nil: without end. As often as possible if greedy, otherwise as seldom.
    case repetition(RegexNode, least: Int, most: Int?, isGreedy: Bool)
}

/// What must hold at a place; it takes nothing.
public enum RegexAssertion: UInt8, Sendable, BitwiseCopyable {
    /// The text begins, or ends, here.
    case start, end
    /// On one side stands a byte of `A-Z a-z 0-9 _`, on the other none; or not so.
    case wordBoundary, noWordBoundary
}

extension RegexNode {
    /// Far beyond what is allowed: larger counts are cut to it, so nothing overflows.
    private static let countMax = 1_000_000

    /// How many instructions it becomes, repetitions written out.
    public var instructionCount: Int {
        let count =
            switch self {
            case .empty: 0
            case .byte, .assertion: 1
            case .sequence(let parts): Self.sum(parts)
            case .choice(let parts): Self.sum(parts) + 2 * (parts.count - 1)
            case .group(let part, _): part.instructionCount + 2
            case .repetition(let part, let least, let most, _):
                Self.count(of: part.instructionCount, least, most)
            }
        return min(count, Self.countMax)
    }

    /// Of so many, repeated. What is repeated is counted once: nested repetitions would be counted
    /// twice as often on each level.
    private static func count(of part: Int, _ least: Int, _ most: Int?) -> Int {
        guard let most else { return least == 0 ? part + 2 : least * part + 1 }
        return least * part + (most - least) * (part + 1)
    }

    private static func sum(_ parts: [RegexNode]) -> Int {
        parts.reduce(0) { min($0 + $1.instructionCount, countMax) }
    }
}

/// A set of bytes.
public struct RegexByteSet: Sendable, Equatable {
    /// Bit n of all is byte n, the lowest bits first.
    public private(set) var words = SIMD4<UInt64>()

    /// No byte.
    public init() {}

    /// These bytes.
    public init(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { insert(byte) }
    }

    /// Adds a byte.
    public mutating func insert(_ byte: UInt8) {
        words[Int(byte >> 6)] |= 1 << UInt64(byte & 63)
    }

    /// Adds the bytes of another set.
    public mutating func formUnion(_ other: RegexByteSet) {
        words |= other.words
    }

    /// The bytes of both.
    public func union(_ other: RegexByteSet) -> RegexByteSet {
        var set = self
        set.formUnion(other)
        return set
    }

    /// Whether the byte is one of them.
    public func contains(_ byte: UInt8) -> Bool {
        words[Int(byte >> 6)] & 1 << UInt64(byte & 63) != 0
    }

    /// The bytes that are not in it.
    public var inverted: RegexByteSet {
        var set = self
        set.words = ~words
        return set
    }

    /// With each ASCII letter in both cases.
    public var ignoringCase: RegexByteSet {
        var set = self
        for letter in UInt8(ascii: "a")...UInt8(ascii: "z")
        where contains(letter) || contains(letter & ~0x20) {
            set.insert(letter)
            set.insert(letter & ~0x20)
        }
        return set
    }

    /// Its only byte; nil if it has none or several.
    public var single: UInt8? {
        var found: UInt8?
        for index in 0..<4 where words[index] != 0 {
            guard found == nil, words[index] & (words[index] - 1) == 0 else { return nil }
            found = UInt8(index * 64 + words[index].trailingZeroBitCount)
        }
        return found
    }

    /// `\d`.
    public static let digits = RegexByteSet(UInt8(ascii: "0")...UInt8(ascii: "9"))
    /// `\w`.
    public static let wordBytes: RegexByteSet = {
        var set = digits
        set.formUnion(RegexByteSet(UInt8(ascii: "a")...UInt8(ascii: "z")).ignoringCase)
        set.insert(UInt8(ascii: "_"))
        return set
    }()
    /// `\s`.
    public static let blanks = RegexByteSet([0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x20])
    /// `.`.
    public static let anyButLineFeed = RegexByteSet([0x0A]).inverted
}
