// One thing that is wrong with a configuration, in the form that the API answers and the command
// line prints. Runs wherever the language runs: in the master and in `apus config validate`.

/// A place in a text: line and column count from 1, a column is one Unicode code point.
public struct TextPosition: Sendable, Hashable, Comparable {
    /// 1 is the first line.
    public var line: Int
    /// 1 is the first code point of the line.
    public var column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// Reading order.
    public static func < (left: TextPosition, right: TextPosition) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// A problem with its place. An error keeps the configuration from being used, a warning does not.
public struct ConfigurationProblem: Error, Sendable, Hashable {
    /// Whether the configuration can be used all the same.
    public enum Severity: String, Sendable {
        case error, warning
    }

    /// Stable names: scripts and dashboards may rely on them.
    public enum Code: String, Sendable, CaseIterable {
        case unknownField = "unknown-field"
        case notSupportedYet = "not-supported-yet"
        case wrongType = "wrong-type"
        case wrongMode = "wrong-mode"
        case outOfRange = "out-of-range"
        case missingField = "missing-field"
        case conflictingFields = "conflicting-fields"
        case duplicateKey = "duplicate-key"
        case duplicateAddress = "duplicate-address"
        case unknownReference = "unknown-reference"
        /// A frontend without an address, to which nothing leads.
        case unreachableFrontend = "unreachable-frontend"
        /// Conditions that lead back to themselves.
        case referenceCycle = "reference-cycle"
        case unknownVariable = "unknown-variable"
        case invalidValue = "invalid-value"
        case yamlSyntax = "yaml-syntax"
        case yamlFeature = "yaml-feature"
        case notUTF8 = "not-utf8"
        case tooLarge = "too-large"
        case unreadableFile = "unreadable-file"
        /// A file that is included by its name is not there.
        case fileMissing = "file-missing"
        /// A field that has no place in an included file.
        case misplacedField = "misplaced-field"
        /// A reference without a value; a warning where values are not looked for.
        case unresolvedReference = "unresolved-reference"
        /// An address that no server should have.
        case protectedAddress = "protected-address"
        /// Addresses of which one cannot reach the other.
        case mixedFamilies = "mixed-families"
        /// A listener without TLS where more than this machine can reach it.
        case plaintextListener = "plaintext-listener"
        /// A certificate or a key that is none, or that do not belong together.
        case certificateInvalid = "certificate-invalid"
        /// A certificate that is over soon, is over, or has not begun.
        case certificateExpiring = "certificate-expiring"
        /// A file of tokens with a fault.
        case tokensInvalid = "tokens-invalid"
        /// A name service of the machine that is to run it does not answer.
        case lookupFailed = "lookup-failed"
        /// Warnings.
        case unreachableRoute = "unreachable-route"
        case noWeight = "no-weight"
        case unusedBackend = "unused-backend"
        case unusedCondition = "unused-condition"
        case unusedRateLimit = "unused-rate-limit"
        case unusedUserList = "unused-user-list"
        /// A password whose hash is easily tried out.
        case weakHash = "weak-hash"
        case noFrontend = "no-frontend"
        /// The master is root, and nobody else is named for workers.
        case workersAsRoot = "workers-as-root"
        /// A role of the admin API for whom workers run as.
        case roleOfWorkers = "role-of-workers"
        /// An `include` that matches no file.
        case noMatch = "no-match"
    }

    /// What kind of problem, for programs.
    public var code: Code
    /// Errors and warnings are never in one list.
    public var severity: Severity
    /// The source's name, as given.
    public var file: String
    /// Nil for a problem of the whole file.
    public var position: TextPosition?
    /// RFC 6901; empty is the whole document.
    public var pointer: String
    /// What is wrong and what is allowed, without a final stop.
    public var message: String
    /// The name that was probably meant.
    public var suggestion: String?
    /// `labels.owner` of the nearest enclosing object that has one.
    public var owner: String?

    public init(
        code: Code, severity: Severity = .error, file: String, position: TextPosition?,
        pointer: String, message: String, suggestion: String? = nil, owner: String? = nil
    ) {
        self.code = code
        self.severity = severity
        self.file = file
        self.position = position
        self.pointer = pointer
        self.message = message
        self.suggestion = suggestion
        self.owner = owner
    }
}

extension ConfigurationProblem: CustomStringConvertible {
    /// `file:line:column: error: text, did you mean "weight"? (/pointer)`, which editors parse.
    public var description: String {
        var text = file
        if let position { text += ":\(position.line):\(position.column)" }
        text += ": \(severity.rawValue): \(message)"
        if let suggestion { text += ", did you mean \(quoted(suggestion))?" }
        if !pointer.isEmpty { text += " (\(TerminalText.clean(pointer)))" }
        return text
    }
}

/// `text` in quotes, with control characters escaped and at most 80 characters of it: it comes
/// from a file that somebody else wrote and goes to a terminal.
func quoted(_ text: String) -> String {
    let shown = text.unicodeScalars.prefix(80)
    let more = shown.endIndex == text.unicodeScalars.endIndex ? "" : "…"
    return "\"\(TerminalText.clean(String(shown)))\(more)\""
}
