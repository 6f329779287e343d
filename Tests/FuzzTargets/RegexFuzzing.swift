// Regular expressions: the first line of the input is the pattern, the rest the text.

import Model

@testable import DataPlane

enum RegexFuzzing {
    /// With and without short cuts, with and without captures, and with escapes to look through
    /// where there are none: the same answer, in bounded steps.
    static func search(_ input: UnsafeBufferPointer<UInt8>) {
        let bytes = unsafe Array(input)
        let end = bytes.firstIndex(of: 0x0A) ?? bytes.count
        guard let pattern = String(validating: bytes[..<end], as: UTF8.self),
            let expression = try? RegularExpression(pattern)
        else { return }
        let arena = ConfigurationArena()
        let text = arena.bytes(Array(bytes[end...].dropFirst().prefix(2_048)))
        let wanted = Array(0...expression.groups.count)
        let regex = CompiledRegex(expression, wanted: wanted, arena: arena)
        let plain = CompiledRegex(
            expression, wanted: wanted, arena: arena, usesOutline: false)
        let bare = CompiledRegex(expression, arena: arena)
        require(regex.instructionCount <= expression.instructionCount)
        let memory = NumberMemory(cells: arena.regexCells)
        let places = Self.places(plain.find(in: text, memory.cells), wanted.count)
        require(places == Self.places(regex.find(in: text, memory.cells), wanted.count))
        require(bare.matches(text, memory.cells) == (places != nil))
        require(
            plain.steps(for: text, memory.cells) <= plain.instructionCount * (text.count + 1))
        let hasEscapes = text.firstIndex(of: ASCII.percent) ?? text.firstIndex(of: ASCII.plus)
        if hasEscapes == nil {
            require(
                bare.matches(decoded: DecodedText(text), memory.cells) == (places != nil))
        }
    }

    /// Start and length of the match and of each group, which lie within the text.
    private static func places(_ match: RegexMatch?, _ count: Int) -> [Int]? {
        guard let match else { return nil }
        require(match.start(0) != nil)
        return (0..<count).flatMap { [match.start($0) ?? -1, match[$0].count] }
    }

    private static func require(_ condition: Bool) {
        precondition(condition, "two ways of searching the same bytes disagree")
    }
}
