// Values in place of references, while a document is read: each reference is resolved once, a
// fault is reported once, and all values together are bounded.

/// A scalar with the values of its references in it.
struct ExpandedScalar {
    /// A piece of the text; what comes from a reference is never looked into again.
    struct Piece {
        var text: String
        /// As it stands in the document.
        var written: String
        var isValue: Bool
    }
    var text: String
    /// Unquoted, or made of a value: only such a scalar can be a number.
    var isPlain: Bool
    var hasReference = false
    var pieces: [Piece]

    init(_ scalar: YAMLScalar) {
        text = scalar.text
        isPlain = scalar.isPlain
        pieces = [Piece(text: scalar.text, written: scalar.text, isValue: false)]
    }
}

/// The references of one reading, over all of its files.
final class ReferenceExpansion {
    /// A reference that was used, for those who show the document.
    private(set) var uses: [ReferenceUse] = []

    private let resolver: ReferenceResolver
    private var values: [Reference: ReferenceResolver.Outcome] = [:]
    /// By place of the scalar, so that a field that is looked at twice complains once.
    private var expanded: [Place: ExpandedScalar?] = [:]
    private var files: [String: ReferenceResolver.Outcome] = [:]
    private var valueBytes = 0

    private struct Place: Hashable {
        var fileIndex: Int
        var position: TextPosition
    }

    init(_ resolver: ReferenceResolver) {
        self.resolver = resolver
    }

    /// What was resolved, and nothing else.
    var knownValues: ReferenceResolver {
        let (values, files) = (values, files)
        return ReferenceResolver(file: { path, _ in files[path] ?? .missing("not known") }) {
            values[$0] ?? .missing("not known")
        }
    }

    /// Over what was resolved, each with what it is the value of; empty if nothing was.
    var valuesSHA256: String {
        if values.isEmpty, files.isEmpty { return "" }
        var bytes: [UInt8] = []
        func add(_ part: some Collection<UInt8>) {
            // The length first: no two lists of parts are one row of bytes.
            bytes += "\(part.count):".utf8
            bytes += part
        }
        func add(_ name: String, _ outcome: ReferenceResolver.Outcome) {
            add(name.utf8)
            if case .value(let value) = outcome { add(value) } else { add([]) }
        }
        for (reference, outcome) in values.sorted(by: { $0.key.written < $1.key.written }) {
            add(reference.written, outcome)
        }
        for (path, outcome) in files.sorted(by: { $0.key < $1.key }) { add(path, outcome) }
        return ConfigurationText(bytes: bytes).sha256
    }

    /// Nil for what was reported, or is withheld.
    func expand(_ scalar: YAMLScalar, of value: ValueReader) -> ExpandedScalar? {
        guard scalar.text.utf8.contains(UInt8(ascii: "$")) else { return ExpandedScalar(scalar) }
        let place = Place(
            fileIndex: value.reading.fileIndex, position: value.node.position)
        if let known = expanded[place] { return known }
        let result = expandAnew(scalar, value)
        expanded[place] = result
        return result
    }

    private func expandAnew(_ scalar: YAMLScalar, _ value: ValueReader) -> ExpandedScalar? {
        let segments: [ReferenceSyntax.Segment]
        do throws(ReferenceSyntax.Malformed) {
            guard let found = try ReferenceSyntax.segments(scalar.text) else {
                return ExpandedScalar(scalar)
            }
            segments = found
        } catch {
            value.report(.invalidValue, error.message)
            return nil
        }
        var result = ExpandedScalar(scalar)
        result.pieces = []
        var isWhole = true
        for segment in segments {
            switch segment {
            case .text(let text):
                result.pieces.append(.init(text: text, written: text, isValue: false))
            case .escape:
                result.pieces.append(.init(text: "${", written: "$${", isValue: true))
            case .reference(let reference):
                result.hasReference = true
                guard let text = self.text(of: reference, value) else {
                    isWhole = false
                    continue
                }
                result.pieces.append(
                    .init(text: text, written: reference.written, isValue: true))
            }
        }
        if result.hasReference {
            result.isPlain = true
            uses.append(ReferenceUse(pointer: value.pointer, written: scalar.text))
        }
        result.text = result.pieces.map(\.text).joined()
        return isWhole ? result : nil
    }

    /// Messages name the reference and never quote what it stands for.
    private func text(of reference: Reference, _ value: ValueReader) -> String? {
        func refuse(_ code: ConfigurationProblem.Code, _ why: String) {
            value.report(code, "\(quoted(reference.written)): \(why)")
        }
        switch outcome(of: reference) {
        case .missing(let reason):
            refuse(.unresolvedReference, reason)
        case .withheld(let reason):
            value.report(
                .unresolvedReference, "\(quoted(reference.written)): \(reason)", severity: .warning)
        case .value(let bytes):
            guard bytes.count <= ReferenceResolver.valueBytesMax else {
                refuse(
                    .tooLarge, "its value has more than \(ReferenceResolver.valueBytesMax) bytes")
                return nil
            }
            valueBytes += bytes.count
            guard valueBytes <= DocumentLimit.textBytes else {
                refuse(
                    .tooLarge,
                    "all values together have more than \(DocumentLimit.textBytes) bytes")
                return nil
            }
            guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
                refuse(.invalidValue, "its value is not text in UTF-8")
                return nil
            }
            return text
        }
        return nil
    }

    /// The bytes of a file that the configuration names; nil for what was reported, or is withheld.
    func file(_ path: String, limit: Int, of value: ValueReader) -> [UInt8]? {
        let outcome = files[path] ?? resolver.file(path, limit)
        let isFirst = files.updateValue(outcome, forKey: path) == nil
        switch outcome {
        case .missing(let reason):
            value.report(.unreadableFile, "\(quoted(path)): \(reason)")
        case .withheld(let reason):
            value.report(
                .unresolvedReference, "\(quoted(path)): \(reason)", severity: .warning)
        case .value(let bytes):
            if isFirst { valueBytes += bytes.count }
            guard bytes.count <= limit, valueBytes <= DocumentLimit.textBytes else {
                value.report(
                    .tooLarge,
                    "\(quoted(path)) is too large: at most \(limit) bytes, and all files and values "
                        + "together at most \(DocumentLimit.textBytes)")
                return nil
            }
            return bytes
        }
        return nil
    }

    private func outcome(of reference: Reference) -> ReferenceResolver.Outcome {
        if let known = values[reference] { return known }
        var outcome = resolver.resolve(reference)
        if let fallback = reference.fallback {
            switch outcome {
            case .missing, .value([]): outcome = .value(Array(fallback.utf8))
            case .value, .withheld: break
            }
        }
        values[reference] = outcome
        return outcome
    }
}

/// A field whose value comes, whole or in part, from a reference.
public struct ReferenceUse: Sendable, Hashable {
    /// RFC 6901, from the root of the document.
    public var pointer: String
    /// The value as it is written, references and all: what is shown.
    public var written: String
}
