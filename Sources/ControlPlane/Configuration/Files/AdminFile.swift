// A file that `admin` names: who opens it finds in it what a reading of the text cannot know, and
// says so at the place where the text names it. Pure value.

/// A file of certificates, of a key or of tokens, by the place that names it.
public struct AdminFile: Sendable, Hashable {
    /// What the file is for.
    public enum Purpose: Sendable, Hashable {
        case chain, key, clientCA, tokens
    }

    public let purpose: Purpose
    /// Absolute.
    public let path: String
    /// `/admin/tcp`: the listener that it belongs to, with others.
    public let listener: String
    /// RFC 6901: of the field.
    public let pointer: String
    /// The path as problems show it: in quotes, or the reference that it came from.
    private let shown: String
    private let file: String
    private let position: TextPosition

    init(_ purpose: Purpose, _ path: String, at value: ValueReader) {
        self.purpose = purpose
        self.path = path
        pointer = value.pointer
        listener = "/" + pointer.split(separator: "/").prefix(2).joined(separator: "/")
        shown = value.quoted(path)
        file = value.reading.problems.file
        position = value.node.position
    }

    /// What is wrong with it, in words that go behind its name.
    public func problem(
        _ code: ConfigurationProblem.Code, severity: ConfigurationProblem.Severity,
        _ message: String
    ) -> ConfigurationProblem {
        ConfigurationProblem(
            code: code, severity: severity, file: file, position: position, pointer: pointer,
            message: "\(shown) \(message)")
    }
}
