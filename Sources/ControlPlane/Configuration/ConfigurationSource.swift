// The entry of the language: a text with the name of its file → a configuration without a fault,
// or everything that is wrong with it. Touches no file and no socket; any thread.

public import Model

/// A text to be read.
public struct ConfigurationSource: Sendable {
    /// What is read; may be anything, of any size.
    public let text: ConfigurationText
    /// What problems call it; need not exist.
    public let fileName: String

    /// Nil if nobody looked for included files: then they are in the text, or missing.
    let includeFindings: [IncludeFinding]?

    /// - Parameter text: YAML, JSON or a bundle (`ConfigurationBundle`).
    public init(text: ConfigurationText, fileName: String) {
        self.init(text: text, fileName: fileName, includeFindings: nil)
    }

    init(text: ConfigurationText, fileName: String, includeFindings: [IncludeFinding]?) {
        self.text = text
        self.fileName = fileName
        self.includeFindings = includeFindings
    }
}

/// What became of a text, in short.
public enum ConfigurationResult: Sendable {
    /// May be run as it is; the warnings are in reading order, at most a hundred.
    case valid(Configuration, warnings: [ConfigurationProblem])
    /// The errors in reading order, at least one and at most a hundred.
    case invalid([ConfigurationProblem])
}

/// Everything that a reading says of a text.
public struct ConfigurationReport: Sendable {
    /// What may be run, with the values of all references in it; nil if there is an error.
    public let configuration: Configuration?
    /// The same to be looked at: a text that has references is as it is written. Numbers, times,
    /// addresses and single words are what they are.
    public let shown: Configuration?
    /// In reading order, at most a hundred.
    public let errors: [ConfigurationProblem]
    /// In reading order, at most a hundred; there can be warnings beside errors.
    public let warnings: [ConfigurationProblem]
    /// The fields whose value comes from elsewhere, in order of reading.
    public let references: [ReferenceUse]
    /// SHA-256 over all values that come from elsewhere, those of references and what is in files that
    /// the text names, 64 lower-case hexadecimal digits; empty if there are none. Tells whether
    /// something changed where the text did not. Never to be shown: who knows the rest can find a
    /// short secret from it.
    public let valuesSHA256: String
    /// What the admin API is to open when the master starts, in order of reading; nobody has looked
    /// at it. There can be some beside errors.
    public let adminFiles: [AdminFile]
    /// What only the machine that runs it can judge, in order of reading; nobody has looked at it.
    public let machineFields: [MachineField]
}

extension ConfigurationSource {
    /// Reads YAML or JSON, whichever the text is. Takes time in proportion to the text, which is
    /// refused beyond 10 MB; the resolver may wait for a disk.
    public func read(
        resolving resolver: ReferenceResolver = .surroundings
    ) -> ConfigurationResult {
        let report = report(resolving: resolver)
        guard let configuration = report.configuration else { return .invalid(report.errors) }
        return .valid(configuration, warnings: report.warnings)
    }

    /// The same with all there is to know.
    public func report(
        resolving resolver: ReferenceResolver = .surroundings
    ) -> ConfigurationReport {
        let problems = ProblemList(file: fileName)
        let document = DocumentReading(resolver, showsReferences: false)
        let files = composed(problems)
        let read = files.flatMap { self.configuration($0, problems, document) }
        let references = document.references.uses
        let configuration = problems.hasErrors ? nil : read
        return ConfigurationReport(
            configuration: configuration,
            shown: references.isEmpty || configuration == nil
                ? configuration : files.flatMap { shown($0, document.references) },
            errors: problems.errors, warnings: problems.warnings, references: references,
            valuesSHA256: document.references.valuesSHA256, adminFiles: document.adminFiles,
            machineFields: document.machineFields)
    }

    /// Reads again, with the values that are known already.
    private func shown(
        _ files: [ComposedFile], _ references: ReferenceExpansion
    ) -> Configuration? {
        configuration(
            files, ProblemList(file: fileName),
            DocumentReading(references.knownValues, showsReferences: true))
    }

    private struct ComposedFile {
        /// As problems call it.
        var name: String
        var source: SourceText
        var root: YAMLNode
    }

    /// The trees of all files; nil if one cannot be read: what it would have said is not known, so
    /// there are no more complaints.
    private func composed(_ problems: ProblemList) -> [ComposedFile]? {
        guard let files = files(problems) else { return nil }
        var composed: [ComposedFile] = []
        var nodeCount = 0
        for (index, file) in files.enumerated() {
            let name = index == 0 ? fileName : path(of: file.name)
            let problems = index == 0 ? problems : problems.list(of: name, fileIndex: index)
            guard let source = SourceText(checking: file.bytes, problems) else { continue }
            var composer = YAMLComposer(source, problems: problems, nodeCountBefore: nodeCount)
            let root = composer.compose()
            nodeCount = composer.nodeCount
            if root == nil, composer.isStopped { continue }
            let empty = YAMLNode(content: .mapping([]), position: TextPosition(line: 1, column: 1))
            composed.append(ComposedFile(name: name, source: source, root: root ?? empty))
        }
        return composed.count == files.count ? composed : nil
    }

    private func configuration(
        _ files: [ComposedFile], _ problems: ProblemList, _ document: DocumentReading
    ) -> Configuration? {
        defer { document.finish() }
        document.includeFindings =
            includeFindings ?? (ConfigurationBundle.isBundle(text.bytes) ? [] : nil)
        let roots = files.enumerated().map { index, file in
            let reading = ConfigurationReading(
                source: file.source,
                problems: index == 0 ? problems : problems.list(of: file.name, fileIndex: index),
                document: document, fileIndex: index)
            return ValueReader(node: file.root, pointer: "", owner: nil, reading: reading)
        }
        return roots.first?.configuration(including: Array(roots.dropFirst()))
    }

    /// The files of the text; nil for what was reported.
    func files(_ problems: ProblemList) -> [ConfigurationBundle.File]? {
        guard text.bytes.count <= DocumentLimit.textBytes + Self.marksBytesMax else {
            problems.append(
                .tooLarge, position: nil, pointer: "",
                message: "\(text.bytes.count) bytes, a configuration has at most "
                    + "\(DocumentLimit.textBytes)")
            return nil
        }
        guard ConfigurationBundle.isBundle(text.bytes) else {
            return [.init(name: fileName, bytes: text.bytes)]
        }
        guard let bundle = ConfigurationBundle(text.bytes) else {
            problems.append(
                .invalidValue, position: nil, pointer: "",
                message: "begins as a bundle of several files and is not a whole one")
            return nil
        }
        return bundle.files
    }

    /// What the marks of a bundle may take besides the files.
    private static let marksBytesMax = 5 << 20

    /// An included file's name as somebody finds it who knows the including one's.
    private func path(of name: String) -> String {
        guard !name.hasPrefix("/"), let slash = fileName.lastIndex(of: "/") else { return name }
        return fileName[...slash] + name
    }
}

extension SourceText {
    /// Nil for a text that no parser should see; the reason is among the problems then.
    init?(checking bytes: [UInt8], _ problems: ProblemList) {
        guard bytes.count <= DocumentLimit.textBytes else {
            problems.append(
                .tooLarge, position: nil, pointer: "",
                message: "\(bytes.count) bytes, a configuration has at most "
                    + "\(DocumentLimit.textBytes)")
            return nil
        }
        self.init(bytes)
        if let offset = firstInvalidByte() {
            problems.append(
                .notUTF8, position: position(ofByte: offset), pointer: "",
                message: "this byte is not UTF-8, save the file in that encoding")
            return nil
        }
        if let position = excessDirective() {
            problems.append(
                .tooLarge, position: position, pointer: "",
                message: "more than \(DocumentLimit.directiveCount) lines begin with %")
            return nil
        }
    }
}
