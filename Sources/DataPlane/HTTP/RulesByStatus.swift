// Header rules by the status of the response: merged once for each set of rules that apply to some
// status together. Hot; read-only.

import Model

/// The rules of a level, or of several in one. Nearly always no rule asks for the status, and of a
/// request there is none to ask for.
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
        var merged: [[Bool]: CompiledRules] = [:]
        let special = Self.parts(levels.flatMap(\.responseByStatus)).map { part in
            let rules = merged[part.taken] ?? Self.merge(levels, part.first, arena: arena)
            merged[part.taken] = rules
            return Special(first: part.first, last: part.last, rules: rules)
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

    private static func merge(
        _ levels: [HeaderRules], _ status: Int, arena: ConfigurationArena
    ) -> CompiledRules {
        let edits = levels.flatMap { level in
            [level.response]
                + level.responseByStatus.filter { $0.takes(status) }.map(\.edits)
        }
        return CompiledRules(edits, arena: arena)
    }

    private struct Part {
        let first: Int
        var last: Int
        /// By which entries; the same for all statuses of the part.
        let taken: [Bool]
    }

    /// The statuses that some entry takes.
    private static func parts(_ entries: [StatusEdits]) -> [Part] {
        let ranges = entries.flatMap(\.statuses)
        let starts = Set(ranges.flatMap { [$0.first, $0.last + 1] }).sorted()
        var parts: [Part] = []
        for (start, next) in zip(starts, starts.dropFirst()) {
            let taken = entries.map { $0.takes(start) }
            if let last = parts.last, last.last + 1 == start, last.taken == taken {
                parts[parts.count - 1].last = next - 1
            } else if taken.contains(true) {
                parts.append(Part(first: start, last: next - 1, taken: taken))
            }
        }
        return parts
    }
}

extension StatusEdits {
    fileprivate func takes(_ status: Int) -> Bool {
        statuses.contains { $0.contains(status) }
    }
}
