/// `headers:` — edits of the request before it is forwarded, and of the response before it is
/// answered, in order: all removes, then all sets, then all adds.
public struct HeaderRules: Codable, Sendable, Equatable {
    public var request: [HeaderEdit] = []
    public var response: [HeaderEdit] = []
    /// The response's apply to our own error answers too; without, an error is never told to be kept
    /// for a year because what it stands for is.
    public var coversErrors = false

    public init(
        request: [HeaderEdit] = [], response: [HeaderEdit] = [], coversErrors: Bool = false
    ) {
        self.request = request
        self.response = response
        self.coversErrors = coversErrors
    }

    /// Those of our own error answers.
    public var errors: [HeaderEdit] { coversErrors ? response : [] }
}

public struct HeaderEdit: Codable, Sendable, Equatable {
    public enum Action: String, Codable, Sendable, CaseIterable {
        case remove
        /// Replaces every field of that name.
        case set
        /// Stands beside what is there.
        case add
    }
    public var action: Action
    /// A token (RFC 9110 §5.1) as written; never one that frames or routes the message
    /// (Content-Length, Transfer-Encoding, Connection, Upgrade, Trailer, TE, Keep-Alive, Host).
    public var name: String
    /// Empty for `remove`.
    public var value: Template

    public init(action: Action, name: String, value: Template) {
        self.action = action
        self.name = name
        self.value = value
    }
}
