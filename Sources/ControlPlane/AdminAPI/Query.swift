// The query of a request. Every parameter must be known to the route and come once, so that a
// misspelt filter does not silently answer everything. Pure value, any thread.

struct Query: Sendable {
    private let parameters: [(name: String, value: String)]

    init(_ text: String?, known: [String]) throws(Problem) {
        var parameters: [(name: String, value: String)] = []
        for part in (text ?? "").split(separator: "&") {
            let pieces = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = Self.decoded(pieces[0])
            guard known.contains(name) else { throw Self.unknown(name, known: known) }
            guard !parameters.contains(where: { $0.name == name }) else {
                throw Problem(.invalidParameter, "\(name) is given twice")
            }
            parameters.append((name, pieces.count > 1 ? Self.decoded(pieces[1]) : ""))
        }
        self.parameters = parameters
    }

    func text(_ name: String) -> String? {
        parameters.first { $0.name == name }?.value
    }

    /// One of the raw values of `Choice`.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, as: Choice.Type = Choice.self
    ) throws(Problem) -> Choice? where Choice.RawValue == String {
        guard let text = text(name) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let choices = Choice.allCases.map(\.rawValue)
        throw Problem(
            .invalidParameter, "\(name) is one of \(choices.joined(separator: ", "))",
            errors: [
                .init(
                    code: "invalid-value", message: "\(name) has an unknown value",
                    suggestion: NearestName.of(text.uppercased(), in: choices))
            ])
    }

    /// `true`, `false`, or the name alone for true.
    func flag(_ name: String) throws(Problem) -> Bool? {
        switch text(name) {
        case nil: return nil
        case "true", "": return true
        case "false": return false
        default: throw Problem(.invalidParameter, "\(name) is true or false")
        }
    }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
        guard let text = text(name) else { return nil }
        guard let number = Int(text), String(number) == text, range.contains(number) else {
            throw Problem(
                .invalidParameter,
                "\(name) is a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// With a unit, at most `longest`.
    func duration(_ name: String, atMost longest: Duration) throws(Problem) -> Duration? {
        guard let text = text(name) else { return nil }
        guard let duration = DurationText.parse(text), duration <= longest else {
            throw Problem(
                .invalidParameter,
                "\(name) is a duration with a unit, such as 30s or 500ms, at most "
                    + "\(longest.components.seconds)s")
        }
        return duration
    }

    private static func unknown(_ name: String, known: [String]) -> Problem {
        let allowed =
            known.isEmpty ? "this resource takes none" : "known: \(known.joined(separator: ", "))"
        return Problem(
            .unknownParameter, allowed,
            errors: [
                .init(
                    code: "unknown-parameter",
                    message: "unknown query parameter \(String(name.prefix(80)))",
                    suggestion: NearestName.of(name, in: known))
            ])
    }

    /// RFC 3986 §2.1; what is not a valid escape stays as it is.
    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"),
                let escape = UInt8(String(rest.prefix(2)) ?? "", radix: 16)
            {
                bytes.append(escape)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
