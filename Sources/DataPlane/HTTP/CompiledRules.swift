// Header edits of a frontend and a route, merged once into what is left out, what is changed and what
// is written.
// Hot; read-only.

import Model

/// A field the rules write.
struct CompiledField: BitwiseCopyable {
    let name: Bytes
    let value: CompiledTemplate

    /// The line with its CRLF.
    @inline(__always)
    func write(_ facts: ExchangeFacts, to writer: inout ByteWriter) {
        writer.append(name)
        writer.append(": ")
        value.write(facts, to: &writer)
        writer.append("\r\n")
    }
}

/// What rules do with a field that came with a message.
enum FieldFate: UInt8 {
    case stays, goes, changes
}

/// The edits of one direction. First the frontend's, then the route's; within each all removes,
/// then all replacements, all sets, and all adds. Replacements are of fields that came with the
/// message.
struct CompiledRules: BitwiseCopyable {
    private struct Touched: BitwiseCopyable {
        /// Lower case, `-` for `_`.
        let name: Bytes
        /// One after the other; none: fields of that name are not carried over.
        let replacements: Run<CompiledReplacement>
    }

    private let touched: Run<Touched>
    let written: Run<CompiledField>
    /// Whether nothing is written that could say something about the exchange.
    let saysNothing: Bool

    /// `levels` in the order in which they apply.
    init(
        _ levels: [[HeaderEdit]], arena: ConfigurationArena, names: RuleNames = RuleNames()
    ) {
        var dropped: [String] = []
        var replaced: [HeaderEdit] = []
        var written: [HeaderEdit] = []
        for edits in levels {
            replaced += edits.filter { $0.action == .replace && $0.regex != nil }
            for action in [HeaderEdit.Action.remove, .set, .add] {
                for edit in edits where edit.action == action {
                    let name = edit.fieldName
                    if action != .add {
                        if !dropped.contains(name) { dropped.append(name) }
                        written.removeAll { $0.fieldName == name }
                    }
                    if action != .remove { written.append(edit) }
                }
            }
        }
        replaced.removeAll { dropped.contains($0.fieldName) }
        touched = arena.run(
            (dropped + Self.distinct(replaced.map { $0.fieldName })).map { name in
                Touched(
                    name: arena.bytes(name),
                    replacements: arena.run(
                        replaced.filter { $0.fieldName == name }.compactMap { edit in
                            edit.regex.map {
                                CompiledReplacement($0, edit.value, arena: arena, names: names)
                            }
                        }))
            })
        saysNothing = written.isEmpty && replaced.isEmpty
        self.written = arena.run(
            written.map { edit in
                CompiledField(
                    name: arena.bytes(edit.name),
                    value: CompiledTemplate(
                        edit.value, escape: .field, arena: arena, names: names))
            })
    }

    /// Whether all fields are carried over as they came.
    var touchesNothing: Bool { @inline(__always) get { touched.count == 0 } }

    /// Also a name with `_` for `-`: beside `X-User` of a rule, a client's `X_User` would reach the
    /// applications that read both as one.
    @inline(__always)
    func fate(of name: Bytes) -> FieldFate {
        var index = 0
        while index < touched.count {
            if name.standsForField(touched[index].name) {
                return touched[index].replacements.isEmpty ? .goes : .changes
            }
            index &+= 1
        }
        return .stays
    }

    /// Changes the value of a field of that name which was written from `start` on.
    func replace(
        _ name: Bytes, _ facts: ExchangeFacts, from start: Int, in writer: inout ByteWriter
    ) {
        var index = 0
        while index < touched.count {
            if name.standsForField(touched[index].name) {
                let replacements = touched[index].replacements
                var number = 0
                while number < replacements.count {
                    replacements[number].apply(facts, from: start, in: &writer)
                    number &+= 1
                }
                return
            }
            index &+= 1
        }
    }

    /// Writes the fields of the rules, each with its CRLF.
    @inline(__always)
    func write(_ facts: ExchangeFacts, to writer: inout ByteWriter) {
        var index = 0
        while index < written.count {
            written[index].write(facts, to: &writer)
            index &+= 1
        }
    }

    private static func distinct(_ names: [String]) -> [String] {
        names.enumerated().filter { names.firstIndex(of: $1) == $0 }.map(\.element)
    }
}
