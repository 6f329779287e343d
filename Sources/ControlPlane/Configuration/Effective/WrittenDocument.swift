// A text as a JSON value, with what its author wrote and nothing more: for programs that do not
// read YAML. Pure, any thread.

public import JSON

extension ConfigurationSource {
    /// The document of the text, in its order. Unquoted whole numbers, truth values and null are
    /// such; whatever else stands there is a text, which the language takes for any of them as
    /// well. Nil for a text that is not one document.
    public func written() -> JSONValue? {
        let problems = ProblemList(file: fileName)
        guard text.bytes.count <= DocumentLimit.textBytes else { return nil }
        let source = SourceText(text.bytes)
        guard source.firstInvalidByte() == nil, source.excessDirective() == nil else { return nil }
        var composer = YAMLComposer(source, problems: problems)
        let root = composer.compose()
        guard !problems.hasErrors else { return nil }
        return root.map(JSONValue.init) ?? .object(JSONObject())
    }
}

extension JSONValue {
    /// The tree's depth was bounded when it was composed, so the recursion is.
    fileprivate init(_ node: YAMLNode) {
        switch node.content {
        case .scalar(let scalar): self.init(scalar)
        case .sequence(let items): self = .array(items.map(JSONValue.init))
        case .mapping(let entries):
            self = .object(
                JSONObject(entries.map { .init(name: $0.key, value: JSONValue($0.value)) }))
        case .refused: self = .null
        }
    }

    private init(_ scalar: YAMLScalar) {
        guard scalar.isPlain else {
            self = .string(scalar.text)
            return
        }
        switch scalar.text {
        case "", "~", "null": self = .null
        case "true": self = true
        case "false": self = false
        default:
            let number = Units.isInteger(scalar.text) ? Int64(scalar.text) : nil
            self = number.map { .integer($0) } ?? .string(scalar.text)
        }
    }
}
