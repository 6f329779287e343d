// Collects what is wrong while a document is read, so that everybody hears of all of it at once.

/// Problems of one file, in the order of finding. Bounded, whatever the document is.
final class ProblemList {
    /// What an answer shows at most.
    static let shownCount = 100
    /// What is kept before the list is sorted by place and cut.
    private static let keptCount = 500

    private let file: String
    private var foundErrors: [ConfigurationProblem] = []
    private var foundWarnings: [ConfigurationProblem] = []

    init(file: String) {
        self.file = file
    }

    /// Further errors would not be shown: the reader may save itself looking for suggestions.
    var isFull: Bool { foundErrors.count >= Self.keptCount }
    var hasErrors: Bool { !foundErrors.isEmpty }

    /// At most a hundred, in reading order.
    var errors: [ConfigurationProblem] { shown(foundErrors) }
    var warnings: [ConfigurationProblem] { shown(foundWarnings) }

    func append(
        _ code: ConfigurationProblem.Code, severity: ConfigurationProblem.Severity = .error,
        position: TextPosition?, pointer: String, message: String, suggestion: String? = nil,
        owner: String? = nil
    ) {
        let problem = ConfigurationProblem(
            code: code, severity: severity, file: file, position: position, pointer: pointer,
            message: message, suggestion: suggestion, owner: owner)
        switch severity {
        case .error where foundErrors.count < Self.keptCount: foundErrors.append(problem)
        case .warning where foundWarnings.count < Self.keptCount: foundWarnings.append(problem)
        case .error, .warning: break
        }
    }

    private func shown(_ problems: [ConfigurationProblem]) -> [ConfigurationProblem] {
        let start = TextPosition(line: 0, column: 0)
        let ordered = problems.enumerated().sorted {
            ($0.element.position ?? start, $0.offset) < ($1.element.position ?? start, $1.offset)
        }
        return ordered.prefix(Self.shownCount).map(\.element)
    }
}

/// RFC 6901.
enum JSONPointer {
    /// One key as a part of a pointer.
    static func escaped(_ key: String) -> String {
        guard key.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") })
        else { return key }
        var result = ""
        for character in key.unicodeScalars {
            switch character {
            case "~": result += "~0"
            case "/": result += "~1"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
