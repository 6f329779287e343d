// The entry of the language: a text with the name of its file → a configuration without a fault,
// or everything that is wrong with it. Touches no file and no socket; any thread.

public import Model

/// A text to be read.
public struct ConfigurationSource: Sendable {
    /// What is read; may be anything, of any size.
    public let text: ConfigurationText
    /// What problems call it; need not exist.
    public let fileName: String

    public init(text: ConfigurationText, fileName: String) {
        self.text = text
        self.fileName = fileName
    }
}

/// What became of a text.
public enum ConfigurationResult: Sendable {
    /// May be run as it is; the warnings are in reading order, at most a hundred.
    case valid(Configuration, warnings: [ConfigurationProblem])
    /// The errors in reading order, at least one and at most a hundred.
    case invalid([ConfigurationProblem])
}

extension ConfigurationSource {
    /// Reads YAML or JSON, whichever the text is. Takes time in proportion to the text, which is
    /// refused beyond 10 MB.
    public func read() -> ConfigurationResult {
        let problems = ProblemList(file: fileName)
        let configuration = configuration(problems)
        guard let configuration, !problems.hasErrors else { return .invalid(problems.errors) }
        return .valid(configuration, warnings: problems.warnings)
    }

    private func configuration(_ problems: ProblemList) -> Configuration? {
        guard text.bytes.count <= DocumentLimit.textBytes else {
            problems.append(
                .tooLarge, position: nil, pointer: "",
                message: "\(text.bytes.count) bytes, a configuration has at most "
                    + "\(DocumentLimit.textBytes)")
            return nil
        }
        let source = SourceText(text.bytes)
        if let offset = source.firstInvalidByte() {
            problems.append(
                .notUTF8, position: source.position(ofByte: offset), pointer: "",
                message: "this byte is not UTF-8, save the file in that encoding")
            return nil
        }
        if let position = source.excessDirective() {
            problems.append(
                .tooLarge, position: position, pointer: "",
                message: "more than \(DocumentLimit.directiveCount) lines begin with %")
            return nil
        }
        var composer = YAMLComposer(source, problems: problems)
        let root = composer.compose()
        if root == nil, problems.hasErrors { return nil }
        let empty = YAMLNode(content: .mapping([]), position: TextPosition(line: 1, column: 1))
        let reading = ConfigurationReading(source: source, problems: problems)
        defer { reading.finish() }
        let document = ValueReader(node: root ?? empty, pointer: "", owner: nil, reading: reading)
        return document.configuration()
    }
}
