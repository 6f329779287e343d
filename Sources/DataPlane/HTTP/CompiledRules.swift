// Header edits of a frontend and a route, merged once into what is left out and what is written.
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

/// The edits of one direction. First the frontend's, then the route's; within each all removes,
/// then all sets, then all adds.
struct CompiledRules: BitwiseCopyable {
    /// Lower case, `-` for `_`; fields of these names are not carried over.
    private let dropped: Run<Bytes>
    let written: Run<CompiledField>

    /// `levels` in the order in which they apply.
    init(
        _ levels: [[HeaderEdit]], arena: ConfigurationArena, names: RuleNames = RuleNames()
    ) {
        var dropped: [String] = []
        var written: [HeaderEdit] = []
        for edits in levels {
            for action in [HeaderEdit.Action.remove, .set, .add] {
                for edit in edits where edit.action == action {
                    let name = edit.name.lowercased()
                    if action != .add {
                        if !dropped.contains(name) { dropped.append(name) }
                        written.removeAll { $0.name.lowercased() == name }
                    }
                    if action != .remove { written.append(edit) }
                }
            }
        }
        self.dropped = arena.run(
            dropped.map { name in
                arena.bytes(String(name.map { $0 == "_" ? "-" : $0 }))
            })
        self.written = arena.run(
            written.map { edit in
                CompiledField(
                    name: arena.bytes(edit.name),
                    value: CompiledTemplate(
                        edit.value, escape: .field, arena: arena, names: names))
            })
    }

    var dropsNothing: Bool { @inline(__always) get { dropped.count == 0 } }

    /// Also a name with `_` for `-`: beside `X-User` of a rule, a client's `X_User` would reach the
    /// applications that read both as one.
    @inline(__always)
    func drops(_ name: Bytes) -> Bool {
        var index = 0
        while index < dropped.count {
            if name.standsForField(dropped[index]) { return true }
            index &+= 1
        }
        return false
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
}
