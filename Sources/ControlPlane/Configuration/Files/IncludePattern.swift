// One entry of `include:`, as far as it can be understood without a disk.

/// A file name, or a pattern with `*`, `?` and `[…]`, from the folder of the including file.
struct IncludePattern: Sendable {
    /// Which entry of `include` it is, from 0.
    let index: Int
    let text: String

    /// The parts between slashes; without those that say nothing. An absolute one begins at `/`.
    var components: [String] {
        text.split(separator: "/").filter { $0 != "." }.map(String.init)
    }
    var isAbsolute: Bool { text.hasPrefix("/") }
    var isPlain: Bool { !Self.isPattern(text) }

    static func isPattern(_ text: String) -> Bool {
        text.utf8.contains { "*?[".utf8.contains($0) }
    }
}

/// Something that became of an entry when its files were looked for.
struct IncludeFinding: Sendable, Equatable {
    /// Which entry of `include`.
    var index: Int
    var code: ConfigurationProblem.Code
    var severity = ConfigurationProblem.Severity.error
    var message: String
}

extension ValueReader {
    /// `include:` of the including file. Reports what is no pattern.
    func includePatterns() -> [IncludePattern] {
        list().enumerated().compactMap { index, item in
            guard !item.refusesReference(as: "the name of a file to include"),
                let text = item.line(limit: 4_095)
            else { return nil }
            guard TerminalText.clean(text) == text else {
                item.report(.invalidValue, "control characters are not allowed here")
                return nil
            }
            guard !text.contains("**") else {
                item.report(
                    .invalidValue,
                    "\(item.quoted(text)): ** is not known, name each level, as in "
                        + "conf.d/*/*.yaml")
                return nil
            }
            guard !text.hasSuffix("/") else {
                item.report(
                    .invalidValue, "\(item.quoted(text)) names a folder, not files",
                    suggestion: text + "*.yaml")
                return nil
            }
            return IncludePattern(index: index, text: text)
        }
    }

    /// The same of a text that is only looked at for its includes. Nothing where it cannot be
    /// read: whoever reads it in earnest hears why.
    static func includePatterns(of text: ConfigurationText) -> [IncludePattern] {
        let problems = ProblemList(file: "")
        guard let source = SourceText(checking: text.bytes, problems) else { return [] }
        var composer = YAMLComposer(source, problems: problems)
        guard let root = composer.compose(), !problems.hasErrors else { return [] }
        let reading = ConfigurationReading(
            source: source, problems: problems,
            document: DocumentReading(ReferenceResolver { _ in .missing("") }), fileIndex: 0)
        let value = ValueReader(node: root, pointer: "", owner: nil, reading: reading)
        var fields = value.mapping()
        return fields?.take("include")?.includePatterns() ?? []
    }
}
