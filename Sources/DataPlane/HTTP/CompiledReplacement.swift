// Replacements in field values, compiled: the first match of a regular expression gives way to a text.
// Hot where there are some; read-only.

import Model

struct CompiledReplacement: BitwiseCopyable {
    private let regex: CompiledRegex
    private let groupCount: Int
    private let value: CompiledTemplate

    init(
        _ expression: RegularExpression, _ value: Template, arena: ConfigurationArena,
        names: RuleNames
    ) {
        groupCount = expression.groups.count
        regex = CompiledRegex(expression, wanted: Array(0...groupCount), arena: arena)
        self.value = CompiledTemplate(
            value, escape: .field, arena: arena, names: names.adding(expression))
    }

    /// Rewrites the field value that begins at `start` of what was written and goes up to its end.
    func apply(_ facts: ExchangeFacts, from start: Int, in writer: inout ByteWriter) {
        let old = writer.written.suffix(from: start)
        guard !writer.overflowed, let match = regex.find(in: old, facts.captures.regex),
            let place = match.start(0)
        else { return }
        var number = 0
        while number <= groupCount {
            facts.captures.setGroup(number, match[number])
            number &+= 1
        }
        // The new one stands behind the old one until it is complete.
        writer.append(old.prefix(place))
        value.write(facts, to: &writer)
        writer.append(old.suffix(from: place &+ match[0].count))
        if !writer.overflowed { writer.remove(old.count, at: start) }
    }
}
