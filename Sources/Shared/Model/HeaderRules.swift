/// `headers:` — edits of the request before it is forwarded, and of the response before it is
/// answered, in order: all removes, then all replacements, all sets, and all adds.
public struct HeaderRules: Codable, Sendable, Equatable {
    public static let byStatusMax = 16

    public var request: [HeaderEdit] = []
    public var response: [HeaderEdit] = []
    /// Of responses with certain statuses only, one after the other behind those of all; at most
    /// `byStatusMax`.
    public var responseByStatus: [StatusEdits] = []
    /// The response's apply to our own error answers too; without, an error is never told to be kept
    /// for a year because what it stands for is.
    public var coversErrors = false

    public init(
        request: [HeaderEdit] = [], response: [HeaderEdit] = [],
        responseByStatus: [StatusEdits] = [], coversErrors: Bool = false
    ) {
        self.request = request
        self.response = response
        self.responseByStatus = responseByStatus
        self.coversErrors = coversErrors
    }
}

/// Edits of responses that have one of some statuses.
public struct StatusEdits: Codable, Sendable, Equatable {
    public static let statusesMax = 16
    /// Rules see final responses only (and 101, which no entry of these can be about).
    public static let allowed = 200...599

    /// Of those allowed, 1…`statusesMax`.
    public var statuses: [StatusRange]
    public var edits: [HeaderEdit]

    public init(statuses: [StatusRange], edits: [HeaderEdit]) {
        self.statuses = statuses
        self.edits = edits
    }
}

public struct HeaderEdit: Codable, Sendable, Equatable {
    public enum Action: String, Codable, Sendable, CaseIterable {
        case remove
        /// In every field of that name which came with the message, the first match of `regex` gives
        /// way to `value`; a field of which nothing is left goes.
        case replace
        /// Stands in the place of every field of that name.
        case set
        /// Stands beside what is there.
        case add
    }
    public var action: Action
    /// A token (RFC 9110 §5.1) as written; never one that frames or routes the message
    /// (Content-Length, Transfer-Encoding, Connection, Upgrade, Trailer, TE, Keep-Alive, Host).
    public var name: String
    /// Empty for `remove`. Only that of `replace` has groups in it, each one of `regex`.
    public var value: Template
    /// Of `replace`; nil for all others.
    public var regex: RegularExpression?

    /// Of which fields it is: those of look-alike names, with `_` for `-`, are the same to rules.
    public var fieldName: String {
        String(name.lowercased().map { $0 == "_" ? "-" : $0 })
    }

    public init(
        action: Action, name: String, value: Template, regex: RegularExpression? = nil
    ) {
        self.action = action
        self.name = name
        self.value = value
        self.regex = regex
    }
}
