// One value of the document, not typed yet: the field that reads it says what it must be. Every
// method reports what is wrong, with the place, and then returns nil.

struct ValueReader {
    let node: YAMLNode
    /// RFC 6901, from the root.
    let pointer: String
    /// `labels.owner` of the nearest enclosing object.
    let owner: String?
    let reading: ConfigurationReading

    /// `{}`, or nothing at all.
    var isEmptyMapping: Bool {
        switch node.content {
        case .mapping(let entries): entries.isEmpty
        case .scalar(let scalar): scalar.isPlain && scalar.text.isEmpty
        case .sequence, .refused: false
        }
    }

    /// Text, suggestion and place are only worked out for a problem that will be kept.
    func report(
        _ code: ConfigurationProblem.Code, _ message: @autoclosure () -> String,
        suggestion: @autoclosure () -> String? = nil,
        at position: @autoclosure () -> TextPosition? = nil,
        severity: ConfigurationProblem.Severity = .error
    ) {
        if severity == .error, reading.problems.isFull { return }
        reading.problems.append(
            code, severity: severity, position: position() ?? node.position, pointer: pointer,
            message: message(), suggestion: hasReference ? nil : suggestion(), owner: owner)
    }

    /// An unquoted `null`, `~`, or nothing at all.
    var isNull: Bool {
        guard case .scalar(let scalar) = node.content else { return false }
        return scalar.isPlain && ["", "~", "null"].contains(scalar.text)
    }

    /// Part of this value comes from elsewhere: no problem may quote it.
    var hasReference: Bool {
        guard case .scalar(let scalar) = node.content else { return false }
        return ReferenceSyntax.hasReference(scalar.text)
    }

    /// For messages: the text in quotes, or in its place the reference that it came from.
    func quoted(_ text: String) -> String {
        guard case .scalar(let scalar) = node.content, hasReference else {
            return ConfigurationLanguage.quoted(text)
        }
        return "the value of \(ConfigurationLanguage.quoted(scalar.text))"
    }

    /// What goes into the configuration for a text that was checked: the text, or, where the
    /// reading is for looking at, what is written in its place.
    func kept(_ text: String) -> String {
        guard reading.document.showsReferences, case .scalar(let scalar) = node.content,
            ReferenceSyntax.isExpanded(scalar.text)
        else { return text }
        return scalar.text
    }

    /// Any single value but null, as written: `no` and `1.10` stay what they are.
    func string() -> String? {
        expandedString()?.text
    }

    /// The same with its pieces.
    func expandedString() -> ExpandedScalar? {
        if isNull {
            wrongType("a text")
            return nil
        }
        return scalar("a text")
    }

    /// A name is part of addresses, metrics and logs: it cannot come from elsewhere. Reports.
    func refusesReference(as what: String) -> Bool {
        guard hasReference else { return false }
        report(
            .invalidValue,
            "\(what) cannot be a reference, since it is shown everywhere; write it out")
        return true
    }

    /// A text of 1…`limit` bytes without control characters.
    func line(limit: Int = 1_024) -> String? {
        guard let text = string() else { return nil }
        guard !text.isEmpty else {
            report(.invalidValue, "must not be empty")
            return nil
        }
        guard text.utf8.count <= limit else {
            report(.tooLarge, "longer than \(limit) bytes")
            return nil
        }
        guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            report(.invalidValue, "control characters are not allowed here")
            return nil
        }
        return text
    }

    /// The same for a text that the configuration keeps as it is.
    func keptLine(limit: Int) -> String? {
        line(limit: limit).map(kept)
    }

    /// `true` or `false`, and no other word for it.
    func boolean() -> Bool? {
        let allowed = "true or false"
        guard let scalar = scalar(allowed) else { return nil }
        guard scalar.isPlain, let value = Bool(scalar.text) else {
            wrongType(allowed)
            return nil
        }
        return value
    }

    /// A plain decimal number; a quoted one is a text.
    func integer(in range: ClosedRange<Int>) -> Int? {
        let allowed =
            range.count == 1
            ? "\(range.lowerBound)" : "a whole number, \(range.lowerBound) to \(range.upperBound)"
        guard let scalar = scalar(allowed) else { return nil }
        guard scalar.isPlain, Units.isInteger(scalar.text) else {
            if !scalar.isPlain, Units.isInteger(scalar.text) {
                report(
                    .wrongType, "\(quoted(scalar.text)) is a text, must be \(allowed): no quotes")
            } else {
                wrongType(allowed)
            }
            return nil
        }
        guard let value = Int(scalar.text), range.contains(value) else {
            report(.outOfRange, "\(quoted(scalar.text)) is out of range, must be \(allowed)")
            return nil
        }
        return value
    }

    func duration(in range: ClosedRange<Duration>) -> Duration? {
        let allowed = "a time such as 500ms, 5s, 2m or 1h"
        guard let scalar = scalar(allowed) else { return nil }
        if Units.isInteger(scalar.text) {
            report(
                .wrongType, "\(quoted(scalar.text)) has no unit, must be \(allowed)",
                suggestion: scalar.text + "s")
            return nil
        }
        guard let value = Units.duration(scalar.text) else {
            wrongType(allowed)
            return nil
        }
        guard range.contains(value) else {
            let limits = "\(Units.text(range.lowerBound)) to \(Units.text(range.upperBound))"
            report(.outOfRange, "\(quoted(scalar.text)) is out of range, must be \(limits)")
            return nil
        }
        return value
    }

    /// Bytes: a number, or one with `k`, `m`, `g` for powers of 1024.
    func size(in range: ClosedRange<Int>) -> Int? {
        let allowed = "a size such as 1500, 16k, 10m or 1g"
        guard let scalar = scalar(allowed) else { return nil }
        guard let value = Units.size(scalar.text) else {
            wrongType(allowed)
            return nil
        }
        guard range.contains(value) else {
            report(
                .outOfRange,
                "\(quoted(scalar.text)) is out of range, must be \(range.lowerBound) to "
                    + "\(range.upperBound) bytes")
            return nil
        }
        return value
    }

    /// `0%` to `100%`.
    func percent() -> Int? {
        let allowed = "a share from 0% to 100%"
        guard let scalar = scalar(allowed) else { return nil }
        guard let value = Units.percent(scalar.text) else {
            wrongType(allowed)
            return nil
        }
        guard value <= 100 else {
            report(.outOfRange, "\(quoted(scalar.text)) is out of range, must be \(allowed)")
            return nil
        }
        return value
    }

    /// One word of a list. `later` are words that the language has but this version does not.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _: Choice.Type, later: [String] = []
    ) -> Choice? where Choice.RawValue == String {
        choice(Choice.allCases.map { ($0.rawValue, $0) }, later: later)
    }

    /// The same with names of our own; `orElse` says what the caller takes besides.
    func choice<Choice>(
        _ choices: [(name: String, value: Choice)], later: [String] = [], orElse: String? = nil
    ) -> Choice? {
        let names = choices.map(\.name)
        reading.document.noteAsked?(pointer, .choice(names))
        let allowed = oneOf(names + (orElse.map { [$0] } ?? []))
        guard let text = string() else { return nil }
        if let choice = choices.first(where: { $0.name == text }) { return choice.value }
        if later.contains(text) {
            report(
                .notSupportedYet, "\(quoted(text)) is not supported yet, must be \(allowed)")
        } else {
            report(
                .invalidValue, "\(quoted(text)) is not allowed, must be \(allowed)",
                suggestion: Suggestion.nearest(to: text, in: names + later))
        }
        return nil
    }

    /// The items of a list, or a single value as a list of one.
    func list() -> [ValueReader] {
        switch node.content {
        case .sequence(let nodes): items(nodes)
        case .scalar, .mapping: [self]
        case .refused: []
        }
    }

    /// The items of what must be a list.
    func items(_ allowed: String) -> [ValueReader]? {
        switch node.content {
        case .sequence(let nodes): return items(nodes)
        case .refused: return nil
        case .scalar, .mapping:
            wrongType(allowed)
            return nil
        }
    }

    /// Reads a mapping field by field; what `read` did not ask for is reported afterwards.
    func object<Value>(_ read: (inout MappingReader) -> Value) -> Value? {
        guard var mapping = mapping() else { return nil }
        let value = read(&mapping)
        mapping.reportUnknownFields()
        return value
    }

    /// Reads a mapping whose keys are names the operator chose, in order of name.
    func named<Value>(_ what: String, _ read: (String, ValueReader) -> Value?) -> [Value]? {
        guard let mapping = mapping() else { return nil }
        return Self.named(what, mapping.all(), read)
    }

    /// The same for one mapping that several files write parts of.
    static func named<Value>(
        _ what: String, in values: [ValueReader], _ read: (String, ValueReader) -> Value?
    ) -> [Value] {
        var entries: [MappingReader.Entry] = []
        var first: [String: MappingReader.Entry] = [:]
        for value in values {
            for entry in value.mapping()?.all() ?? [] {
                guard let other = first[entry.key] else {
                    first[entry.key] = entry
                    entries.append(entry)
                    continue
                }
                let place = other.value.place(of: other.keyPosition, seenFrom: entry.value)
                entry.value.report(
                    .duplicateKey,
                    "a second \(what) \(ConfigurationLanguage.quoted(entry.key)), first in \(place)",
                    at: entry.keyPosition)
            }
        }
        return named(what, entries, read)
    }

    private static func named<Value>(
        _ what: String, _ entries: [MappingReader.Entry], _ read: (String, ValueReader) -> Value?
    ) -> [Value] {
        entries.sorted { $0.key < $1.key }.compactMap { entry in
            guard Names.isName(entry.key) else {
                entry.value.report(
                    .invalidValue,
                    "\(ConfigurationLanguage.quoted(entry.key)) cannot name a \(what): 1 to 64 of "
                        + "A-Z a-z 0-9 _ . - are allowed",
                    at: entry.keyPosition)
                return nil
            }
            return read(entry.key, entry.value)
        }
    }

    /// The fields of a mapping; nothing at all (`servers:` and no more) is an empty one.
    func mapping() -> MappingReader? {
        switch node.content {
        case .mapping(let entries):
            return MappingReader(entries, of: self)
        case .scalar(let scalar) where scalar.isPlain && scalar.text.isEmpty:
            return MappingReader([], of: self)
        case .refused:
            return nil
        case .scalar, .sequence:
            wrongType("a mapping of names to values")
            return nil
        }
    }

    /// The entries of a mapping that was read, and its problems told, before.
    var mappingEntries: [MappingReader.Entry] {
        guard case .mapping(let entries) = node.content else { return [] }
        return MappingReader(entries, of: self).all()
    }

    func wrongType(_ allowed: String) {
        let found =
            switch node.content {
            case .scalar(let scalar): isNull ? "nothing" : quoted(scalar.text)
            case .sequence: "a list"
            case .mapping: "a mapping"
            case .refused: ""
            }
        report(.wrongType, "\(found) does not fit, must be \(allowed)")
    }

    func oneOf(_ names: [String]) -> String {
        guard let last = names.last, names.count > 1 else { return names.first ?? "" }
        return names.dropLast().joined(separator: ", ") + " or " + last
    }

    private func items(_ nodes: [YAMLNode]) -> [ValueReader] {
        nodes.enumerated().map { index, node in
            ValueReader(node: node, pointer: "\(pointer)/\(index)", owner: owner, reading: reading)
        }
    }

    /// The single value with its references expanded.
    func scalar(_ allowed: String) -> ExpandedScalar? {
        switch node.content {
        case .scalar(let scalar): return reading.document.references.expand(scalar, of: self)
        case .refused: return nil
        case .sequence, .mapping:
            wrongType(allowed)
            return nil
        }
    }
}
