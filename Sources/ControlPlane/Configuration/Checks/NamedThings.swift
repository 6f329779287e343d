// Things that have names and others that name them: each name is somebody's, and each of them is of
// use.

import Model

extension ConfigurationReading {
    /// - Parameters:
    ///   - references: names, and where they stand.
    ///   - unknown, unused: what is said, of a name in quotes.
    func checkNames(
        _ things: [MappingReader.Entry], _ references: [(name: String, value: ValueReader)],
        unknown: (String) -> String,
        unused: (code: ConfigurationProblem.Code, text: (String) -> String)
    ) {
        let names = things.map(\.key)
        let known = Set(names)
        for reference in references where !problems.isFull && !known.contains(reference.name) {
            reference.value.report(
                .unknownReference, unknown(ConfigurationLanguage.quoted(reference.name)),
                suggestion: Suggestion.nearest(to: reference.name, in: names))
        }
        let used = Set(references.map(\.name))
        for thing in things where !used.contains(thing.key) {
            thing.value.report(
                unused.code, unused.text(ConfigurationLanguage.quoted(thing.key)),
                at: thing.keyPosition, severity: .warning)
        }
    }
}

extension ValueReader {
    /// A name that is nobody's.
    ///
    /// - Parameter kind: what would have it: `backend`.
    func reportUnknown(
        _ kind: String, _ name: String, among names: [String], at position: TextPosition? = nil
    ) {
        report(
            .unknownReference, "no \(kind) is named \(ConfigurationLanguage.quoted(name))",
            suggestion: Suggestion.nearest(to: name, in: names), at: position)
    }
}
