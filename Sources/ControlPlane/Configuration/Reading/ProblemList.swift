// Collects what is wrong while a document is read, so that everybody hears of all of it at once.

/// Problems of one file of a document, in a list that its files share. Bounded, whatever the
/// document is.
final class ProblemList {
    /// What an answer shows at most.
    static let shownCount = 100
    /// What is kept before the list is sorted by place and cut.
    private static let keptCount = 500

    private struct Found {
        var fileIndex: Int
        var problem: ConfigurationProblem
    }
    private final class Shared {
        var errors: [Found] = []
        var warnings: [Found] = []
    }

    let file: String
    private let fileIndex: Int
    private let shared: Shared

    init(file: String) {
        self.file = file
        fileIndex = 0
        shared = Shared()
    }

    private init(file: String, fileIndex: Int, shared: Shared) {
        self.file = file
        self.fileIndex = fileIndex
        self.shared = shared
    }

    /// The list of another file of the same document; its problems come after those of the files
    /// with lower numbers.
    func list(of file: String, fileIndex: Int) -> ProblemList {
        ProblemList(file: file, fileIndex: fileIndex, shared: shared)
    }

    /// Further errors would not be shown: the reader may save itself looking for suggestions.
    var isFull: Bool { shared.errors.count >= Self.keptCount }
    var hasErrors: Bool { !shared.errors.isEmpty }

    /// At most a hundred, in reading order.
    var errors: [ConfigurationProblem] { shown(shared.errors) }
    var warnings: [ConfigurationProblem] { shown(shared.warnings) }

    func append(
        _ code: ConfigurationProblem.Code, severity: ConfigurationProblem.Severity = .error,
        position: TextPosition?, pointer: String, message: String, suggestion: String? = nil,
        owner: String? = nil
    ) {
        let found = Found(
            fileIndex: fileIndex,
            problem: ConfigurationProblem(
                code: code, severity: severity, file: file, position: position, pointer: pointer,
                message: message, suggestion: suggestion, owner: owner))
        switch severity {
        case .error where !isFull: shared.errors.append(found)
        case .warning where shared.warnings.count < Self.keptCount: shared.warnings.append(found)
        case .error, .warning: break
        }
    }

    private func shown(_ problems: [Found]) -> [ConfigurationProblem] {
        let start = TextPosition(line: 0, column: 0)
        let ordered = problems.enumerated().sorted {
            ($0.element.fileIndex, $0.element.problem.position ?? start, $0.offset)
                < ($1.element.fileIndex, $1.element.problem.position ?? start, $1.offset)
        }
        return ordered.prefix(Self.shownCount).map(\.element.problem)
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
