// The fields of one object. A reading function asks for each field by name, so it reads like the
// schema; what nobody asked for is an unknown field.

struct MappingReader {
    struct Entry {
        var key: String
        var keyPosition: TextPosition
        var value: ValueReader
    }

    /// The mapping itself.
    let value: ValueReader
    private let entries: [YAMLEntry]
    private var isTaken: [Bool]
    private var knownNames: [String] = []
    private let owner: String?

    init(_ entries: [YAMLEntry], of value: ValueReader) {
        self.value = value
        self.entries = entries
        isTaken = Array(repeating: false, count: entries.count)
        owner = Self.owner(entries) ?? value.owner
    }

    func has(_ name: String) -> Bool {
        entries.contains { $0.key == name }
    }

    /// The value of a field of the schema, nil where it is not given.
    mutating func take(_ name: String) -> ValueReader? {
        value.reading.document.noteAsked?(value.pointer, .field(name))
        return find(name)
    }

    private mutating func find(_ name: String) -> ValueReader? {
        knownNames.append(name)
        guard let index = entries.firstIndex(where: { $0.key == name }) else { return nil }
        isTaken[index] = true
        return field(entries[index])
    }

    /// Same, but the field must be there.
    mutating func require(_ name: String, _ what: String) -> ValueReader? {
        if let field = take(name) { return field }
        report(.missingField, "\(quoted(name)) is missing: \(what)")
        return nil
    }

    /// Fields that the language has and this version does not: refused by name.
    mutating func notSupportedYet(_ names: String...) {
        for name in names {
            guard find(name) != nil, let entry = entries.first(where: { $0.key == name }) else {
                continue
            }
            field(entry).report(
                .notSupportedYet, "\(quoted(name)) is not supported yet", at: entry.keyPosition)
        }
    }

    /// Fields that have no meaning here, with the reason.
    mutating func refuse(
        _ names: [String], _ code: ConfigurationProblem.Code, _ reason: String
    ) {
        for name in names {
            guard find(name) != nil, let entry = entries.first(where: { $0.key == name }) else {
                continue
            }
            field(entry).report(code, "\(quoted(name)) \(reason)", at: entry.keyPosition)
        }
    }

    /// About the object as a whole.
    func report(
        _ code: ConfigurationProblem.Code, _ message: String,
        severity: ConfigurationProblem.Severity = .error
    ) {
        value.reading.problems.append(
            code, severity: severity, position: value.node.position, pointer: value.pointer,
            message: message, owner: owner)
    }

    /// Every entry, for mappings whose keys the operator chooses.
    func all() -> [Entry] {
        entries.map { Entry(key: $0.key, keyPosition: $0.keyPosition, value: field($0)) }
    }

    func reportUnknownFields() {
        for (entry, isTaken) in zip(entries, isTaken) where !isTaken {
            field(entry).report(
                .unknownField, "unknown field \(quoted(entry.key))",
                suggestion: Suggestion.nearest(to: entry.key, in: knownNames),
                at: entry.keyPosition)
        }
    }

    private func field(_ entry: YAMLEntry) -> ValueReader {
        ValueReader(
            node: entry.value, pointer: value.pointer + "/" + JSONPointer.escaped(entry.key),
            owner: owner, reading: value.reading)
    }

    private static func owner(_ entries: [YAMLEntry]) -> String? {
        guard let labels = entries.first(where: { $0.key == "labels" }),
            case .mapping(let fields) = labels.value.content,
            let owner = fields.first(where: { $0.key == "owner" }),
            case .scalar(let scalar) = owner.value.content
        else { return nil }
        return scalar.text
    }
}
