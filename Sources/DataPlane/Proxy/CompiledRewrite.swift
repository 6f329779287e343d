// Rewrites of path and query, compiled. What comes out is checked and normalised like what a client
// sends: a text that is no path, or one that a server might read differently, refuses the request.
// Hot where there are rewrites; the table is read-only.

import Model

struct CompiledRewrite: BitwiseCopyable {
    private enum Path: BitwiseCopyable {
        case same
        /// `from` without its last slash, `to` likewise.
        case prefix(from: Bytes, to: Bytes)
        case template(CompiledTemplate)
    }

    private let path: Path
    private let paths: PathRefinement
    private let query: CompiledQueryRewrite?

    var isEmpty: Bool {
        if case .same = path { query == nil } else { false }
    }

    /// - Parameter paths: the frontend's.
    init(_ rewrite: Rewrite, _ paths: PathRules, arena: ConfigurationArena, names: RuleNames) {
        self.paths = PathRefinement(paths)
        switch rewrite.path {
        case nil: path = .same
        case .prefix(let from, let to):
            path = .prefix(
                from: arena.bytes(from == "/" ? "" : from), to: arena.bytes(to == "/" ? "" : to))
        case .template(let template):
            path = .template(
                CompiledTemplate(template, escape: .target, arena: arena, names: names))
        }
        query = rewrite.query.map { CompiledQueryRewrite($0, arena: arena, names: names) }
    }

    /// Changes path and query of `facts`, both by what they are now; nil when all is well.
    func apply(to facts: inout ExchangeFacts, _ memory: inout RoutingMemory) -> HTTPError? {
        // The server as a whole has no path.
        guard facts.path.count > 0, facts.path[0] == ASCII.slash else { return nil }
        let before = facts
        if let error = applyPath(before, &facts, &memory) { return error }
        if let query {
            var writer = memory.targetWriter()
            query.write(before, to: &writer)
            guard !writer.overflowed else { return .targetTooLong }
            facts.query = memory.keep(writer)
            facts.hasQuery = !facts.query.isEmpty
        }
        memory.conditions.forget()
        return nil
    }

    private func applyPath(
        _ before: ExchangeFacts, _ facts: inout ExchangeFacts, _ memory: inout RoutingMemory
    ) -> HTTPError? {
        var writer = memory.targetWriter()
        switch path {
        case .same: return nil
        case .prefix(let from, let to):
            guard before.path.begins(with: from) else { return nil }
            let rest = before.path.suffix(from: from.count)
            guard rest.isEmpty || rest[0] == ASCII.slash else { return nil }
            writer.append(to)
            writer.append(rest)
            if writer.count == 0 { writer.append(ASCII.slash) }
        case .template(let template): template.write(before, to: &writer)
        }
        guard !writer.overflowed else { return .targetTooLong }
        return take(memory.keep(writer), &facts, &memory)
    }

    /// The same is made of the path as of one that a client sends.
    private func take(
        _ written: Bytes, _ facts: inout ExchangeFacts, _ memory: inout RoutingMemory
    ) -> HTTPError? {
        guard PathNormaliser.isPath(written) else { return .invalidTarget }
        switch PathNormaliser.check(written) {
        case .normal: facts.path = written
        case .resolvable:
            var writer = memory.targetWriter()
            guard writer.remaining >= written.count else { return .targetTooLong }
            if let error = PathNormaliser.write(written, to: &writer) { return error }
            facts.path = memory.keep(writer)
        case .refused(let error): return error
        }
        guard paths.changes(facts.path) else { return nil }
        var writer = memory.targetWriter()
        guard writer.remaining >= facts.path.count else { return .targetTooLong }
        if let error = paths.write(facts.path, to: &writer) { return error }
        facts.path = memory.keep(writer)
        return nil
    }
}

private struct CompiledQueryRewrite: BitwiseCopyable {
    private struct Parameter: BitwiseCopyable {
        /// Escaped, ready to be written.
        let name: Bytes
        let value: CompiledTemplate
    }

    private let keepsAll: Bool
    private let kept: Run<Bytes>
    private let dropped: Run<Bytes>
    private let written: Run<Parameter>

    init(_ rewrite: QueryRewrite, arena: ConfigurationArena, names: RuleNames) {
        keepsAll = rewrite.kept == nil
        kept = arena.run((rewrite.kept ?? []).map { arena.bytes($0) })
        dropped = arena.run((rewrite.removed + rewrite.set.map(\.name)).map { arena.bytes($0) })
        written = arena.run(
            (rewrite.set + rewrite.added).map { parameter in
                Parameter(
                    name: arena.bytes(Self.escaped(parameter.name)),
                    value: CompiledTemplate(
                        Self.escaped(parameter.value), escape: .parameter, arena: arena,
                        names: names))
            })
    }

    func write(_ facts: ExchangeFacts, to writer: inout ByteWriter) {
        let start = writer.count
        var parameters = QueryParameters(facts.query)
        while let parameter = parameters.next() {
            guard stays(parameter.name) else { continue }
            if writer.count > start { writer.append(ASCII.ampersand) }
            writer.append(parameter.whole)
        }
        var index = 0
        while index < written.count {
            if writer.count > start { writer.append(ASCII.ampersand) }
            writer.append(written[index].name)
            writer.append(ASCII.equals)
            written[index].value.write(facts, to: &writer)
            index &+= 1
        }
    }

    private func stays(_ name: Bytes) -> Bool {
        (keepsAll || Self.contains(kept, name)) && !Self.contains(dropped, name)
    }

    private static func contains(_ names: Run<Bytes>, _ name: Bytes) -> Bool {
        var index = 0
        while index < names.count {
            if DecodedText(name).equals(names[index]) { return true }
            index &+= 1
        }
        return false
    }

    /// What the operator wrote is meant as text, too.
    private static func escaped(_ template: Template) -> Template {
        Template(
            parts: template.parts.map { part in
                if case .literal(let text) = part { .literal(escaped(text)) } else { part }
            })
    }

    private static func escaped(_ text: String) -> String {
        let scratch = ByteScratch(capacity: text.utf8.count * 3)
        var writer = scratch.writer()
        for byte in text.utf8 { TargetText.write(byte, to: &writer) }
        return String((0..<writer.count).map { Character(Unicode.Scalar(writer.written[$0])) })
    }
}
