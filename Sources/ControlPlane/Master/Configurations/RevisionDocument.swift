// A revision as somebody wants to read it.

public import ConfigurationLanguage
internal import JSON

/// What of a revision is read.
public enum DocumentForm: Sendable {
    /// The text as it was loaded, comments included.
    case asWritten
    /// What was written, as JSON.
    case written
    /// The effective document, as JSON.
    case effective
}

/// A revision in a form.
public struct RevisionDocument: Sendable, Equatable {
    /// Its number.
    public var revision: Int
    /// The form's bytes and their digest.
    public var text: ConfigurationText

    public init(revision: Int, text: ConfigurationText) {
        self.revision = revision
        self.text = text
    }
}

extension ConfigurationText {
    /// JSON, indented by two spaces, with a line feed at the end.
    init(json: JSONValue) throws(JSONError) {
        self.init(bytes: try JSONText.write(json, pretty: true) + [UInt8(ascii: "\n")])
    }
}
