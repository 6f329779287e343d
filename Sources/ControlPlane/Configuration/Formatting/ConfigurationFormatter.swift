// The one way to write a configuration, for those who ask for it. Only layout changes: the result
// is read again and compared, value by value and comment by comment, before anybody sees it.
// Touches no file; any thread.

import JSON

/// Why a text was not formatted.
public struct FormattingFailure: Error, Sendable {
    /// At least one.
    public let problems: [ConfigurationProblem]
}

/// Formats configurations.
public enum ConfigurationFormatter {
    /// The text in its canonical layout: YAML with two spaces a level, with all comments, with
    /// brackets where they fit a line; JSON indented by two spaces. Formatting the result changes
    /// nothing more. The order of keys stays. Needs a text that can be read as YAML, not one that
    /// is valid.
    public static func format(
        _ text: ConfigurationText, fileName: String
    ) throws(FormattingFailure) -> ConfigurationText {
        let problems = ProblemList(file: fileName)
        guard !ConfigurationBundle.isBundle(text.bytes) else {
            problems.append(
                .invalidValue, position: nil, pointer: "",
                message: "is a bundle of several files, format those")
            throw FormattingFailure(problems: problems.errors)
        }
        let original = try Reading(text.bytes, problems)
        if let json = original.json { return ConfigurationText(json) }
        var current = original
        // Comments in odd places settle in a second pass.
        for _ in 0..<4 {
            let written = try current.written(problems)
            let next = try Reading(Array(written.utf8), ProblemList(file: fileName))
            guard next.means(the: original) else {
                throw failure(problems, "nothing can be changed here without changing a meaning")
            }
            if next.bytes == current.bytes { return ConfigurationText(written) }
            current = next
        }
        throw failure(problems, "has comments in places where they cannot stay")
    }

    fileprivate static func failure(
        _ problems: ProblemList, _ message: String
    ) -> FormattingFailure {
        problems.append(
            .invalidValue, position: nil, pointer: "",
            message: "cannot be formatted: \(message); it stays as it is")
        return FormattingFailure(problems: problems.errors)
    }
}

/// A text, composed.
private struct Reading {
    let bytes: [UInt8]
    private let asWritten: [UInt8]
    private let root: YAMLNode?
    private let hasEscapedPairs: Bool

    init(_ bytes: [UInt8], _ problems: ProblemList) throws(FormattingFailure) {
        guard let source = SourceText(checking: bytes, problems) else {
            throw FormattingFailure(problems: problems.errors)
        }
        var composer = YAMLComposer(source, problems: problems)
        root = composer.compose()
        guard !problems.hasErrors else { throw FormattingFailure(problems: problems.errors) }
        self.bytes = source.parserBytes
        asWritten = source.bytes
        hasEscapedPairs = source.parserBytes != source.bytes
    }

    func written(_ problems: ProblemList) throws(FormattingFailure) -> String {
        guard !hasEscapedPairs else {
            throw ConfigurationFormatter.failure(
                problems, "it mixes escapes of JSON with what JSON does not have")
        }
        guard !bytes.starts(with: "%".utf8) else {
            throw ConfigurationFormatter.failure(
                problems, "lines that begin with % are for parsers")
        }
        do throws(YAMLSyntaxError) {
            var builder = try FormatTreeBuilder(bytes)
            let (root, rest) = builder.build()
            var writer = FormatWriter()
            writer.write(root: root, rest: rest)
            return writer.text
        } catch {
            throw ConfigurationFormatter.failure(problems, error.message)
        }
    }

    /// Nil for what is not JSON alone.
    var json: String? {
        guard let first = asWritten.first(where: { ![0x20, 0x0A, 0x0D, 0x09].contains($0) }),
            "{[".utf8.contains(first), (try? JSONText.parse(asWritten)) != nil, let root
        else { return nil }
        var text = ""
        Self.write(root, depth: 0, into: &text)
        return text + "\n"
    }

    /// Numbers stay as they are written.
    private static func write(_ node: YAMLNode, depth: Int, into text: inout String) {
        let inner = "\n" + String(repeating: "  ", count: depth + 1)
        let outer = "\n" + String(repeating: "  ", count: depth)
        switch node.content {
        case .refused: break
        case .scalar(let scalar): text += scalar.isPlain ? scalar.text : string(scalar.text)
        case .sequence(let nodes):
            text += "["
            for (index, node) in nodes.enumerated() {
                text += (index == 0 ? "" : ",") + inner
                write(node, depth: depth + 1, into: &text)
            }
            text += (nodes.isEmpty ? "" : outer) + "]"
        case .mapping(let entries):
            text += "{"
            for (index, entry) in entries.enumerated() {
                text += (index == 0 ? "" : ",") + inner + string(entry.key) + ": "
                write(entry.value, depth: depth + 1, into: &text)
            }
            text += (entries.isEmpty ? "" : outer) + "}"
        }
    }

    private static func string(_ text: String) -> String {
        let bytes = try? JSONText.write(.string(text))
        return bytes.map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }

    /// Whether two texts have the same values of the same kinds, and the same comments.
    func means(the other: Reading) -> Bool {
        Self.areEqual(root, other.root) && comments == other.comments
    }

    private var comments: [String]? {
        (try? FormatTreeBuilder(bytes))?.comments.map(\.text).sorted()
    }

    private static func areEqual(_ left: YAMLNode?, _ right: YAMLNode?) -> Bool {
        guard let left, let right else { return left == nil && right == nil }
        switch (left.content, right.content) {
        case (.scalar(let one), .scalar(let other)):
            return one.text == other.text && kind(one) == kind(other)
        case (.sequence(let one), .sequence(let other)):
            return one.count == other.count && zip(one, other).allSatisfy { areEqual($0, $1) }
        case (.mapping(let one), .mapping(let other)):
            return one.count == other.count
                && zip(one, other).allSatisfy { $0.key == $1.key && areEqual($0.value, $1.value) }
        default: return false
        }
    }

    /// Quotes make a difference for these alone.
    private static func kind(_ scalar: YAMLScalar) -> Bool {
        scalar.isPlain
            && (Units.isInteger(scalar.text)
                || ["", "~", "null", "true", "false"].contains(scalar.text))
    }
}
