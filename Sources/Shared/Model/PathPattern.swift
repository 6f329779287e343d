/// A path by its segments, `/users/{id}/{rest*}`: what stands in braces takes any segment and gives
/// it a name.
public struct PathPattern: Codable, Sendable, Equatable {
    /// What stands between two slashes.
    public enum Segment: Codable, Sendable, Equatable {
        /// Byte for byte; may be empty.
        case literal(String)
        /// One segment that is not empty.
        case capture(String)
        /// All that is left, slashes included, perhaps nothing. The last of its pattern.
        case rest(String)
    }
    /// At least one, at most `segmentsMax`; each name once.
    public var segments: [Segment]

    public static let segmentsMax = 32
    /// Names that captures of a whole configuration may have.
    public static let namesMax = 64

    public init(segments: [Segment]) {
        self.segments = segments
    }

    /// `/users/{id}`; nil where the text is none, or has a name twice.
    public init?(_ text: String) {
        guard text.hasPrefix("/") else { return nil }
        let parts = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= Self.segmentsMax else { return nil }
        segments = []
        for (index, part) in parts.enumerated() {
            guard let segment = Self.segment(part, isLast: index == parts.count - 1) else {
                return nil
            }
            segments.append(segment)
        }
        guard Set(names).count == names.count else { return nil }
    }

    /// The names of its captures, from left to right.
    public var names: [String] {
        segments.compactMap { segment in
            switch segment {
            case .literal: nil
            case .capture(let name), .rest(let name): name
            }
        }
    }

    /// 1 to 32 of `a-z 0-9 _`, no digit first.
    public static func isName(_ text: some StringProtocol) -> Bool {
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard (1...32).contains(text.utf8.count), let first = text.utf8.first,
            !digits.contains(first)
        else { return false }
        return text.utf8.allSatisfy {
            letters.contains($0) || digits.contains($0) || $0 == UInt8(ascii: "_")
        }
    }

    private static func segment(_ text: Substring, isLast: Bool) -> Segment? {
        guard text.hasPrefix("{"), text.hasSuffix("}") else {
            return text.contains { "{}".contains($0) } ? nil : .literal(String(text))
        }
        var name = text.dropFirst().dropLast()
        let isRest = name.hasSuffix("*")
        if isRest { name = name.dropLast() }
        guard isName(name), isLast || !isRest else { return nil }
        return isRest ? .rest(String(name)) : .capture(String(name))
    }
}

extension PathPattern: CustomStringConvertible {
    /// As it is written.
    public var description: String {
        segments.map { segment in
            switch segment {
            case .literal(let text): "/" + text
            case .capture(let name): "/{\(name)}"
            case .rest(let name): "/{\(name)*}"
            }
        }.joined()
    }
}
