// `${env:X}`, `${env:X:-default}`, `${file:PATH}`, `${cred:NAME}`: a value that is not written in
// the configuration but named there. Pure: what a name stands for says ReferenceResolver.

/// One reference as it is written.
public struct Reference: Sendable, Hashable {
    /// Where the value is.
    public enum Kind: String, Sendable, CaseIterable {
        /// A variable of the master's environment.
        case environment = "env"
        /// A file, by its absolute path.
        case file
        /// A file of the directory of credentials that the service manager made (systemd.exec(5)).
        case credential = "cred"
    }

    public var kind: Kind
    /// The variable, the path or the credential.
    public var name: String
    /// What stands in for a variable that is not set, or empty.
    public var fallback: String?
    /// The whole of it, `${env:X}`: what is shown in place of the value.
    public var written: String
}

/// A text, cut at its references.
enum ReferenceSyntax {
    enum Segment: Equatable {
        case text(String)
        /// `$${`, which is `${`.
        case escape
        case reference(Reference)
    }

    /// Why something that begins as a reference is none.
    struct Malformed: Error {
        var message: String
    }

    /// Nil for a text in which nothing begins as a reference: as a rule.
    ///
    /// `$${env:` is the text `${env:`, for those who need it. Any other `${` is itself.
    static func segments(_ text: String) throws(Malformed) -> [Segment]? {
        let bytes = text.utf8
        guard bytes.contains(UInt8(ascii: "$")) else { return nil }
        var segments: [Segment] = []
        var literal = ""
        var rest = text[...]
        var hasFound = false
        while let dollar = rest.utf8.firstIndex(of: UInt8(ascii: "$")) {
            literal += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix("$$"), opening(rest.dropFirst()) != nil {
                hasFound = true
                if !literal.isEmpty { segments.append(.text(literal)) }
                literal = ""
                segments.append(.escape)
                rest = rest.dropFirst(3)
                continue
            }
            guard let kind = opening(rest) else {
                literal += "$"
                rest = rest.dropFirst()
                continue
            }
            hasFound = true
            guard let close = rest.utf8.firstIndex(of: UInt8(ascii: "}")) else {
                throw Malformed(
                    message: "${\(kind.rawValue): is never closed; where it is meant as text, "
                        + "write $${\(kind.rawValue):")
            }
            let written = rest[...close]
            if !literal.isEmpty { segments.append(.text(literal)) }
            literal = ""
            segments.append(.reference(try reference(kind, written)))
            rest = rest[rest.utf8.index(after: close)...]
        }
        guard hasFound else { return nil }
        literal += rest
        if !literal.isEmpty || segments.isEmpty { segments.append(.text(literal)) }
        return segments
    }

    /// Whether a text has a reference in it, well-formed or not.
    static func hasReference(_ text: String) -> Bool {
        guard text.utf8.contains(UInt8(ascii: "$")) else { return false }
        do throws(Malformed) {
            return try segments(text)?.contains(where: \.isReference) ?? false
        } catch {
            return true
        }
    }

    /// Whether a text means something else than itself.
    static func isExpanded(_ text: String) -> Bool {
        do throws(Malformed) {
            return try segments(text) != nil
        } catch {
            return true
        }
    }

    private static func opening(_ text: Substring) -> Reference.Kind? {
        guard text.hasPrefix("${") else { return nil }
        return Reference.Kind.allCases.first { text.dropFirst(2).hasPrefix($0.rawValue + ":") }
    }

    private static func reference(
        _ kind: Reference.Kind, _ written: Substring
    ) throws(Malformed) -> Reference {
        let inner = written.dropFirst(kind.rawValue.count + 3).dropLast()
        var reference = Reference(
            kind: kind, name: String(inner), fallback: nil, written: String(written))
        switch kind {
        case .environment:
            if let mark = inner.firstRange(of: ":-") {
                reference.name = String(inner[..<mark.lowerBound])
                reference.fallback = String(inner[mark.upperBound...])
            }
            guard isVariableName(reference.name) else {
                throw Malformed(
                    message: "\(quoted(String(written))) names no variable: letters, digits and _ "
                        + "are allowed, as in ${env:NAME} or ${env:NAME:-default}")
            }
        case .file:
            guard reference.name.hasPrefix("/"), reference.name.utf8.count <= 4_095,
                !reference.name.utf8.contains(0)
            else {
                throw Malformed(
                    message: "\(quoted(String(written))) must name a file by its absolute path, "
                        + "as in ${file:/etc/apus/token}")
            }
        case .credential:
            guard (1...255).contains(reference.name.utf8.count), reference.name != ".",
                reference.name != "..",
                reference.name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
                )
            else {
                throw Malformed(
                    message: "\(quoted(String(written))) names no credential, which is a file name "
                        + "without /, as in ${cred:site.key}")
            }
        }
        return reference
    }

    /// POSIX.1-2024, XBD 8.1, and lower case, which shells take too.
    private static func isVariableName(_ name: String) -> Bool {
        guard let first = name.utf8.first, name.utf8.count <= 255,
            !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
        else { return false }
        return name.utf8.allSatisfy { Names.isLetterOrDigit($0) || $0 == UInt8(ascii: "_") }
    }
}

extension ReferenceSyntax.Segment {
    fileprivate var isReference: Bool {
        if case .reference = self { true } else { false }
    }
}
