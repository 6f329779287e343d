// The header rules of one direction by the status of the response: merged once for each group of
// statuses to which the same ones apply. Hot; read-only.

import Model

/// The rules of a level, or of several in one. Nearly always no rule asks for the status.
struct RulesByStatus: BitwiseCopyable {
    /// Statuses from one to another.
    private struct Special: BitwiseCopyable {
        let first: Int
        let last: Int
        let rules: CompiledRules
    }

    private let usual: CompiledRules
    /// Apart from each other. Statuses outside have the usual rules.
    private let special: Run<Special>
    /// Whether nothing is written that could say something about the exchange, whatever the status.
    let saysNothing: Bool

    /// - Parameter levels: in the order in which they apply.
    init(_ levels: [HeaderRules], arena: ConfigurationArena) {
        let usual = CompiledRules(levels.map(\.response), arena: arena)
        let entries = levels.flatMap(\.responseByStatus)
        var special: [Special] = []
        for (first, last) in Self.parts(entries) {
            let taken = levels.flatMap { level in
                [level.response]
                    + level.responseByStatus.filter { $0.takes(first) }.map(\.edits)
            }
            let rules = CompiledRules(taken, arena: arena)
            special.append(Special(first: first, last: last, rules: rules))
        }
        self.usual = usual
        self.special = arena.run(special)
        saysNothing = usual.saysNothing && special.allSatisfy(\.rules.saysNothing)
    }

    /// The same for all: a request's.
    init(_ rules: CompiledRules, arena: ConfigurationArena) {
        usual = rules
        special = arena.run([])
        saysNothing = rules.saysNothing
    }

    @inline(__always)
    func rules(for status: Int) -> CompiledRules {
        special.isEmpty ? usual : specialRules(for: status)
    }

    private func specialRules(for status: Int) -> CompiledRules {
        var index = 0
        while index < special.count {
            let part = special[index]
            if status >= part.first, status <= part.last { return part.rules }
            index &+= 1
        }
        return usual
    }

    /// The statuses that some entry takes, in parts within which all are taken by the same ones.
    private static func parts(_ entries: [StatusEdits]) -> [(first: Int, last: Int)] {
        let ranges = entries.flatMap(\.statuses)
        let starts = Set(ranges.flatMap { [$0.first, $0.last + 1] }).sorted()
        return zip(starts, starts.dropFirst()).compactMap { start, next in
            entries.contains { $0.takes(start) } ? (start, next - 1) : nil
        }
    }
}

extension StatusEdits {
    fileprivate func takes(_ status: Int) -> Bool {
        statuses.contains { $0.first <= status && status <= $0.last }
    }
}
