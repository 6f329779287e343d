/// A pattern that was read: `^/users/(?<id>\d+)$`. Syntax and meaning are those that Perl, RE2 and
/// others share, over bytes; what would cost more than pattern times input (back-references,
/// look-around) is not there. Equal if written in the same way.
public struct RegularExpression: Sendable {
    public static let bytesMax = 1_024
    /// Of the program that it becomes, see `instructionCount`.
    public static let instructionsMax = 1_200
    public static let groupsMax = 9

    /// A group that captures: `( )` or `(?<name> )`.
    public struct Group: Sendable, Equatable {
        /// From 1, by opening parentheses.
        public var number: Int
        /// As of a capture of a path pattern, each once; nil: it has none.
        public var name: String?
    }

    /// As it is written.
    public let text: String
    public let syntax: RegexNode
    /// In order of their numbers, at most `groupsMax`.
    public let groups: [Group]

    /// 1…`bytesMax` bytes of UTF-8.
    public init(_ text: String) throws(RegexProblem) {
        var parser = RegexParser(text)
        syntax = try parser.parse()
        groups = parser.groups
        self.text = text
        guard instructionCount <= Self.instructionsMax else {
            throw RegexProblem(
                position: 1,
                reason: "it is too large: repetitions written out, it has more than "
                    + "\(Self.instructionsMax) steps")
        }
    }

    /// How many instructions a program of it has at most: its own, two for where the whole match
    /// lies, and one for its end.
    public var instructionCount: Int { syntax.instructionCount + 3 }

    /// The names of its groups, from left to right.
    public var names: [String] { groups.compactMap(\.name) }

    /// The number of the group that a name or a number means, `0` being the whole match; nil: there
    /// is none.
    public func groupNumber(_ text: String) -> Int? {
        if text == "0" { return 0 }
        return groups.first { $0.name == text || "\($0.number)" == text }?.number
    }
}

extension RegularExpression: Equatable {
    public static func == (one: RegularExpression, other: RegularExpression) -> Bool {
        one.text == other.text
    }
}

/// As its text.
extension RegularExpression: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        do throws(RegexProblem) {
            try self.init(text)
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.reason)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// What is wrong with a pattern, and where.
public struct RegexProblem: Error, Equatable {
    /// The byte of the pattern, from 1; behind the last one where something is missing.
    public var position: Int
    /// Goes on a sentence: "a group is never closed".
    public var reason: String

    public init(position: Int, reason: String) {
        self.position = position
        self.reason = reason
    }
}
