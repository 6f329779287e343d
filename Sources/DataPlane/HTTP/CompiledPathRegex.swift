// Regular expressions of paths, compiled; what their named groups take are captures. Hot where there
// are some; read-only.

import Model

struct CompiledPathRegex: BitwiseCopyable {
    private let regex: CompiledRegex
    /// Of the captures that somebody asks for, in the order of the wanted groups.
    private let numbers: Run<Int>

    /// `numbers` are those of the names.
    init(_ expression: RegularExpression, numbers: [String: Int], arena: ConfigurationArena) {
        var wanted: [Int] = []
        var captures: [Int] = []
        for group in expression.groups {
            guard let number = group.name.flatMap({ numbers[$0] }) else { continue }
            wanted.append(group.number)
            captures.append(number)
        }
        regex = CompiledRegex(expression, wanted: wanted, arena: arena)
        self.numbers = arena.run(captures)
    }

    /// Whether it takes the path; only then is anything noted.
    func takes(_ path: Bytes, _ captures: inout Captures) -> Bool {
        if numbers.isEmpty { return regex.matches(path, captures.regex) }
        guard let match = regex.find(in: path, captures.regex) else { return false }
        var index = 0
        while index < numbers.count {
            // Also of a group that has no part in it: what an earlier route noted is over.
            captures.note(match[index], as: numbers[index])
            index &+= 1
        }
        return true
    }
}
