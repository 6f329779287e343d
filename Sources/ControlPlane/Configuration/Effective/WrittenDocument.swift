// A text as a JSON value, with what its author wrote and nothing more: for programs that do not
// read YAML. Pure, any thread.

public import JSON

extension ConfigurationSource {
    /// The document of the text, in its order. Unquoted whole numbers, truth values and null are
    /// such; whatever else stands there is a text, which the language takes for any of them as
    /// well. What included files name is in it as if it stood in the including one. References
    /// are as they are written. Nil for a text that is not one document.
    public func written() -> JSONValue? {
        let problems = ProblemList(file: fileName)
        let isBundle = ConfigurationBundle.isBundle(text.bytes)
        guard let files = files(problems) else { return nil }
        var documents: [JSONValue] = []
        for file in files {
            guard let source = SourceText(checking: file.bytes, problems) else { return nil }
            var composer = YAMLComposer(source, problems: problems)
            let root = composer.compose()
            guard !problems.hasErrors else { return nil }
            documents.append(root.map(JSONValue.init) ?? .object(JSONObject()))
        }
        guard isBundle, case .object(var whole)? = documents.first else { return documents.first }
        whole["include"] = nil
        for name in ["frontends", "backends"] {
            let parts = documents.compactMap { $0[name]?.objectValue?.members }
            if !parts.isEmpty { whole[name] = .object(JSONObject(parts.flatMap { $0 })) }
        }
        return .object(whole)
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
